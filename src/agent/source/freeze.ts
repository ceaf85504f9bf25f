import type { Checkpoint, ContainerMigration, SourceStatus } from '../../api/types';
import type { CriuOption } from '../../criu/options';
import type { ContainerInfo } from '../../docker/engine';
import { allDone } from '../../runtime/all-done';
import { ReasonedError } from '../../runtime/errors';
import { formatBytes } from '../../runtime/format-bytes';
import { checkpointOf } from '../checkpoint-key';
import { logsToCarry } from '../container-logs';
import { chooseFor, reportedOptions } from '../criu-options';
import type { PublishedCheckpoint } from '../checkpoint-store-port';
import { givingAddressesUp, shutAddresses } from '../move-hook/source-steps';
import type { AgentDeps } from '../ports';
import { closedIn, closing } from './connections';
import { holdConnections, keptIn, silenceKept } from './keep-connections';
import { removeProbes } from '../volumes/shared';
import { requireSoleUser, saveVolumes } from '../volumes/source';
import { findOriginal, originalOf } from './original';

/**
 * The downtime begins here: pause, dump, publish; the container stays paused, so that it can be woken up again in
 * milliseconds. Continues where an earlier life of the agent stopped: a good dump is never made again (I4).
 */
export async function freezeSource(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const container = await originalOf(status, deps.engine);
  const entry = await deps.journal.read(container.id);
  const isDumped = container.state !== 'running' && entry?.dumpedAt !== undefined;
  // What it has open may have changed since the step before. A look of its own only while it runs: it costs no downtime.
  const told =
    container.state === 'running' ? { ...status, criuOptions: await chooseFor(migration, container, deps) } : status;
  const saved = !isDumped && (await dump(migration, container, reportedOptions(told), deps));
  const complete = await givingAddressesUp(migration, container.id, deps, () =>
    publish(migration, container, deps, saved),
  );
  return published(container.id, complete, told, deps);
}

/** Reports the checkpoint that an earlier life of the agent published. */
export async function adoptCheckpoint(
  migration: ContainerMigration,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const found = await deps.store.readManifest(checkpointOf(migration));
  const { containerID } = status;
  if (found === undefined || containerID === undefined) {
    throw new ReasonedError('CheckpointMissing', 'the checkpoint that was published has vanished from the volume');
  }
  // That life may have ended before the hook did.
  return givingAddressesUp(migration, containerID, deps, () => published(containerID, found.published, status, deps));
}

/** Why nothing can be frozen. */
export async function reportNotRunning(
  reason: 'ContainerNotRunning' | 'SourceLost',
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const container = await findOriginal(status, deps.engine);
  const what =
    container === undefined
      ? 'was removed'
      : `is ${container.state} instead of running (exit code ${container.exitCode})`;
  const message = `container ${status.containerName ?? ''} on ${status.nodeName} ${what}`;
  return { ...status, state: 'Failed', error: { reason, message } };
}

/** Dumps the memory, and meanwhile saves the files, when the dump leaves them as they are: true when they are saved. */
async function dump(
  migration: ContainerMigration,
  container: ContainerInfo,
  criuOptions: readonly CriuOption[],
  deps: AgentDeps,
): Promise<boolean> {
  const { engine, driver, store, journal } = deps;
  const { uid } = migration.metadata;
  const now = (): string => new Date(deps.clock.now()).toISOString();
  // The target has seen them; and what the container must not see for good must be gone before it stands still.
  if (container.state === 'running') {
    await removeProbes(migration, deps);
    await requireSoleUser(migration, container, deps);
  }
  // Before anything is touched: a manifest of an earlier dump would vouch for images that are overwritten now.
  const directories = await store.beginDump(checkpointOf(migration));
  const logs = container.state === 'running' ? logsToCarry(migration, container) : undefined;
  if (logs !== undefined) await store.saveLogsAhead(checkpointOf(migration), logs);
  const prepared = container.state === 'running' ? await driver.prepareDump(container, directories) : undefined;
  // A policy such as `always` would start a second copy the moment the original is killed (moby restarts it).
  await engine.setRestartPolicy(container.id, { name: 'no', maximumRetryCount: 0 });
  // Noted before the pause: an agent that dies in between still knows that the pause is its own.
  if (container.state === 'running') await journal.begin(container.id, uid, { freezeStartedAt: now() });
  // A container that still runs loses packets by it, for some milliseconds, and nothing else.
  const [isSilent] = await allDone(
    silenceKept(migration, container, deps),
    engine.pause(container.id),
    shutAddresses(migration, deps),
  );
  const { frozenAt = now() } = container.state === 'paused' ? ((await journal.read(container.id)) ?? {}) : {};
  await journal.note(container.id, uid, { frozenAt });
  // Not beside the dump: what cannot be kept would be found at once, and stand still for all of a dump that is in vain.
  await holdConnections(migration, container, deps);
  // Of files that have no name any more, but are open, this option makes CRIU put links into the layer and the volumes.
  const laysLinks = criuOptions.some(({ name }) => name === 'link-remap');
  const limits = {
    timeoutMs: deps.deadlines.dumpMs,
    criuOptions,
    prepared,
    isSilent,
    ...closing(migration, container, deps),
  };
  const dumped = new AbortController();
  await allDone(
    // Noted also when a file cannot be saved: the dump is good, and is kept for the next try.
    driver
      .dump(container, directories, limits)
      .finally(() => {
        dumped.abort();
      })
      .then(() => journal.note(container.id, uid, { dumpedAt: now() })),
    store.followPages(checkpointOf(migration), dumped.signal),
    laysLinks ? Promise.resolve() : saveFiles(migration, container, deps),
  );
  return !laysLinks;
}

/** The files of a container that stands still, and its log. */
async function saveFiles(
  migration: ContainerMigration,
  container: ContainerInfo,
  { store }: Pick<AgentDeps, 'store'>,
): Promise<void> {
  const checkpoint = checkpointOf(migration);
  const base = migration.status.source?.preCopied?.digest;
  // Each starts programs and waits for the disk by itself.
  await allDone(
    container.upperDir === undefined
      ? Promise.resolve()
      : store.saveWritableLayer(checkpoint, container.upperDir, base),
    saveVolumes(migration, container, { store }),
    store.saveLogs(checkpoint, logsToCarry(migration, container)),
  );
}

/**
 * Completes a good dump to a checkpoint; the container stands still, or has died since it was dumped.
 * @param isSaved whether its files were saved in the same breath as its memory
 */
export async function publish(
  migration: ContainerMigration,
  container: ContainerInfo,
  { driver, store, journal, clock }: AgentDeps,
  isSaved = false,
): Promise<PublishedCheckpoint> {
  const checkpoint = checkpointOf(migration);
  if (!isSaved) await saveFiles(migration, container, { store });
  const complete = await store.publishManifest(checkpoint, { driver: driver.name, containerID: container.id });
  const publishedAt = new Date(clock.now()).toISOString();
  await journal.note(container.id, migration.metadata.uid, { publishedAt });
  return complete;
}

async function published(
  containerID: string,
  checkpoint: PublishedCheckpoint,
  status: SourceStatus,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const entry = await deps.journal.read(containerID);
  const { freezeStartedAt, frozenAt, dumpedAt, publishedAt } = entry ?? {};
  return {
    ...status,
    state: 'Published',
    checkpoint: describeCheckpoint(checkpoint, deps),
    ...(freezeStartedAt === undefined ? {} : { freezeStartedAt }),
    ...(frozenAt === undefined ? {} : { frozenAt }),
    ...(dumpedAt === undefined ? {} : { dumpedAt }),
    ...(publishedAt === undefined ? {} : { publishedAt }),
    ...closedIn(entry),
    ...keptIn(entry),
  };
}

/** Before the object says so: from then on the target may claim, and whoever finds the journal alone must know. */
export async function noteReport(
  { metadata: { uid } }: ContainerMigration,
  { state, containerID }: SourceStatus,
  { journal, clock }: Pick<AgentDeps, 'journal' | 'clock'>,
): Promise<void> {
  if (state !== 'Published' || containerID === undefined) return;
  await journal.note(containerID, uid, { reportedAt: new Date(clock.now()).toISOString() });
}

/** A published checkpoint as the object's status tells of it. */
export function describeCheckpoint(published: PublishedCheckpoint, { driver }: Pick<AgentDeps, 'driver'>): Checkpoint {
  return { ...published, size: formatBytes(published.sizeBytes), driver: driver.name };
}
