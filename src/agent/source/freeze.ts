import type { Checkpoint, ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';
import { formatBytes } from '../../runtime/format-bytes';
import { ensureDirectory } from '../../store/files';
import type { CheckpointPaths } from '../../store/layout';
import type { PublishedManifest } from '../../store/manifest';
import type { Manifest } from '../../store/manifest-format';
import { publishManifest, readManifest } from '../../store/manifest';
import { isLayerEmpty, saveLayer } from '../../store/writable-layer';
import type { Journal } from '../journal';
import type { AgentDeps } from '../ports';
import { directoriesOf, pathsOf } from '../paths';
import { onVolume, VOLUME_TIMEOUT_MS } from '../volume-deadline';
import { originalOf } from './original';

/**
 * The downtime begins here: pause, dump, publish; the container stays paused, so that it can be woken up again in
 * milliseconds. Continues where an earlier life of the agent stopped: a published checkpoint is never dumped again (I4).
 */
export async function freezeSource(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
  journal: Journal,
): Promise<SourceStatus> {
  const container = await originalOf(status, deps.engine);
  const paths = pathsOf(migration, deps.volume);
  // The dump and the saving of the changed files have each their own deadline; what is left are accesses to the volume.
  const ms = 2 * deps.deadlines.dumpMs + VOLUME_TIMEOUT_MS;
  const published = await onVolume(deps.clock, ms, async (signal) => {
    const earlier = await readManifest(paths.directory);
    if (earlier === undefined) return dumpAndPublish(migration, container, paths, deps, journal, signal);
    await requireOurs(migration, container, earlier.manifest, journal);
    return earlier.published;
  });
  const { freezeStartedAt, frozenAt, dumpedAt, publishedAt } = (await journal.read(container.id)) ?? {};
  return {
    ...status,
    state: 'Published',
    checkpoint: describeCheckpoint(paths, published, deps),
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
  journal: Journal,
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
  paths: CheckpointPaths,
  deps: AgentDeps,
  journal: Journal,
  signal: AbortSignal,
): Promise<PublishedManifest> {
  const { engine, driver } = deps;
  const { uid } = migration.metadata;
  // Refuses symlinks on the way: what lies on the volume is not trusted.
  await ensureDirectory(deps.volume, paths.work);
  signal.throwIfAborted();
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
  await driver.dump(container, directoriesOf(paths, deps.node.name), {
    timeoutMs: deps.deadlines.dumpMs,
    signal,
  });
  await journal.note(container.id, uid, { dumpedAt: now() });
  if (container.upperDir !== undefined && !(await isLayerEmpty(container.upperDir))) {
    await saveLayer(deps.commands, container.upperDir, paths.writableLayer, deps.deadlines.dumpMs);
  }
  signal.throwIfAborted();
  const published = await publishManifest(paths.directory, {
    driver: driver.name,
    containerID: container.id,
    migrationUID: uid,
    attempt: migration.status.decision?.attempt ?? 1,
  });
  await journal.note(container.id, uid, { publishedAt: now() });
  return published;
}

function describeCheckpoint(paths: CheckpointPaths, published: PublishedManifest, { driver }: AgentDeps): Checkpoint {
  return {
    path: paths.relative,
    sizeBytes: published.sizeBytes,
    size: formatBytes(published.sizeBytes),
    files: published.files,
    digest: published.digest,
    driver: driver.name,
  };
}
