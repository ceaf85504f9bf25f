import { tellLatest } from './api-server';
import { controllerVisit } from './controller-actor';
import { NoAnswer } from './failures';
import { checkStep } from './invariants';
import { sourceVisit } from './source-actor';
import { targetVisit } from './target-actor';
import type { Actor, ActorName, SimNode, World } from './world';

const ACTORS: readonly ActorName[] = ['controller', 'source', 'target', 'rival'];
export const AGENTS = ['source', 'target'] as const;

function begin(world: World, actor: Actor): void {
  const { node, name } = actor;
  actor.begun = world.api.history.length;
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
export function progress(world: World, from: number): void {
  for (let turn = 0; turn < 3; turn += 1) {
    const actor = pick(world, (from + turn) % 3);
    tellLatest(world, actor);
    const before = world.api.version;
    visit(world, actor);
    if (world.api.version !== before) return;
  }
  world.nowMs += 1000;
}

export const pick = (world: World, index: number): Actor => world.actors[ACTORS[index % ACTORS.length] ?? 'controller'];
export const nodeOf = (world: World, index: number): SimNode => world.nodes[AGENTS[index % 2] ?? 'source'];

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
