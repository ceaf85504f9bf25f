import type { Check, ContainerMigration, Needs, SourceStatus, TargetStatus } from '../../api/types';
import { readPortsInUse } from '../../docker/needs';
import { formatDuration } from '../../protocol/duration';
import { hostAddressChecks } from '../networks/source-checks';
import { findings } from '../node-checks';
import type { AgentDeps } from '../ports';
import { cpuChecks } from './cpu';
import { downtimeChecks, predictDowntimeMs } from './estimate';
import type { NodeFacts } from './facts';
import { portChecks } from './port-checks';
import { versionsOf } from './survey-source';
import { clockChecks, deviceChecks, memoryChecks } from './target-checks';
import { nodeVersionChecks, pairVersionChecks } from './versions';

/** What a survey adds to the preflight of the target. */
export interface TargetSurvey {
  readonly checks: readonly Check[];
  readonly status: Partial<Pick<TargetStatus, 'node' | 'estimate'>>;
}

/**
 * Compares the node with what the source reported: whether it has what the container needs, and how long the container
 * will be down. Changes nothing.
 *
 * @param known what the preflight found before; what it names is not named again
 */
export async function surveyTarget(
  { spec, status: { source } }: ContainerMigration,
  known: readonly Check[],
  deps: AgentDeps,
): Promise<TargetSurvey> {
  const { node, engine } = deps;
  let status: TargetSurvey['status'] = {};
  const found = await findings(async () => {
    const usable = !known.some(({ reason }) => reason.startsWith('Volume'));
    const facts = await node.survey({ volume: usable });
    const versions = { ...versionsOf(facts), docker: (await engine.info()).version };
    const downtimeMs =
      source?.estimate === undefined || facts.volume === undefined
        ? undefined
        : predictDowntimeMs(source.estimate, facts.volume);
    status = {
      node: { ...versions, machine: facts.machine },
      ...(downtimeMs === undefined || facts.volume === undefined
        ? {}
        : {
            estimate: {
              readBytesPerSecond: facts.volume.readBytesPerSecond,
              downtime: formatDuration(downtimeMs),
            },
          }),
    };
    return [
      ...nodeVersionChecks({ ...versions, nodeName: node.name }),
      ...betweenNodes(source, { ...versions, nodeName: node.name }, facts),
      ...(await needsChecks(source, spec.network?.addresses ?? [], facts, deps)),
      ...(usable && source?.clock !== undefined
        ? clockChecks({ ...source, clock: source.clock }, { name: node.name, clock: await node.measureClock() })
        : []),
      ...(downtimeMs === undefined ? [] : downtimeChecks(downtimeMs, spec.maxDowntime)),
    ];
  });
  return { status, checks: found.filter(({ reason }) => !known.some((other) => other.reason === reason)) };
}

/** Nothing without a report of the source: an agent of another version wrote none. */
function betweenNodes(
  source: SourceStatus | undefined,
  target: Parameters<typeof pairVersionChecks>[1],
  facts: NodeFacts,
): Check[] {
  if (source?.node === undefined) return [];
  const { nodeName, node } = source;
  const { machine, cpuFeatures = [] } = node;
  return [
    ...cpuChecks({ nodeName, machine, cpuFeatures }, { ...facts, name: target.nodeName }),
    ...pairVersionChecks({ ...node, nodeName }, target),
  ];
}

async function needsChecks(
  source: SourceStatus | undefined,
  moved: readonly string[],
  facts: NodeFacts,
  { node, engine }: AgentDeps,
): Promise<Check[]> {
  const needs: Needs = source?.needs ?? {};
  const missing: string[] = [];
  for (const device of needs.devices ?? []) if (!(await node.pathExists(device))) missing.push(device);
  const ports = (needs.ports ?? []).map((port) => ({ address: '', ...port }));
  const containers = ports.length === 0 ? [] : await containersWithPorts(engine);
  return [
    ...deviceChecks(node.name, missing),
    ...memoryChecks(node.name, needs, source?.estimate, facts.memory),
    ...hostAddressChecks(node.name, needs.addresses ?? [], [...facts.addresses, ...moved]),
    ...portChecks(ports, { name: node.name, listeners: facts.listeners, containers }),
  ];
}

/** Docker may forward ports without a program that listens (`userland-proxy: false`), so it is asked as well. */
async function containersWithPorts(
  engine: AgentDeps['engine'],
): Promise<Parameters<typeof portChecks>[1]['containers']> {
  const found = [];
  for (const { id } of await engine.list()) {
    const info = await engine.inspect(id);
    if (info !== undefined) found.push({ name: info.name, ports: readPortsInUse(info.raw) });
  }
  return found;
}
