import type { Checkpoint, ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';
import { formatBytes } from '../../runtime/format-bytes';
import type { CheckpointPaths } from '../../store/layout';
import type { PublishedManifest } from '../../store/manifest';
import { publishManifest, readManifest } from '../../store/manifest';
import { isLayerEmpty, saveLayer } from '../../store/writable-layer';
import type { Journal } from '../journal';
import type { AgentDeps } from '../ports';
import { directoriesOf, pathsOf } from '../paths';
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
  const published =
    (await readManifest(paths.directory))?.published ??
    (await dumpAndPublish(migration, container, paths, deps, journal));
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

async function dumpAndPublish(
  migration: ContainerMigration,
  container: ContainerInfo,
  paths: CheckpointPaths,
  deps: AgentDeps,
  journal: Journal,
): Promise<PublishedManifest> {
  const { engine, driver } = deps;
  const now = (): string => new Date(deps.clock.now()).toISOString();
  // A policy such as `always` would start a second copy the moment the original is killed (moby restarts it).
  await engine.setRestartPolicy(container.id, { name: 'no', maximumRetryCount: 0 });

  const before = await journal.read(container.id);
  if (before?.freezeStartedAt === undefined) {
    if (container.state !== 'running') {
      throw new ReasonedError(
        'ContainerNotRunning',
        `container ${container.name} is ${container.state} instead of running`,
      );
    }
    // Noted before the pause: an agent that dies in between still knows that the pause is its own.
    await journal.note(container.id, { freezeStartedAt: now() });
  }
  await engine.pause(container.id);
  await journal.note(container.id, { frozenAt: now() });
  await driver.dump(container, directoriesOf(paths, deps.node.name), { timeoutMs: deps.deadlines.dumpMs });
  if (container.upperDir !== undefined && !(await isLayerEmpty(container.upperDir))) {
    await saveLayer(deps.commands, container.upperDir, paths.writableLayer, deps.deadlines.dumpMs);
  }
  await journal.note(container.id, { dumpedAt: now() });
  const published = await publishManifest(paths.directory, {
    driver: driver.name,
    containerID: container.id,
    migrationUID: migration.metadata.uid,
    attempt: migration.status.decision?.attempt ?? 1,
  });
  await journal.note(container.id, { publishedAt: now() });
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
