import type { ContainerMigration } from '../../api/types';
import { isCopy, isFinal } from '../../api/types';
import { isRestored } from '../claim';

/** Where migrations wait for their turn: before anything is begun, and before the container is frozen. */
export type Gate = 'Admission' | 'Freeze';

/** How many migrations may be past each gate at the same time on one node, whichever part it takes in them. */
export type Limits = Readonly<Record<Gate, number>>;

/** Why a migration has to wait for its turn. */
export interface Place {
  readonly gate: Gate;
  /** How many wait before it and have a node in common with it, rounded down: it is written when it changes. */
  readonly ahead: number;
  /** Those of the migration: one of them at least is taken, by others that are past the gate or come before it. */
  readonly nodes: readonly [string, string];
  readonly limit: number;
}

/** Who is next: by UID, the key of each that may go on now, and the place of each that may not. */
export interface Line {
  readonly goes: ReadonlyMap<string, string>;
  readonly waits: ReadonlyMap<string, Place>;
}

/**
 * For so long others may pass a migration one of whose nodes is taken on the other one, as their nodes are free; then a
 * place is kept for it there: among many that pass, both of its nodes need never be free at the same moment.
 */
export const PASSED_FOR_MS = 60_000;

/** Nobody knows when these end: they must not keep the others from their turn. */
const STUCK = ['TargetUnreachable', 'SourceUnreachable', 'RestoreOverdue', 'RollBackOverdue'];

/** The gate that a migration stands before; undefined when none is before it, or it only looks. */
export function gateBefore(migration: ContainerMigration): Gate | undefined {
  const { spec, status } = migration;
  if (spec.mode === 'Preflight' || isFinal(migration) || isCopy(migration)) return undefined;
  if (status.decision === undefined) return 'Admission';
  const isPrepared = status.source?.state === 'Prepared' && status.target?.state === 'Prepared';
  return status.decision.step === 'Prepare' && status.decision.revoked === undefined && isPrepared
    ? 'Freeze'
    : undefined;
}

/**
 * Whether a migration takes one of the places of its nodes: behind Admission from the first step to its end, behind Freeze
 * while its container stands still.
 */
export function holdsPlace(migration: ContainerMigration, gate: Gate): boolean {
  const { spec, status } = migration;
  const { decision, source, target } = status;
  if (decision === undefined || spec.mode === 'Preflight' || isFinal(migration) || isCopy(migration)) return false;
  if (STUCK.includes(status.reason ?? '')) return false;
  if (gate === 'Admission') return true;
  return decision.step === 'Freeze' && !isRestored(target) && source?.state !== 'RolledBack';
}

/** What a line depends on besides the objects. */
export interface Now {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** UIDs that were let through already, whether or not their objects tell of it by now. */
  readonly granted: { has(uid: string): boolean };
  /** One that wants to know its place, whether or not it stands in line. */
  readonly asking?: string;
}

interface Waiting {
  readonly migration: ContainerMigration;
  readonly key: string;
  readonly nodes: readonly [string, string];
  readonly priority: number;
  readonly createdMs: number;
}

/**
 * Who may pass a gate now. Pure: it follows from the objects alone, so that any controller decides the same.
 *
 * The order is by `spec.priority`; then the namespaces take turns at each node, beginning with the one that had its last
 * turn there longest ago, so that one that asks for a hundred does not keep another waiting; within a namespace it is by
 * age. In this order each goes when both of its nodes have a place left, so that nobody waits for a node that is not his.
 */
export function lineUp(gate: Gate, migrations: Iterable<ContainerMigration>, limits: Limits, now: Now): Line {
  const limit = limits[gate];
  const taken = new Counts();
  const served = new Map<string, number>();
  const waiting: Waiting[] = [];
  for (const migration of migrations) {
    const { metadata, spec } = migration;
    const nodes = [spec.source.nodeName, spec.target.nodeName] as const;
    const passedMs = now.granted.has(metadata.uid) ? now.nowMs : passedAtMs(migration, gate);
    for (const name of turnsOf(migration)) served.set(name, Math.max(served.get(name) ?? 0, passedMs));
    if (now.granted.has(metadata.uid) || holdsPlace(migration, gate)) {
      for (const node of nodes) taken.add(node);
    } else if (gateBefore(migration) === gate && (standsInLine(migration) || metadata.uid === now.asking)) {
      const key = `${metadata.namespace}/${metadata.name}`;
      const createdMs = Date.parse(metadata.creationTimestamp);
      waiting.push({ migration, key, nodes, priority: spec.priority ?? 0, createdMs });
    }
  }
  const goes = new Map<string, string>();
  const waits = new Map<string, Place>();
  const before = new Crowd();
  const keeping = new Set<string>();
  for (const { migration, key, nodes } of inOrder(waiting, served)) {
    const { uid } = migration.metadata;
    const busy = nodes.filter((node) => taken.of(node) >= limit);
    if (busy.length === 0) {
      goes.set(uid, key);
      for (const node of nodes) taken.add(node);
      continue;
    }
    waits.set(uid, { gate, ahead: roughly(before.sharing(nodes)), nodes, limit });
    before.add(nodes);
    if (waitedMs(migration, gate, now.nowMs) < PASSED_FOR_MS) continue;
    // One place of a node at most: it must not stand idle for a long line that waits for another node.
    for (const node of nodes) {
      if (busy.includes(node) || keeping.has(node)) continue;
      keeping.add(node);
      taken.add(node);
    }
  }
  return { goes, waits };
}

/** Whether it could go on if it were its turn, as far as its object tells. */
export function standsInLine({ metadata, spec, status }: ContainerMigration): boolean {
  return metadata.deletionTimestamp === undefined && !spec.cancel && status.reason !== 'NodeWithoutAgent';
}

function waitedMs({ status: { queue } }: ContainerMigration, gate: Gate, nowMs: number): number {
  return queue?.gate === gate && queue.until === undefined ? nowMs - Date.parse(queue.since) : 0;
}

/** When it was let through, in ms since the epoch; 0 when it was not. */
function passedAtMs({ status }: ContainerMigration, gate: Gate): number {
  const phase = gate === 'Admission' ? 'Preflight' : 'Freezing';
  const passed = status.phaseTransitions?.find((transition) => transition.phase === phase);
  return passed === undefined ? 0 : Date.parse(passed.at);
}

/** Whose turn it is at each of its nodes: its namespace's. */
function turnsOf({ metadata, spec }: ContainerMigration): readonly [string, string] {
  return [`${metadata.namespace}/${spec.source.nodeName}`, `${metadata.namespace}/${spec.target.nodeName}`];
}

function inOrder(waiting: readonly Waiting[], served: ReadonlyMap<string, number>): Waiting[] {
  const byAge = waiting.toSorted(
    (a, b) => b.priority - a.priority || a.createdMs - b.createdMs || (a.key < b.key ? -1 : 1),
  );
  const turns = new Map<string, number>();
  const ranked = byAge.map((one, age) => {
    const names = turnsOf(one.migration);
    // After all that its namespace has asked for earlier at either node, so that those do not change places.
    const turn = Math.max(...names.map((name) => turns.get(name) ?? 0));
    for (const name of names) turns.set(name, turn + 1);
    // The node at which its namespace has been waiting longest: where it is always busy, the other would never count.
    const servedMs = Math.min(...names.map((name) => served.get(name) ?? 0));
    return { one, age, turn, servedMs };
  });
  return ranked
    .toSorted((a, b) => b.one.priority - a.one.priority || a.turn - b.turn || a.servedMs - b.servedMs || a.age - b.age)
    .map(({ one }) => one);
}

const STEPS = [1000, 100, 10, 3, 2, 1, 0];

/** Of a long line only steps are told, so that it costs few writes. */
export function roughly(ahead: number): number {
  return STEPS.find((step) => step <= ahead) ?? 0;
}

class Counts {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string): void {
    this.#counts.set(name, this.of(name) + 1);
  }
}

/** How many migrations have a node in common with one. */
class Crowd {
  readonly #atNode = new Counts();
  readonly #between = new Counts();

  add(nodes: readonly [string, string]): void {
    for (const node of nodes) this.#atNode.add(node);
    this.#between.add(pairOf(nodes));
  }

  sharing(nodes: readonly [string, string]): number {
    return this.#atNode.of(nodes[0]) + this.#atNode.of(nodes[1]) - this.#between.of(pairOf(nodes));
  }
}

const pairOf = (nodes: readonly [string, string]): string => nodes.toSorted().join('/');

const WHAT = {
  Admission: { turn: 'its turn to begin', what: 'migrations', setting: 'controller.maxMigrationsPerNode' },
  Freeze: { turn: 'its turn to be frozen', what: 'frozen containers', setting: 'controller.maxFrozenPerNode' },
} as const;

/**
 * What a migration waits for that has to wait for its turn. Which of its nodes is the busy one is not said: that changes
 * often, and would be a write each time.
 */
export function turnOf({ gate, ahead, nodes, limit }: Place): string {
  const { turn, what, setting } = WHAT[gate];
  const others = ahead === 1 ? '1 other waits' : `${ahead > 2 ? 'at least ' : ''}${ahead} others wait`;
  return (
    `${turn}: ${nodes.join(' or ')} has as many ${what} as may be at once (${setting}: ${limit}), and ` +
    (ahead === 0 ? 'it is the next' : `${others} before it`)
  );
}
