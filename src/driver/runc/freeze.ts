import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { explainCriuLog, VOLUME_FULL } from '../../criu/log';
import type { CriuOption } from '../../criu/options';
import { readLogEnd } from '../../criu/log-file';
import { ReasonedError, reasonOf } from '../../runtime/errors';
import type { CheckpointDirectories, DriverContainer, DumpOptions, PreparedDump } from '../driver';
import { isKnownFrozen } from '../freezer';
import { CRIU_CONFIG_ANNOTATION, findRuncRoot, isOurCriuConfig } from './paths';
import { dropLinks, keepLinks } from './link-remaps';
import { unlockNetwork } from './network-lock';
import type { BeneathDocker } from './options';
import { endCheckpoints } from './runc-processes';
import { pauseIfRunning } from './runc-state';
import { askHelp, tellCriu } from './tell-criu';

/** With less room than this a volume counts as full. */
const FULL_BYTES = 65_536;

/** What needs no container that stands still; a good part of a small container's dump. */
export async function prepareDump(
  container: DriverContainer,
  target: CheckpointDirectories,
  options: BeneathDocker,
  signal?: AbortSignal,
): Promise<PreparedDump> {
  const root = await findRuncRoot(options.execRoot, container);
  // Of an earlier life of the agent: it would go on writing into the directories that are emptied now.
  await endCheckpoints(container, options);
  await dropLinks(container, options);
  await makeEmpty(target.images);
  signal?.throwIfAborted();
  await makeEmpty(target.work);
  return { root, help: await askHelp(options.run) };
}

/** The one call that dumps a container which stands still. */
export type Dumper = (
  container: DriverContainer,
  target: CheckpointDirectories,
  limits: DumpOptions & { prepared: PreparedDump },
  options: BeneathDocker,
) => Promise<DumpOutcome>;

/**
 * Dumps a paused container onto the volume, with Docker's own runc unless another way is given; it is paused
 * afterwards, whatever happens.
 */
export async function dumpContainer(
  container: DriverContainer,
  target: CheckpointDirectories,
  limits: DumpOptions,
  options: BeneathDocker,
  checkpoint: Dumper = runcCheckpoint,
): Promise<{ dumpMs: number }> {
  const { timeoutMs, signal, closeConnections } = limits;
  const prepared = limits.prepared ?? (await prepareDump(container, target, options, signal));
  // The volume may have taken so long that the container was rolled back meanwhile.
  signal?.throwIfAborted();
  // One that was running a moment ago has just been paused; a CRIU that may have thawed it was ended before.
  if (limits.prepared === undefined) await pauseIfRunning(container.id, prepared.root, options);
  await closeConnections?.();
  signal?.throwIfAborted();
  const outcome = await checkpoint(container, target, { ...limits, prepared }, options);
  signal?.throwIfAborted();
  // At once, before anything is read from the volume.
  if (!outcome.ok) {
    // One that did not end in time has had its time.
    const hangs = outcome.cause !== undefined;
    await endCheckpoints(container, hangs ? { ...options, dumpGraceMs: 0 } : options);
    await unlockNetwork(container.pid, options.run);
  }
  const ranOn = !(await isKnownFrozen(container)) && (await pauseIfRunning(container.id, prepared.root, options));
  if (!outcome.ok) throw await explain(target, outcome, timeoutMs);
  // Two would go on from the dump of a container that runs.
  if (ranOn) throw new ReasonedError('NotFrozen', 'the container ran on during its dump, which is therefore worthless');
  await stopWhenThawed(container, options);
  if (limits.criuOptions?.some(({ name }) => name === 'link-remap')) await keepLinks(container, target.images, options);
  return { dumpMs: outcome.dumpMs };
}

/**
 * Each process acts on it when it is thawed: none runs on, whoever thaws it. A Docker daemon without live-restore that
 * starts again after a crash unpauses its containers before it ends them with SIGTERM and, 10 s later, SIGKILL (seen by
 * `make chaos` on Docker 28.5.2), and by then the target may have restored the checkpoint.
 */
async function stopWhenThawed({ pid }: DriverContainer, { signalAll }: BeneathDocker): Promise<void> {
  try {
    await signalAll(pid, 'SIGSTOP');
  } catch (error) {
    // It has died since: there is nothing to stop, and its dump is as good as before.
    if (reasonOf(error, '') !== 'ContainerProcessesUnknown') throw error;
  }
}

/** Ends a dump of an earlier life, and freezes the container again if that has thawed it. */
export async function abandonDump(container: DriverContainer, options: BeneathDocker): Promise<void> {
  await endCheckpoints(container, options);
  await unlockNetwork(container.pid, options.run);
  await pauseIfRunning(container.id, await findRuncRoot(options.execRoot, container), options);
  await dropLinks(container, options);
  // Still frozen: what is taken back is the stop that waits in each process, so that the thaw lets it run.
  await options.signalAll(container.pid, 'SIGCONT');
}

/** What came of a dump. */
export type DumpOutcome =
  | { readonly ok: true; readonly dumpMs: number }
  /** Its last words, or what kept it from saying any. */
  | { readonly ok: false; readonly stderr: string; readonly signal?: NodeJS.Signals | null; readonly cause?: unknown };

async function runcCheckpoint(
  container: DriverContainer,
  target: CheckpointDirectories,
  limits: DumpOptions & { prepared: PreparedDump },
  { run, runDir }: BeneathDocker,
): Promise<DumpOutcome> {
  const { timeoutMs, signal: abort, criuOptions = [], closeConnections, prepared, isSilent } = limits;
  const told = await tellCriu(container, optionsFor(criuOptions, closeConnections), prepared.help, runDir, isSilent);
  const removeConfig = await clearCriuConfig(container, runDir);
  try {
    const { exitCode, signal, durationMs, stderr } = await run.run(
      ...told.command([
        ...['--root', prepared.root, 'checkpoint', '--leave-running', ...told.flags],
        ...['--image-path', target.images, '--work-path', target.work, container.id],
      ]),
      { timeoutMs, ...(abort === undefined ? {} : { signal: abort }) },
    );
    return exitCode === 0 ? { ok: true, dumpMs: durationMs } : { ok: false, stderr, signal };
  } catch (cause) {
    return { ok: false, stderr: '', cause };
  } finally {
    await told.remove();
    await removeConfig();
  }
}

/** What begins while the others are closed is left out of the dump: nobody can accept it. */
export function optionsFor(
  criuOptions: readonly CriuOption[],
  closeConnections: DumpOptions['closeConnections'],
): readonly CriuOption[] {
  const isNew = criuOptions.every(({ name }) => name !== 'skip-in-flight');
  return closeConnections !== undefined && isNew ? [...criuOptions, { name: 'skip-in-flight' }] : criuOptions;
}

/**
 * A container that was woken up here is annotated with the configuration of its restore, which runc hands on for every
 * dump as well: `leave-stopped` would leave it stopped for good. An empty one has no effect.
 */
async function clearCriuConfig(container: DriverContainer, runDir: string): Promise<() => Promise<void>> {
  const path = container.annotations[CRIU_CONFIG_ANNOTATION];
  if (path === undefined || !isOurCriuConfig(runDir, path)) return () => Promise.resolve();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, '', { mode: 0o600 });
  return () => rm(path, { force: true });
}

async function explain(
  target: CheckpointDirectories,
  { stderr, signal, cause }: Exclude<DumpOutcome, { ok: true }>,
  timeoutMs: number,
): Promise<ReasonedError> {
  const why = reasonOf(cause, '');
  // Docker's own words say more than ours.
  if (why.startsWith('Engine') && why !== 'EngineTimedOut' && cause instanceof ReasonedError) return cause;
  if (cause !== undefined && why !== 'CommandTimedOut' && why !== 'EngineTimedOut') {
    return new ReasonedError('RuncFailed', 'runc did not run', { cause });
  }
  const { reason, message, tail } = explainCriuLog(`${await dumpLog(target.work)}\n${stderr}`, 'dump');
  const details = { logTail: tail };
  if (cause !== undefined) {
    const late = `CRIU did not freeze the container within ${timeoutMs} ms`;
    return new ReasonedError('CriuTimedOut', late, { cause, ...details });
  }
  if (reason !== 'CriuDumpFailed' && reason !== 'CriuKilled') return new ReasonedError(reason, message, details);
  // On a full volume the log ends before the error that it would tell of.
  const { bavail, bsize } = await statfs(target.images);
  if (bavail * bsize < FULL_BYTES) return new ReasonedError('VolumeFull', VOLUME_FULL, details);
  if (signal == null) return new ReasonedError(reason, message, details);
  return new ReasonedError('CriuKilled', `runc was killed at the dump (${signal})`, details);
}

function dumpLog(work: string): Promise<string> {
  return readLogEnd(join(work, 'dump.log'));
}

/** A memory image holds secrets: nobody but root may look into it. */
async function makeEmpty(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
}
