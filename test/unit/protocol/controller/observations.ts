import type { ContainerMigration, Phase, Status } from '../../../../src/api/types';
import type { Gate, Place } from '../../../../src/protocol/controller/line';
import type { ControllerObservation, NodeView, PhaseDeadlines } from '../../../../src/protocol/controller/step';
import { checkpoint, decision, migration, revoked, source, STARTED_AT, target } from '../../../lib/migration';

export const START_MS = Date.parse(STARTED_AT);

/** The time after so many seconds of the migration. */
export const at = (seconds: number): string => new Date(START_MS + seconds * 1000).toISOString();
export const atMs = (seconds: number): number => START_MS + seconds * 1000;

/** All different, so that a deadline that is taken for another shows. */
export const deadlines: PhaseDeadlines = {
  admitMs: 60_000,
  preflightMs: 120_000,
  prepareMs: 240_000,
  freezeMs: 180_000,
  restoreMs: 300_000,
  rollBackMs: 150_000,
};

export const WELL: NodeView = { exists: true, agentAlive: true, outOfService: false };
/** Its agent does not report: it may be dead, cut off, or only be updated. */
export const SILENT: NodeView = { ...WELL, agentAlive: false };
/** It is dead, and a person vouches for that. */
export const FENCED: NodeView = { ...SILENT, outOfService: true };
export const NO_NODE: NodeView = { exists: false, agentAlive: false, outOfService: false };

interface Sight {
  readonly seconds?: number;
  readonly source?: NodeView;
  readonly target?: NodeView;
}

/** What the controller observes after so many seconds (1) of the migration; nodes are well unless said otherwise. */
export function seen({ seconds = 1, source: from = WELL, target: to = WELL }: Sight = {}): ControllerObservation {
  return { nowMs: atMs(seconds), source: from, target: to, deadlines };
}

/** The same, and the gate is not open to it. */
export function queued(
  gate: Gate,
  { seconds = 1, ahead = 0 }: { seconds?: number; ahead?: number } = {},
): ControllerObservation {
  return { ...seen({ seconds }), place: placeAt(gate, ahead) };
}

export const placeAt = (gate: Gate, ahead = 0): Place => ({ gate, ahead, nodes: ['node-a', 'node-b'], limit: 2 });

/** Phase transitions, each phase with the second in which it began. */
export function phases(...began: [Phase, number][]): { phaseTransitions: { phase: Phase; at: string }[] } {
  return { phaseTransitions: began.map(([phase, seconds]) => ({ phase, at: at(seconds) })) };
}

type More = Parameters<typeof migration>[1];
const object =
  (status: Status) =>
  (more: More = {}, over: Status = {}): ContainerMigration =>
    migration({ ...status, ...over }, more);

const begun = phases(['Preflight', 0]);
const prepared = phases(['Preflight', 0], ['Preparing', 10]);
const frozen = phases(['Preflight', 0], ['Preparing', 10], ['Freezing', 20]);
const claimed = phases(['Preflight', 0], ['Preparing', 10], ['Freezing', 20], ['Restoring', 30]);

/** A migration at every point that matters, each a function of what differs from the ordinary. */
export const moments = {
  /** Nobody has seen it yet. */
  created: object({}),
  preflight: object({ phase: 'Preflight', decision: decision('Preflight'), ...begun }),
  preparing: object({
    phase: 'Preparing',
    decision: decision('Prepare'),
    source: source('Preflighted'),
    target: target('Preflighted'),
    ...prepared,
  }),
  prepared: object({
    phase: 'Preparing',
    decision: decision('Prepare'),
    source: source('Prepared'),
    target: target('Prepared'),
    ...prepared,
  }),
  freezing: object({
    phase: 'Freezing',
    decision: decision('Freeze'),
    source: source('Prepared'),
    target: target('Prepared'),
    ...frozen,
  }),
  published: object({
    phase: 'Freezing',
    decision: decision('Freeze'),
    source: source('Published', { checkpoint }),
    target: target('Prepared'),
    ...frozen,
  }),
  claimed: object({
    phase: 'Restoring',
    decision: decision('Freeze'),
    source: source('Published', { checkpoint }),
    target: target('Claimed'),
    ...claimed,
  }),
  restored: object({
    phase: 'Restoring',
    decision: decision('Freeze'),
    source: source('Published', { checkpoint }),
    target: target('Restored'),
    ...claimed,
  }),
  settled: object({
    phase: 'Restoring',
    decision: decision('Freeze'),
    source: source('Published', { checkpoint }),
    target: target('Settled'),
    ...claimed,
  }),
  released: object({
    phase: 'Restoring',
    decision: decision('Freeze'),
    source: source('Released', { checkpoint }),
    target: target('Settled'),
    ...claimed,
  }),
  /** Revoked before the claim; the source has not answered yet. */
  revoked: object({
    phase: 'RollingBack',
    decision: decision('Freeze', { revoked }),
    source: source('Published', { checkpoint }),
    target: target('Prepared'),
    phaseTransitions: [...frozen.phaseTransitions, { phase: 'RollingBack', at: at(40) }],
  }),
  rolledBack: object({
    phase: 'RollingBack',
    decision: decision('Freeze', { revoked }),
    source: source('RolledBack', { checkpoint }),
    target: target('Withdrawn'),
    phaseTransitions: [...frozen.phaseTransitions, { phase: 'RollingBack', at: at(40) }],
  }),
};

export const DELETED = { metadata: { deletionTimestamp: STARTED_AT } };
export const CANCELLED = { spec: { cancel: true } };
/** An API server without CEL lets anybody change anything. */
export const CHANGED = { spec: { retainCheckpoint: 'Always' } } as const;
