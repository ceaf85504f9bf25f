import type { ActorError, ContainerMigration, Retry } from '../../../src/api/types';
import { fresh } from './api-server';
import { StepFailure, Violation } from './failures';
import { Docker, Driver, Volume } from './node-effects';
import type { Actor, SimDirectory, SimNode, World } from './world';

/** What one visit of an agent works with. */
export interface Desk {
  readonly world: World;
  readonly actor: Actor;
  readonly node: SimNode;
  readonly docker: Docker;
  readonly driver: Driver;
  readonly volume: Volume;
}

export function deskOf(world: World, actor: Actor, node: SimNode): Desk {
  return {
    world,
    actor,
    node,
    docker: new Docker(world, actor, node),
    driver: new Driver(world, actor, node),
    volume: new Volume(world, actor),
  };
}

/** The actor's own clock, ms since the epoch. */
export const clockOf = (world: World, actor: Actor): number => world.nowMs + actor.skewMs;

export const isoOf = (ms: number): string => new Date(ms).toISOString();

/** What an agent says of a step that failed and is tried again. */
export function retryAfter(
  desk: Desk,
  before: { readonly retry?: Retry } | undefined,
  failure: StepFailure,
): { error: ActorError; retry: Retry } {
  const failures = (before?.retry?.failures ?? 0) + 1;
  const notBefore = isoOf(clockOf(desk.world, desk.actor) + Math.min(1000 * 2 ** failures, 30_000));
  return { error: errorOf(failure), retry: { failures, notBefore } };
}

export const errorOf = ({ reason, message }: StepFailure): ActorError => ({ reason, message });

/** The failure when it is one of the step; anything else is not for the agent to handle. */
export function asFailure(error: unknown): StepFailure {
  if (error instanceof StepFailure) return error;
  throw error;
}

/** I6: whoever does anything does it for the object that was admitted. */
export function requireAdmitted(world: World, { metadata }: ContainerMigration, what: string): void {
  if (metadata.uid !== world.truth.uid) throw new Violation(`I6: ${what} for a copy of the object`);
}

export function noteBranch(world: World, actor: string, because: string): void {
  world.truth.branches?.add(`${actor}.${because}`);
  if (world.trace !== undefined && world.trace.at(-1) !== `${actor}: ${because}`)
    world.trace.push(`${actor}: ${because}`);
}

/** Whether a checkpoint is one that may be read: complete, and vouched for by its manifest (I3). */
export function isPublished(directory: SimDirectory | undefined): directory is SimDirectory & { manifest: string } {
  return directory?.manifest !== undefined;
}

/** When the checkpoint stays on the volume after a rollback or a success. */
export function isKept(
  { spec, metadata }: ContainerMigration,
  how: 'succeeded' | 'rolledBack',
  directory: SimDirectory | undefined,
): boolean {
  if (!isPublished(directory)) return false;
  if (spec.retainCheckpoint === 'Always') return true;
  return spec.retainCheckpoint === 'OnFailure' && how === 'rolledBack' && metadata.deletionTimestamp === undefined;
}

/** Whether somebody vouches that nothing runs on this node: then nothing may be started on it. */
export function isFenced({ world, actor, node }: Desk): boolean {
  fresh(world, actor);
  return node.tainted && world.behaviour.defect !== 'taintIgnored';
}
