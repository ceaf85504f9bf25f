import type { Behaviour } from './behaviour';
import { arriveLate, current, tellLatest } from './api-server';
import { Violation } from './failures';
import { checkRest } from './invariants';
import { takeOutOfService } from './happenings';
import { make } from './moves';
import { powerOff, powerOn, startDaemon, wrapperStep } from './running';
import { goAhead, visit } from './turns';
import type { Role, Setting, World } from './world';
import { createWorld } from './world';

/** One run of the model: a world, how far it goes undisturbed, what happens then, and how it is mended. */
export interface Script {
  readonly setting: Setting;
  /** Steps before anything goes wrong. */
  readonly ahead: number;
  readonly moves: readonly number[];
  /** Which kinds of trouble there are, one bit each. */
  readonly troubles: number;
  /** 0: everything is mended; 1, 2: source or target is lost for good, and a person says so, but not at once. */
  readonly lost: number;
}

const ROUNDS = 100;

/** Plays a script to its end. @throws Violation */
export function play(script: Script, behaviour: Behaviour, branches?: Set<string>): void {
  const world = createWorld(script.setting, behaviour, { branches });
  playIn(world, script);
}

/** The same, and tells what happened: for the one counterexample that is left. */
export function tellStory(script: Script, behaviour: Behaviour): string {
  const trace: string[] = [];
  const world = createWorld(script.setting, behaviour, { trace });
  try {
    playIn(world, script);
  } catch (error) {
    return [...trace, String(error)].join('\n');
  }
  return [...trace, 'no violation'].join('\n');
}

function playIn(world: World, { ahead, moves, troubles, lost }: Script): void {
  goAhead(world, ahead);
  for (const move of moves) make(world, move, troubles);
  world.trace?.push('- everything is mended');
  mend(world);
  const gone = lost === 1 ? 'source' : lost === 2 ? 'target' : undefined;
  if (gone === undefined) settle(world);
  else settleWithout(world, gone);
}

function mend(world: World): void {
  world.api.up = true;
  world.volume.up = true;
  world.volume.full = false;
  for (const node of [world.nodes.source, world.nodes.target]) {
    node.partitioned = false;
    node.leaseSeems = undefined;
    if (!node.powered) powerOn(world, node);
    else if (!node.daemonUp) startDaemon(world, node);
    node.tainted = false;
  }
  for (const actor of Object.values(world.actors)) actor.fault = undefined;
  while (world.onTheWay.length > 0) arriveLate(world);
}

/** Everybody takes turns until nothing happens any more. */
function settle(world: World): void {
  let quiet = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = world.api.version;
    goRound(world);
    quiet = world.api.version === before ? quiet + 1 : 0;
    // Longer than any back-off and any wait of the controller.
    if (quiet >= 4) {
      checkRest(world);
      return;
    }
  }
  throw new Violation(`liveness: no rest after ${ROUNDS} rounds, ${current(world)?.status.message ?? ''}`);
}

function goRound(world: World): void {
  for (const actor of Object.values(world.actors)) {
    if (actor.visit === undefined) tellLatest(world, actor);
    visit(world, actor);
  }
  while (wrapperStep(world, world.nodes.target) || wrapperStep(world, world.nodes.source));
  world.nowMs += 15_000;
}

/** The node does not come back. Nothing overrules that but the person who says that it is off. */
function settleWithout(world: World, role: Role): void {
  const node = world.nodes[role];
  powerOff(world, node);
  for (let round = 0; round < 12; round += 1) goRound(world);
  const now = current(world);
  const { phase, reason } = now?.status ?? {};
  const waits = phase === 'Restoring' || phase === 'RollingBack';
  if (waits && reason !== `${role === 'source' ? 'Source' : 'Target'}Unreachable`) {
    throw new Violation(`I8: ${phase} waits for a node that is gone, and says ${reason ?? 'nothing'}`);
  }
  takeOutOfService(node);
  settle(world);
}
