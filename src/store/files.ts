import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, opendir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { hasCode } from '../runtime/errors';
import { requireDirectory, waypoints } from './confined';
import { UNFINISHED } from './layout';
import { codeOf, volumeError } from './volume-errors';

/**
 * How long another node's file may stay invisible. An NFS client remembers for up to acdirmax (60 s) that there was
 * none, when somebody looked too early.
 */
export const VISIBLE_WITHIN_MS = 90_000;

const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;

/**
 * Writes a file that is either there as a whole or as it was before, also after a power cut: a new file beside it,
 * fsync, rename, fsync of the directory. Mode 0600.
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function atomicWrite(path: string, content: string | Uint8Array): Promise<void> {
  const { appear } = await writeAside(path, content);
  await appear();
}

/** A file that lies durably beside its place. */
export interface AsideFile {
  /** Puts it there, durably. It is gone when that fails. */
  readonly appear: () => Promise<void>;
  /** Gives it up. Never rejects. */
  readonly drop: () => Promise<void>;
}

/**
 * The first half of an atomic write.
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function writeAside(path: string, content: string | Uint8Array): Promise<AsideFile> {
  const temporary = join(dirname(path), `${UNFINISHED}${basename(path)}-${randomBytes(6).toString('hex')}`);
  const drop = (): Promise<void> => rm(temporary, { force: true }).catch(() => undefined);
  const orDrop = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      await drop();
      throw volumeError(path, error);
    }
  };
  await orDrop(() => writeDurably(temporary, content));
  const appear = (): Promise<void> =>
    orDrop(async () => {
      await rename(temporary, path);
      await syncDirectory(dirname(path));
    });
  return { appear, drop };
}

/** Writes a file that must not exist yet, and returns when it is on stable storage. Mode 0600. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes names that were added to the directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Makes a directory below `root` with all that is missing on the way to it, mode 0700.
 * @throws TerminalError `PathNotConfined` for a path that is not below the root, or has a symlink on the way.
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function ensureDirectory(root: string, path: string): Promise<void> {
  const way = waypoints(root, path);
  for (let attempt = 1; ; attempt++) {
    try {
      for (const directory of way) await makeDirectory(directory);
      return;
    } catch (error) {
      // Another node may remove an empty directory of the way at the same time; one that keeps vanishing is a fault.
      if (!hasCode(error, 'ENOENT') || attempt === 3) throw volumeError(root, error);
    }
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: PRIVATE_DIRECTORY });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    await requireDirectory(path);
  }
}

/**
 * Removes a file so that it stays away after a power cut. One that is gone already is well.
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  } catch (error) {
    throw volumeError(path, error);
  }
}

/**
 * Removes a directory below `root` and everything in it, and the directories above it that become empty by that. One
 * that is gone already is well. Symlinks in it are removed, never followed.
 * @throws TerminalError `PathNotConfined` for a path that is not below the root, or has a symlink on the way.
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function removeDirectory(root: string, path: string): Promise<void> {
  const way = waypoints(root, path);
  try {
    for (const directory of way) await requireDirectory(directory);
    // NFS keeps a removed file by another name as long as somebody has it open.
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw volumeError(path, error);
  }
  for (const parent of way.slice(0, -1).reverse()) {
    // Not empty, or gone: both are well.
    if (!(await rmdir(parent).then(...settled))) return;
  }
}

const settled = [() => true, () => false] as const;

/**
 * Makes a directory below `root` that holds nothing: what somebody else left there, such as a symlink by the name of a
 * log that is about to be written, is removed and not followed.
 * @throws TerminalError `PathNotConfined`
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function makeEmptyDirectory(root: string, path: string): Promise<void> {
  await ensureDirectory(root, path);
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  } catch (error) {
    throw volumeError(path, error);
  }
  await ensureDirectory(root, path);
}

/**
 * Resolves when the file can be seen on this node, at the latest after `visibleWithinMs` (then it may be absent). Asks
 * by listing directories: that is what makes an NFS client look again, where opening the file by name would not.
 */
export async function ensureVisible(path: string, clock: Clock, visibleWithinMs = VISIBLE_WITHIN_MS): Promise<void> {
  const giveUpAt = clock.monotonic() + visibleWithinMs;
  for (let waitMs = 20; !(await isListed(path)); waitMs = Math.min(2 * waitMs, 2_000)) {
    if (clock.monotonic() + waitMs > giveUpAt) return;
    await clock.sleep(waitMs);
  }
}

/**
 * Whether the directory of the path lists it. A directory that is missing is itself looked for in its parent, and so
 * on up.
 */
export async function isListed(path: string): Promise<boolean> {
  const parent = dirname(path);
  if (parent === path) return true;
  try {
    return await directoryHas(parent, basename(path));
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) return false;
    return (await isListed(parent)) && (await directoryHas(parent, basename(path)).catch(() => false));
  }
}

/** Reads piece by piece: somebody may have put a million files beside. */
async function directoryHas(directory: string, name: string): Promise<boolean> {
  for await (const entry of await opendir(directory)) {
    if (entry.name === name) return true;
  }
  return false;
}
