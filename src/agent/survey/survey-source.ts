import type { Check, Needs, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import type { ContainerNeeds, HostPort } from '../../docker/needs';
import { readNeeds } from '../../docker/needs';
import { seeNetworks } from '../networks/see-networks';
import { findings } from '../node-checks';
import type { ContainerLogs } from '../../store/log-files';
import type { AgentDeps } from '../ports';
import { containerChecks } from './container-checks';
import { instructionSets } from './cpu';
import { estimateCheckpoint, roomChecks } from './estimate';
import type { NodeFacts } from './facts';
import { nodeVersionChecks } from './versions';

/** What a survey adds to the preflight of a node. */
export interface SourceSurvey {
  readonly checks: readonly Check[];
  readonly status: Partial<Pick<SourceStatus, 'node' | 'needs' | 'estimate' | 'clock'>>;
}

/**
 * Looks at the node and at the processes of the container: what stands against freezing it there, what the target must
 * have, and how large the checkpoint will be. Changes nothing.
 *
 * @param known what the preflight found before; what it names is not named again
 * @param logs the log that is carried, if one is
 */
export async function surveySource(
  container: ContainerInfo,
  known: readonly Check[],
  deps: AgentDeps,
  logs?: ContainerLogs,
): Promise<SourceSurvey> {
  const { node, engine } = deps;
  let status: SourceSurvey['status'] = {};
  const found = await findings(async () => {
    const usable = !known.some(({ reason }) => reason.startsWith('Volume'));
    const running = container.state === 'running' && container.pid > 0;
    const facts = await node.survey({
      volume: usable,
      ...(running ? { container: { pid: container.pid, upperDir: container.upperDir } } : {}),
    });
    const needs = readNeeds(container.raw);
    const versions = { ...versionsOf(facts), docker: (await engine.info()).version };
    const estimate = estimateOf(facts, logs === undefined ? 0 : await node.logSizeBytes(logs));
    const networks = await seeNetworks(container, facts.container?.bound ?? [], deps);
    status = {
      node: { ...versions, machine: facts.machine, cpuFeatures: instructionSets(facts.machine, facts.cpuFlags) },
      needs: {
        ...publicNeeds({ ...needs, ports: networks.ports ?? needs.ports }),
        ...networks.needs,
        ...connectionNeeds(container, facts),
      },
      ...(estimate === undefined ? {} : { estimate }),
      ...(usable ? { clock: await node.measureClock() } : {}),
    };
    return [
      ...containerChecks(container.name, needs, facts),
      ...networks.checks,
      ...nodeVersionChecks({ ...versions, nodeName: node.name }),
      ...(estimate === undefined || facts.volume === undefined ? [] : roomChecks(estimate, facts.volume)),
    ];
  });
  return { status, checks: found.filter(({ reason }) => !known.some((other) => other.reason === reason)) };
}

function estimateOf({ container, volume }: NodeFacts, logBytes: number): SourceStatus['estimate'] {
  return container === undefined || volume === undefined ? undefined : estimateCheckpoint(container, volume, logBytes);
}

/** In the host's network nothing has to be set up before a socket can be connected. */
function connectionNeeds({ networkMode }: ContainerInfo, { container }: NodeFacts): Pick<Needs, 'connectedUDP'> {
  const connectedUDP = container?.connectedUdp ?? 0;
  return networkMode === 'host' || connectedUDP === 0 ? {} : { connectedUDP };
}

/** The versions of a node as the status tells them: what is not known is left out. */
export function versionsOf({ kernel, criu, runc }: Pick<NodeFacts, 'kernel' | 'criu' | 'runc'>): {
  kernel: string;
  criu?: string;
  runc?: string;
} {
  return { kernel, ...(criu === undefined ? {} : { criu }), ...(runc === undefined ? {} : { runc }) };
}

/** Without an empty text: API server 1.20 makes null of one in a list, and refuses the write. */
function publicPort({ protocol, address, port }: HostPort): NonNullable<Needs['ports']>[number] {
  return { protocol, port, ...(address === '' ? {} : { address }) };
}

/** What the target has to look for; nothing where the container asks for nothing. */
function publicNeeds({ ports, devices, memoryLimitBytes }: ContainerNeeds): Needs {
  return {
    ...(ports.length === 0 ? {} : { ports: ports.map(publicPort) }),
    ...(devices.length === 0 ? {} : { devices: [...devices] }),
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
  };
}
