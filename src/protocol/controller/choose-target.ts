import type { MigrationNodeStatus } from '../../api/migration-node';
import type { MigrationRequest, RequestedSpec } from '../../api/types';
import { hasTarget, isFinal } from '../../api/types';
import { allowedDrivers } from '../driver-choice';

/** What is known of a node that a container could move to. */
export interface Candidate {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it is marked unschedulable, as `kubectl cordon` does. */
  readonly isCordoned: boolean;
  /** Taints that keep new work away, whatever their value. */
  readonly taints: readonly string[];
  /** Whether the node's agent renewed its Lease lately. */
  readonly agentAlive: boolean;
  /** What its agent says that the node can do; absent when it has not said it yet. */
  readonly report?: MigrationNodeStatus;
}

/** How much goes to a node. */
export interface TargetLoad {
  /** Migrations to it that have not ended, those that wait for their turn included. */
  readonly underWay: number;
  /** When the last one to it was created, in ms since the epoch: 0 for none that is still known. */
  readonly lastMs: number;
}

/** All that a target is picked from: every node, and the load of those that have any. */
export interface TargetPool {
  readonly nodes: readonly Candidate[];
  readonly loads: ReadonlyMap<string, TargetLoad>;
}

/** The node that was picked, and why it and no other; or why there is none. */
export type TargetChoice = { readonly nodeName: string; readonly because: string } | { readonly noneFits: string };

const NO_LOAD: TargetLoad = { underWay: 0, lastMs: 0 };

/** Picks the node for a migration that names none. Pure, and the same whatever the order of the nodes. */
export function chooseTarget(spec: RequestedSpec, { nodes, loads }: TargetPool): TargetChoice {
  const source = nodes.find(({ name }) => name === spec.source.nodeName)?.report;
  if (source === undefined) {
    return { noneFits: `the agent of ${spec.source.nodeName} has not said yet what its node can do` };
  }
  const others = nodes
    .filter(({ name }) => name !== spec.source.nodeName)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((node) => ({ name: node.name, unfit: whyUnfit(spec, node, source), ...(loads.get(node.name) ?? NO_LOAD) }));
  const fit = others.filter(({ unfit }) => unfit === undefined);
  // Sorting keeps the order by name among equals.
  const [first, second] = fit.toSorted((a, b) => a.underWay - b.underWay || a.lastMs - b.lastMs);
  if (first === undefined) return { noneFits: whyNone(others) };
  return { nodeName: first.name, because: whyPicked(first, second, fit.length) };
}

function whyPicked(first: TargetLoad, second: TargetLoad | undefined, count: number): string {
  if (second === undefined) return 'the only node that fits';
  const of = `of ${count} nodes that fit`;
  if (first.underWay < second.underWay) return `fewest migrations under way ${of}`;
  return first.lastMs < second.lastMs ? `longest without a migration to it ${of}` : `the first by name ${of}`;
}

/** What keeps a node from being picked, as the end of a sentence about it; undefined when nothing does. */
export function whyUnfit(spec: RequestedSpec, node: Candidate, source: MigrationNodeStatus): string | undefined {
  const { report } = node;
  const wrong = Object.entries(spec.target.nodeSelector ?? {}).find(([key, value]) => node.labels[key] !== value);
  if (wrong !== undefined) return `no label ${wrong.join('=')} (spec.target.nodeSelector)`;
  if (report === undefined || !node.agentAlive) return 'no agent reports from there';
  if (node.isCordoned) return 'cordoned (`kubectl uncordon` it)';
  const [taint] = node.taints;
  if (taint !== undefined) return `tainted ${taint}`;
  const ready = report.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') return `not ready: ${ready?.message ?? 'its agent has not looked yet'}`;
  return whyOther(source, report) ?? whyNoDriver(spec, source, report);
}

/** What a program that began on the source may miss there. */
function whyOther(source: MigrationNodeStatus, target: MigrationNodeStatus): string | undefined {
  if (source.machine !== target.machine) return `another architecture (${target.machine ?? 'unknown'})`;
  const has = new Set(target.cpuFeatures);
  const missing = (source.cpuFeatures ?? []).filter((feature) => !has.has(feature));
  return missing.length === 0 ? undefined : `its processor lacks ${missing.join(', ')}`;
}

function whyNoDriver(
  spec: RequestedSpec,
  source: MigrationNodeStatus,
  target: MigrationNodeStatus,
): string | undefined {
  const can = (node: MigrationNodeStatus, role: 'Source' | 'Target', name: string): boolean =>
    node.drivers?.some((driver) => driver.name === name && driver.roles.includes(role)) === true;
  const isCommon = allowedDrivers(spec).some((name) => can(source, 'Source', name) && can(target, 'Target', name));
  return isCommon ? undefined : `no driver in common with the source (spec.driver is ${spec.driver})`;
}

/** Of a large cluster only so many reasons are told, and so many nodes for each. */
const MAX_TOLD = 5;

/** For each reason the nodes that it keeps out: on a large cluster most are kept out by the same. */
function whyNone(others: readonly { readonly name: string; readonly unfit: string | undefined }[]): string {
  const names = new Map<string, string[]>();
  for (const { name, unfit = '' } of others) names.set(unfit, [...(names.get(unfit) ?? []), name]);
  if (names.size === 0) return 'there is no other node';
  const told = [...names].map(([unfit, of]) => `${shortened(of, ', ')}: ${unfit}`);
  return shortened(told, '; ');
}

function shortened(words: readonly string[], separator: string): string {
  const more = words.length - MAX_TOLD;
  return `${words.slice(0, MAX_TOLD).join(separator)}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * How much goes to each node, but for one migration that asks.
 * @param picked by UID, what was picked for those whose objects may not tell yet
 */
export function loadsOf(
  migrations: Iterable<MigrationRequest>,
  picked: ReadonlyMap<string, string>,
  asking: string,
): Map<string, TargetLoad> {
  const loads = new Map<string, TargetLoad>();
  for (const migration of migrations) {
    const { uid, creationTimestamp } = migration.metadata;
    const node = hasTarget(migration) ? migration.spec.target.nodeName : picked.get(uid);
    if (node === undefined || uid === asking) continue;
    const { underWay, lastMs } = loads.get(node) ?? NO_LOAD;
    loads.set(node, {
      underWay: underWay + (isFinal(migration) ? 0 : 1),
      lastMs: Math.max(lastMs, Date.parse(creationTimestamp)),
    });
  }
  return loads;
}
