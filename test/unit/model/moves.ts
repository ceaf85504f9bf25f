import type { ContainerMigration } from '../../../src/api/types';
import { arriveLate, current, store, tell, tellLatest } from './api-server';
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

type Act = (world: World, parameter: number) => void;

/** A kind of trouble; each run has some of them only, and so more of each (swarm testing). */
export const TROUBLES = [
  'lateness',
  'death',
  'failure',
  'silence',
  'docker',
  'volume',
  'power',
  'user',
  'time',
  'wrapper',
] as const;
type Trouble = (typeof TROUBLES)[number];

interface Move {
  readonly weight: number;
  readonly name: string;
  /** Undefined: part of every run. */
  readonly of?: Trouble;
  readonly act: Act;
}

const oneStep: Act = (world, p) => {
  const actor = pick(world, p);
  if (actor.visit === undefined && (p >> 2) % 4 > 0) tellLatest(world, actor);
  for (let steps = 0; steps <= (p >> 4) % 4; steps += 1) if (!step(world, actor)) return;
};

const informedVisit: Act = (world, p) => {
  const actor = pick(world, p);
  if (actor.visit === undefined) tellLatest(world, actor);
  visit(world, actor);
};

const FAULTS: readonly Fault['kind'][] = ['passing', 'lasting', 'answerLost', 'stuck'];

/** On, off, off and out of service, back and out of service still: one after the other, but not all of them always. */
const power: Act = (world, p) => {
  const where = node(world, p);
  const hurry = (p >> 1) % 2 === 0;
  if (!where.powered) {
    if (!where.tainted && (p >> 2) % 3 > 0) takeOutOfService(where);
    else {
      powerOn(world, where);
      if (hurry) where.tainted = false;
    }
  } else if (where.tainted) where.tainted = false;
  else {
    powerOff(world, where);
    if (hurry) powerOn(world, where);
  }
};

/** What a person does who made sure that the node is off. */
export function takeOutOfService(node: SimNode): void {
  node.tainted = true;
  node.wasFenced = true;
}

const docker: Act = (world, p) => {
  const where = node(world, p);
  if (!where.powered) return;
  const restart = where.daemonUp && (p >> 1) % 2 === 0;
  if (where.daemonUp) stopDaemon(world, where);
  else startDaemon(world, where);
  if (restart) startDaemon(world, where);
};

/** A CRIU without its agent ends well, or is killed. */
function endDump(world: World, p: number): void {
  const { source } = world.nodes;
  if (source.dumping === undefined || !source.powered) return;
  if (p % 2 === 0) {
    killDump(world, source);
    return;
  }
  const directory = world.volume.directories.get(world.truth.uid);
  source.dumping = undefined;
  if (directory !== undefined) directory.images = 'complete';
}

function editSpec(world: World, edit: (spec: ContainerMigration['spec']) => ContainerMigration['spec']): void {
  change(world, (now) => ({
    ...now,
    spec: edit(now.spec),
    metadata: { ...now.metadata, generation: now.metadata.generation + 1 },
  }));
}

/** The owner, or a tool that thinks that it knows better. */
const user: Act = (world, p) => {
  switch (p % 4) {
    case 0:
      editSpec(world, (spec) => ({ ...spec, cancel: true }));
      return;
    case 1: {
      const deletionTimestamp = new Date(world.nowMs).toISOString();
      change(world, (now) => ({ ...now, metadata: { ...now.metadata, deletionTimestamp } }));
      return;
    }
    case 2:
      editSpec(world, (spec) => ({ ...spec, activeDeadlineSeconds: spec.activeDeadlineSeconds + 1 }));
      return;
    case 3: {
      const now = current(world);
      if (now?.status.decision !== undefined) world.backup = now;
      else if (now === undefined && world.backup !== undefined) restoreBackup(world, world.backup);
    }
  }
};

/** All that can happen. The first are what a counterexample shrinks to. */
const MOVES: readonly Move[] = [
  { weight: 20, name: 'somebody goes on', act: progress },
  { weight: 22, name: 'an informed visit', act: informedVisit },
  { weight: 50, name: 'some steps', act: oneStep },
  {
    weight: 6,
    name: 'a visit on an old cache',
    of: 'lateness',
    act: (world, p) => {
      visit(world, pick(world, p));
    },
  },
  {
    weight: 6,
    name: 'an event, late or twice',
    of: 'lateness',
    act: (world, p) => {
      tell(world, pick(world, p), (p >> 2) % world.api.history.length);
    },
  },
  {
    weight: 12,
    name: 'an actor is killed',
    of: 'death',
    act: (world, p) => {
      const actor = pick(world, p);
      actor.visit = undefined;
      tellLatest(world, actor);
    },
  },
  {
    weight: 14,
    name: 'an operation will fail',
    of: 'failure',
    act: (world, p) => {
      const actor = world.actors[AGENTS[p % 2] ?? 'source'];
      actor.fault = { kind: FAULTS[(p >> 1) % 4] ?? 'passing', after: (p >> 3) % 8 };
    },
  },
  {
    weight: 4,
    name: 'a request will arrive late, or its answer never',
    of: 'failure',
    act: (world, p) => {
      pick(world, p).fault = { kind: (p >> 2) % 2 === 0 ? 'late' : 'answerLost', after: (p >> 3) % 3 };
    },
  },
  { weight: 6, name: 'a late request arrives', of: 'failure', act: arriveLate },
  {
    weight: 4,
    name: 'the API server goes, or comes',
    of: 'silence',
    act: (world) => {
      world.api.up = !world.api.up;
    },
  },
  {
    weight: 4,
    name: 'a node is cut off, or no more',
    of: 'silence',
    act: (world, p) => {
      const cut = node(world, p);
      cut.partitioned = !cut.partitioned;
    },
  },
  {
    weight: 6,
    name: 'a Lease seems other than it is',
    of: 'silence',
    act: (world, p) => {
      node(world, p).leaseSeems = [undefined, false, true][(p >> 1) % 3];
    },
  },
  { weight: 10, name: 'Docker stops, starts or restarts', of: 'docker', act: docker },
  {
    weight: 6,
    name: 'the volume goes, or comes',
    of: 'volume',
    act: (world) => {
      world.volume.up = !world.volume.up;
    },
  },
  {
    weight: 3,
    name: 'the volume is full, or no more',
    of: 'volume',
    act: (world) => {
      world.volume.full = !world.volume.full;
    },
  },
  { weight: 16, name: 'a node loses its power, is fenced, or comes back', of: 'power', act: power },
  {
    weight: 12,
    name: 'time passes',
    of: 'time',
    act: (world, p) => {
      world.nowMs += [1000, 5000, 31_000, 61_000][p % 4] ?? 1000;
    },
  },
  { weight: 9, name: 'its owner does something', of: 'user', act: user },
  {
    weight: 10,
    name: 'the wrapper goes on by itself',
    of: 'wrapper',
    act: (world, p) => {
      wrapperStep(world, node(world, p));
    },
  },
  { weight: 4, name: 'a dump without its agent ends', of: 'wrapper', act: endDump },
];

/** As a backup tool does, perhaps in another cluster: another UID, nothing that holds it, all else as it was. */
function restoreBackup(world: World, backup: ContainerMigration): void {
  const metadata = { ...backup.metadata, uid: `copy-of-${backup.metadata.uid}` };
  delete metadata.deletionTimestamp;
  store(world, { ...backup, metadata });
}

const spread = (moves: readonly Move[]): readonly Move[] =>
  moves.flatMap((move) => Array.from({ length: move.weight }, () => move));

const PROGRESS = spread(MOVES.filter((move) => move.of === undefined));

/** By the kinds of trouble there are. */
const TABLES = new Map<number, readonly Move[]>();

function tableOf(troubles: number): readonly Move[] {
  const known = TABLES.get(troubles);
  if (known !== undefined) return known;
  const of = (move: Move): boolean => move.of !== undefined && (troubles & (1 << TROUBLES.indexOf(move.of))) !== 0;
  const table = spread(MOVES.filter(of));
  TABLES.set(troubles, table);
  return table;
}

/** How many different numbers name a move. */
export const MOVE_NUMBERS = 2 ** 20;

/**
 * Makes the move that the number names: three of five are progress, the others trouble.
 * @param troubles which kinds of trouble there are in this run, one bit each
 */
export function make(world: World, number: number, troubles: number): void {
  const troubled = tableOf(troubles);
  const table = number % 5 < 3 || troubled.length === 0 ? PROGRESS : troubled;
  const rest = Math.floor(number / 5);
  const move = table[rest % table.length];
  if (move === undefined) return;
  const parameter = Math.floor(rest / table.length);
  world.trace?.push(`- ${move.name} (${parameter})`);
  move.act(world, parameter);
  checkStep(world);
}

/** The first steps of a migration, all well: so that what happens at random happens everywhere on the way. */
export function goAhead(world: World, steps: number): void {
  let left = steps;
  for (let turn = 0; left > 0; turn += 1) {
    const actor = pick(world, turn % 3);
    if (actor.visit === undefined) tellLatest(world, actor);
    while (left > 0 && step(world, actor)) left -= 1;
    left -= 1;
  }
}
