import type { ContainerMigration, SourceStatus } from '../../../src/api/types';
import type { Desk } from './desk';
import { asFailure } from './desk';
import { NOT_RUNNING, StepFailure } from './failures';
import { digestOf } from './node-effects';

type Work<T> = Generator<undefined, T, undefined>;

/** Pauses, dumps, publishes; continues where an earlier life stopped. @returns what to report */
export function* freeze(desk: Desk, migration: ContainerMigration): Work<Partial<SourceStatus>> {
  const { node, docker, driver, volume, world } = desk;
  const { defect } = world.behaviour;
  const { uid } = migration.metadata;
  const original = docker.original();
  if (original === undefined) throw NOT_RUNNING;
  const dumped = node.journal?.stage === 'dumped' && original.state !== 'running';
  if (!dumped || defect === 'dumpAlwaysRedone') {
    const directory = volume.open(uid);
    yield;
    if (original.state === 'running') {
      if (defect !== 'policyLeftOnInFreeze') docker.setPolicy(original, 'no');
      yield;
      node.journal = { uid, stage: 'frozen' };
      yield;
      docker.pause(original);
      yield;
    }
    driver.beginDump(original, directory);
    if (defect === 'manifestBeforeFiles') directory.manifest = digestOf(directory);
    yield;
    driver.endDump(directory);
    yield;
    node.journal = { uid, stage: 'dumped' };
    yield;
  }
  yield* publish(desk, uid);
  const digest = volume.read(uid)?.manifest ?? '';
  return { state: 'Published', checkpoint: checkpointOf(digest) };
}

/** Saves the changed files, and writes the manifest last. */
export function* publish({ volume }: Desk, uid: string): Work<undefined> {
  volume.open(uid).saved = true;
  yield;
  const directory = volume.open(uid);
  directory.manifest = digestOf(directory);
  yield;
  return undefined;
}

/** A dump that failed is worthless: the container runs on until it is tried again. A good one keeps it frozen (I4). */
export function* wakeAfterFailure(desk: Desk, { metadata, status }: ContainerMigration): Work<undefined> {
  const { node, docker, driver, world } = desk;
  if (node.journal?.uid !== metadata.uid || node.journal.stage !== 'frozen') return undefined;
  try {
    const original = docker.original();
    yield;
    driver.abandonDump();
    if (original !== undefined) {
      docker.unpause(original);
      yield;
      if (world.behaviour.defect !== 'policyForgotten') {
        docker.setPolicy(original, status.source?.restartPolicy?.name === 'always' ? 'always' : 'no');
      }
      yield;
    }
    node.journal = { uid: metadata.uid, stage: 'reserved' };
  } catch (error) {
    // The next try continues with the container as it is.
    if (!(error instanceof StepFailure)) throw asFailure(error);
  }
  return undefined;
}

export function checkpointOf(digest: string): NonNullable<SourceStatus['checkpoint']> {
  return { path: 'checkpoints/m', sizeBytes: 1, size: '1B', files: 1, digest, driver: 'runc' };
}
