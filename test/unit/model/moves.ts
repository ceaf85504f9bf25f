import { arriveLate, tell, tellLatest } from './api-server';
import type { Act } from './happenings';
import { docker, endDump, FAULTS, informedVisit, oneStep, power, user } from './happenings';
import { checkStep } from './invariants';
import { losePages, wrapperStep } from './running';
import { AGENTS, nodeOf, pick, progress, visit } from './turns';
import type { World } from './world';

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
export type Trouble = (typeof TROUBLES)[number];

interface Move {
  readonly weight: number;
  readonly name: string;
  /** Undefined: part of every run. */
  readonly of?: Trouble;
  readonly act: Act;
}

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
      const cut = nodeOf(world, p);
      cut.partitioned = !cut.partitioned;
    },
  },
  {
    weight: 6,
    name: 'a Lease seems other than it is',
    of: 'silence',
    act: (world, p) => {
      nodeOf(world, p).leaseSeems = [undefined, false, true][(p >> 1) % 3];
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
      wrapperStep(world, nodeOf(world, p));
    },
  },
  { weight: 4, name: 'a dump without its agent ends', of: 'wrapper', act: endDump },
  {
    weight: 2,
    name: 'a page server dies',
    of: 'wrapper',
    act: (world) => {
      if (world.nodes.target.powered) losePages(world, world.nodes.target);
    },
  },
];

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
