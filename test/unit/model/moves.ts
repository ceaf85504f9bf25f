import type { ContainerMigration } from '../../../src/api/types';
import { isFinal } from '../../../src/api/types';
import { current, store, tell, tellLatest } from './api-server';
import { controllerVisit } from './controller-actor';
import { NoAnswer } from './failures';
import { checkStep } from './invariants';
import { killDump, powerOff, powerOn, startDaemon, stopDaemon, wrapperStep } from './running';
import { sourceVisit } from './source-actor';
import { targetVisit } from './target-actor';
import type { Actor, ActorName, Fault, SimNode, World } from './world';

const ACTORS: readonly ActorName[] = ['controller', 'source', 'target', 'rival'];
const AGENTS = ['source', 'target'] as const;

function begin(world: World, actor: Actor): void {
  const { node, name } = actor;
  if (name === 'source' && node !== undefined) actor.visit = sourceVisit(world, actor, node);
  else if (name === 'target' && node !== undefined) actor.visit = targetVisit(world, actor, node);
  else actor.visit = controllerVisit(world, actor);
}

/** One atomic step of an actor, the first of a new visit when none is under way. False when the visit is over. */
export function step(world: World, actor: Actor): boolean {
  if (actor.node?.powered === false) return false;
  if (actor.visit === undefined) begin(world, actor);
  let over = true;
  try {
    over = actor.visit?.next().done === true;
  } catch (error) {
    // The API server was away, or somebody was faster: the next visit looks again.
    if (!(error instanceof NoAnswer)) throw error;
    world.trace?.push(`  ${actor.name}: ${error.message}`);
  }
  if (over) actor.visit = undefined;
  checkStep(world);
  return !over;
}

/** A whole visit. Bounded: an agent that waits for a wrapper goes on with it. */
export function visit(world: World, actor: Actor): void {
  for (let steps = 0; steps < 100 && step(world, actor); steps += 1);
}

/** A visit of somebody who has heard everything, and for whom there is something to do. */
function progress(world: World, from: number): void {
  for (let turn = 0; turn < 3; turn += 1) {
    const actor = pick(world, (from + turn) % 3);
    tellLatest(world, actor);
    const before = world.api.version;
    visit(world, actor);
    if (world.api.version !== before) return;
  }
  world.nowMs += 1000;
}

const pick = (world: World, index: number): Actor => world.actors[ACTORS[index % ACTORS.length] ?? 'controller'];
const node = (world: World, index: number): SimNode => world.nodes[AGENTS[index % 2] ?? 'source'];

function change(world: World, edit: (now: ContainerMigration) => ContainerMigration): void {
  const now = current(world);
  if (now !== undefined && world.api.up) store(world, edit(now));
}

type Move = readonly [weight: number, name: string, act: (world: World, parameter: number) => void];

const FAULTS: readonly Fault['kind'][] = ['passing', 'lasting', 'answerLost', 'passing'];

/** All that can happen. The first are what a counterexample shrinks to. */
const MOVES: readonly Move[] = [
  [40, 'somebody goes on', progress],
  [
    12,
    'an informed visit',
    (world, p) => {
      const actor = pick(world, p);
      tellLatest(world, actor);
      visit(world, actor);
    },
  ],
  [
    10,
    'a visit on an old cache',
    (world, p) => {
      visit(world, pick(world, p));
    },
  ],
  [
    36,
    'one step',
    (world, p) => {
      const actor = pick(world, p);
      if (actor.visit === undefined && p % 3 > 0) tellLatest(world, actor);
      for (let steps = 0; steps <= (p >> 3) % 4; steps += 1) if (!step(world, actor)) return;
    },
  ],
  [
    4,
    'an event, late or twice',
    (world, p) => {
      tell(world, pick(world, p), (p >> 2) % world.api.history.length);
    },
  ],
  [
    12,
    'an actor is killed',
    (world, p) => {
      const actor = pick(world, p);
      actor.visit = undefined;
      tellLatest(world, actor);
    },
  ],
  [
    14,
    'an operation will fail',
    (world, p) => {
      const actor = world.actors[AGENTS[p % 2] ?? 'source'];
      actor.fault = { kind: FAULTS[(p >> 1) % 4] ?? 'passing', after: (p >> 3) % 8 };
    },
  ],
  [
    4,
    'the answer to a controller’s write will be lost',
    (world) => {
      world.actors.controller.fault = { kind: 'answerLost', after: 0 };
    },
  ],
  [
    3,
    'the API server goes, or comes',
    (world) => {
      world.api.up = !world.api.up;
    },
  ],
  [
    4,
    'a node is cut off, or no more',
    (world, p) => {
      const cut = node(world, p);
      cut.partitioned = !cut.partitioned;
    },
  ],
  [
    5,
    'a Lease seems other than it is',
    (world, p) => {
      node(world, p).leaseSeems = [undefined, false, true][(p >> 1) % 3];
    },
  ],
  [
    5,
    'Docker stops, or starts',
    (world, p) => {
      const where = node(world, p);
      if (!where.powered) return;
      if (where.daemonUp) stopDaemon(world, where);
      else startDaemon(world, where);
    },
  ],
  [
    6,
    'Docker restarts',
    (world, p) => {
      const where = node(world, p);
      if (!where.powered) return;
      if (where.daemonUp) stopDaemon(world, where);
      startDaemon(world, where);
    },
  ],
  [
    4,
    'the volume goes, or comes',
    (world) => {
      world.volume.up = !world.volume.up;
    },
  ],
  [
    2,
    'the volume is full, or no more',
    (world) => {
      world.volume.full = !world.volume.full;
    },
  ],
  [
    5,
    'a node loses its power',
    (world, p) => {
      const lost = node(world, p);
      if (lost.powered) powerOff(world, lost);
    },
  ],
  [
    5,
    'a node that is off is put out of service',
    (world, p) => {
      const lost = node(world, p);
      if (lost.powered) return;
      lost.tainted = true;
      lost.wasFenced = true;
    },
  ],
  [
    5,
    'a node comes back',
    (world, p) => {
      const back = node(world, p);
      if (!back.powered) powerOn(world, back);
    },
  ],
  [
    5,
    'a node that is back is put into service again',
    (world, p) => {
      const back = node(world, p);
      if (back.powered) back.tainted = false;
    },
  ],
  [
    4,
    'a node restarts',
    (world, p) => {
      const where = node(world, p);
      if (!where.powered) return;
      powerOff(world, where);
      powerOn(world, where);
    },
  ],
  [
    10,
    'the wrapper goes on by itself',
    (world, p) => {
      wrapperStep(world, node(world, p));
    },
  ],
  [
    4,
    'an orphaned dump ends',
    (world, p) => {
      const source = world.nodes.source;
      if (source.dumping === undefined || !source.powered) return;
      if (p % 2 === 0) {
        killDump(world, source);
        return;
      }
      const directory = world.volume.directories.get(world.truth.uid);
      source.dumping = undefined;
      if (directory !== undefined) directory.images = 'complete';
    },
  ],
  [
    12,
    'time passes',
    (world, p) => {
      world.nowMs += [1000, 5000, 31_000, 61_000][p % 4] ?? 1000;
    },
  ],
  [
    3,
    'it is cancelled',
    (world) => {
      change(world, (now) => ({
        ...now,
        spec: { ...now.spec, cancel: true },
        metadata: { ...now.metadata, generation: now.metadata.generation + 1 },
      }));
    },
  ],
  [
    3,
    'it is deleted',
    (world) => {
      const deletionTimestamp = new Date(world.nowMs).toISOString();
      change(world, (now) => ({ ...now, metadata: { ...now.metadata, deletionTimestamp } }));
    },
  ],
  [
    2,
    'its spec is changed',
    (world) => {
      change(world, (now) => ({
        ...now,
        spec: { ...now.spec, activeDeadlineSeconds: now.spec.activeDeadlineSeconds + 1 },
        metadata: { ...now.metadata, generation: now.metadata.generation + 1 },
      }));
    },
  ],
  [
    4,
    'a backup is made, or comes back as a copy',
    (world) => {
      const now = current(world);
      if (now?.status.decision !== undefined) world.backup = now;
      else if (now === undefined && world.backup !== undefined) restoreBackup(world, world.backup);
    },
  ],
];

/** As a backup tool does, perhaps in another cluster: another UID, nothing that holds it, all else as it was. */
function restoreBackup(world: World, backup: ContainerMigration): void {
  const metadata = { ...backup.metadata, uid: `copy-of-${backup.metadata.uid}` };
  delete metadata.deletionTimestamp;
  store(world, { ...backup, metadata });
}

const TABLE: readonly Move[] = MOVES.flatMap((move) => Array.from({ length: move[0] }, () => move));

/** How many different numbers name a move with its parameter. */
export const MOVE_NUMBERS = TABLE.length * 64;

/** Makes the move that the number names. */
export function make(world: World, number: number): void {
  const move = TABLE[number % TABLE.length];
  if (move === undefined) return;
  const parameter = Math.floor(number / TABLE.length);
  world.trace?.push(`- ${move[1]} (${parameter})`);
  move[2](world, parameter);
  checkStep(world);
}

/** The first visits of a migration, all well: so that what happens at random happens everywhere on the way. */
export function goAhead(world: World, visits: number): void {
  for (let done = 0; done < visits; done += 1) progress(world, 0);
}

/** True once nobody will do anything any more. */
export const hasEnded = (world: World): boolean => {
  const now = current(world);
  return now === undefined || isFinal(now);
};
