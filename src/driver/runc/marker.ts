import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import type { CriuOption } from '../../criu/options';
import { restoreArguments } from '../../criu/options';
import { allDone } from '../../runtime/all-done';
import { ReasonedError, TerminalError } from '../../runtime/errors';
import type { CheckpointDirectories, WakeState } from '../driver';
import { hasCode } from '../system-error';
import { criuConfigPath, markerPaths } from './paths';

/** The later wins where two are there: the wrapper makes the next before it removes the one before. */
const STATES = ['resumed', 'restored', 'failed', 'restoring', 'armed'] as const;

/** CRIU creates the processes and leaves them stopped, so that Docker can give them their network before they run. */
const RESTORE_CONFIG = 'leave-stopped\n';

/** What an earlier attempt with the same work directory left. */
const WORK_FILES = ['restore.log', 'stats-restore', 'wrapper.log', 'runc.log', 'lazy-pages.log', 'lazy-pages.socket'];

/** Where the wake-up of a container stands. */
export async function readWakeState(runDir: string, containerID: string): Promise<WakeState> {
  const names = await namesIn(markerPaths(runDir, containerID).directory);
  return STATES.find((state) => names.includes(state)) ?? 'none';
}

/** How a restore differs from others. */
export interface ArmSettings {
  readonly criuOptions?: readonly CriuOption[];
  /** See `Driver.arm`. */
  readonly addresses?: readonly string[];
  /** The script beside the wrapper that CRIU calls then. */
  readonly networkScript?: string;
  /** All of CRIU's configuration, for whoever restores without the wrapper; it is given the marker's directories. */
  readonly config?: (marker: CheckpointDirectories) => string;
  /** See `Driver.arm`. */
  readonly lazyPages?: boolean;
  readonly signal?: AbortSignal;
}

/** Makes the next start of the container a restore of this checkpoint. */
export async function armMarker(
  runDir: string,
  containerID: string,
  migrationUID: string,
  checkpoint: CheckpointDirectories,
  { criuOptions = [], addresses, networkScript, config: ownConfig, lazyPages = false, signal }: ArmSettings = {},
): Promise<void> {
  const marker = markerPaths(runDir, containerID);
  const config = criuConfigPath(runDir, migrationUID);
  const restore = restoreArguments(criuOptions);
  const state = await readWakeState(runDir, containerID);
  if (state !== 'none' && state !== 'armed' && state !== 'failed') {
    throw new ReasonedError('AlreadyWaking', `container ${containerID} is ${state}: it cannot be woken up once more`);
  }
  await emptyMarker(runDir, containerID);
  await mkdir(marker.directory, { recursive: true, mode: 0o700 });
  const script = addresses === undefined || networkScript === undefined ? '' : `action-script ${networkScript}\n`;
  const configuration = ownConfig?.(marker) ?? RESTORE_CONFIG + restore.config + script;
  // At the same time: the container stands still.
  await allDone(tell(config, configuration), clear(checkpoint.work));
  // The volume may have taken so long that the claim was given back meanwhile.
  signal?.throwIfAborted();
  await symlink(checkpoint.images, marker.images);
  await symlink(checkpoint.work, marker.work);
  const flags = [...restore.flags, ...(lazyPages ? ['--lazy-pages'] : [])];
  await writeFile(marker.restoreOptions, flags.map((flag) => `${flag}\n`).join(''), { mode: 0o600 });
  if (script !== '' && addresses !== undefined) {
    await writeFile(marker.addresses, addresses.map((address) => `${requireAddress(address)}\n`).join(''), {
      mode: 0o600,
    });
  }
  // Last, for from here on the wrapper acts.
  await writeFile(join(marker.directory, 'armed'), '', { mode: 0o600 });
}

async function tell(config: string, configuration: string): Promise<void> {
  await mkdir(dirname(config), { recursive: true, mode: 0o700 });
  await writeFile(config, configuration, { mode: 0o600 });
}

async function clear(work: string): Promise<void> {
  await mkdir(work, { recursive: true, mode: 0o700 });
  await allDone(...WORK_FILES.map((name) => rm(join(work, name), { force: true })));
}

/** They come from the object's status, and go into the words of programs that root runs. */
function requireAddress(address: string): string {
  if (isIP(address) !== 0 && !address.includes('%')) return address;
  throw new TerminalError('AddressInvalid', `${JSON.stringify(address.slice(0, 100))} is no IP address`);
}

/**
 * Takes a state away from the wrapper, which does the same before it acts: one of the two renames succeeds, the other
 * finds nothing. True when it was ours.
 */
export async function moveState(
  runDir: string,
  containerID: string,
  from: (typeof STATES)[number],
  to: (typeof STATES)[number],
): Promise<boolean> {
  const { directory } = markerPaths(runDir, containerID);
  try {
    await rename(join(directory, from), join(directory, to));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Removes the marker, also one that has resumed, and CRIU's configuration. */
export async function removeMarker(runDir: string, containerID: string, migrationUID: string): Promise<void> {
  await rm(criuConfigPath(runDir, migrationUID), { force: true });
  const { directory } = markerPaths(runDir, containerID);
  // Away at once: a container that has resumed may be restarted at any moment, which half a marker would forbid.
  const removed = `${directory}.removed`;
  await rm(removed, { recursive: true, force: true });
  try {
    await rename(directory, removed);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  await rm(removed, { recursive: true, force: true });
}

/**
 * Takes everything out of a marker but the bare directory, with which the wrapper refuses every start: there is no
 * moment at which one would be a fresh start.
 */
export async function emptyMarker(runDir: string, containerID: string): Promise<void> {
  const { directory } = markerPaths(runDir, containerID);
  for (const name of await namesIn(directory)) await rm(join(directory, name), { recursive: true, force: true });
}

/** Pid of the wrapper that restores this container, if one does; it may have ended since. */
export async function readWrapperPid(runDir: string, containerID: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(markerPaths(runDir, containerID).pid, 'utf8')).trim());
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    if (!(await lstat(directory)).isDirectory()) return [];
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
