import type { Checkpoint, ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';
import { formatBytes } from '../../runtime/format-bytes';
import type { Manifest } from '../../store/manifest-format';
import { checkpointOf } from '../checkpoint-key';
import type { AgentDeps, PublishedCheckpoint } from '../ports';
import { originalOf } from './original';

/**
 * The downtime begins here: pause, dump, publish; the container stays paused, so that it can be woken up again in
 * milliseconds. Continues where an earlier life of the agent stopped: a published checkpoint is never dumped again (I4).
 */
export async function freezeSource(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const container = await originalOf(status, deps.engine);
  const earlier = await deps.store.readManifest(checkpointOf(migration));
  if (earlier !== undefined) await requireOurs(migration, container, earlier.manifest, deps);
  const published = earlier?.published ?? (await dumpAndPublish(migration, container, deps));
  const { freezeStartedAt, frozenAt, dumpedAt, publishedAt } = (await deps.journal.read(container.id)) ?? {};
  return {
    ...status,
    state: 'Published',
    checkpoint: describeCheckpoint(published, deps),
    ...(freezeStartedAt === undefined ? {} : { freezeStartedAt }),
    ...(frozenAt === undefined ? {} : { frozenAt }),
    ...(dumpedAt === undefined ? {} : { dumpedAt }),
    ...(publishedAt === undefined ? {} : { publishedAt }),
  };
}

/** A checkpoint of an earlier life is only good while the container has stood still since, and when it is that life's. */
async function requireOurs(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifest: Manifest,
  { journal }: AgentDeps,
): Promise<void> {
  const entry = await journal.read(container.id);
  const ours =
    entry?.migrationUID === migration.metadata.uid &&
    entry.dumpedAt !== undefined &&
    manifest.migrationUID === migration.metadata.uid &&
    manifest.containerID === container.id;
  if (!ours)
    throw new ReasonedError('CheckpointCorrupt', 'a manifest lies on the volume that this agent did not write');
  if (container.state !== 'paused') {
    throw new ReasonedError(
      'NotFrozen',
      `container ${container.name} ran on after its dump, which is therefore worthless`,
    );
  }
}

async function dumpAndPublish(
  migration: ContainerMigration,
  container: ContainerInfo,
  deps: AgentDeps,
): Promise<PublishedCheckpoint> {
  const { engine, driver, store, journal } = deps;
  const { uid } = migration.metadata;
  const checkpoint = checkpointOf(migration);
  const directories = await store.prepareDirectories(checkpoint);
  const now = (): string => new Date(deps.clock.now()).toISOString();
  // A policy such as `always` would start a second copy the moment the original is killed (moby restarts it).
  await engine.setRestartPolicy(container.id, { name: 'no', maximumRetryCount: 0 });

  const before = await journal.read(container.id);
  if (container.state === 'running') {
    // Noted before the pause: an agent that dies in between still knows that the pause is its own.
    await journal.note(container.id, uid, { freezeStartedAt: now() });
  } else if (container.state !== 'paused' || before?.freezeStartedAt === undefined) {
    throw new ReasonedError(
      'ContainerNotRunning',
      `container ${container.name} is ${container.state} instead of running`,
    );
  }
  await engine.pause(container.id);
  const pausedEarlier = container.state === 'paused' ? before?.frozenAt : undefined;
  await journal.note(container.id, uid, { frozenAt: pausedEarlier ?? now() });
  await driver.dump(container, directories, { timeoutMs: deps.deadlines.dumpMs });
  await journal.note(container.id, uid, { dumpedAt: now() });
  if (container.upperDir !== undefined) await store.saveWritableLayer(checkpoint, container.upperDir);
  const published = await store.publishManifest(checkpoint, { driver: driver.name, containerID: container.id });
  await journal.note(container.id, uid, { publishedAt: now() });
  return published;
}

function describeCheckpoint(published: PublishedCheckpoint, { driver }: AgentDeps): Checkpoint {
  return { ...published, size: formatBytes(published.sizeBytes), driver: driver.name };
}
