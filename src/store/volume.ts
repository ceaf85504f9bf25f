import { randomBytes, randomUUID } from 'node:crypto';
import { link, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import { ReasonedError, reasonOf } from '../runtime/errors';
import { ensureDirectory, ensureVisible, writeDurably } from './files';
import { UNFINISHED, VOLUME_DIRECTORY, nodePath } from './layout';
import { readAtMost, withRegularFile } from './regular-file';
import type { VolumeFault } from './volume-errors';
import { codeOf, faultOf, volumeError } from './volume-errors';

export type VolumeReport =
  | { readonly ok: true; readonly freeBytes: number }
  | { readonly ok: false; readonly reason: VolumeFault; readonly message: string };

/** Tries the shared volume out, as one node sees it. */
export interface VolumeProbe {
  /** Really writes, reads and removes a file. Never rejects, and answers within the deadline. */
  checkVolume(root: string): Promise<VolumeReport>;
  /**
   * The volume's own ID, made by whoever asks first: two nodes that get the same one see the same volume. An unmounted
   * mount point looks like an empty volume; by this it is told apart.
   * @throws ReasonedError with a VolumeFault as reason
   */
  volumeID(root: string): Promise<string>;
}

/** Less is a volume on which the next dump fails, as small as it may be. */
const MIN_FREE_BYTES = 64 * 1024 * 1024;
const PROBE_BYTES = 4096;
const DEADLINE_MS = 10_000;
/** A volume ID that another node has just made is seen at once by whoever lists the directory first. */
const ID_VISIBLE_WITHIN_MS = 5_000;
const MAX_ID_BYTES = 64;
const VOLUME_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param options.node name of this node: every node has a probe file of its own */
export function createVolumeProbe(options: {
  readonly node: string;
  readonly clock: Clock;
  /** After this a silent file server counts as hung; 10 s when absent. */
  readonly deadlineMs?: number;
}): VolumeProbe {
  const { node, clock, deadlineMs = DEADLINE_MS } = options;
  const limited = async <T>(root: string, work: Promise<T>): Promise<T> => {
    try {
      return await withDeadline({ clock, ms: deadlineMs, what: 'the file server' }, () => work);
    } catch (error) {
      throw hungOr(root, deadlineMs, error);
    }
  };
  // A call that hangs holds a thread of the few that serve all file operations of the process: one at a time.
  const pending = new Map<string, Promise<VolumeReport>>();
  const probeOnce = (root: string): Promise<VolumeReport> => {
    const running = pending.get(root) ?? probe(root, node).finally(() => pending.delete(root));
    pending.set(root, running);
    return running;
  };
  return {
    checkVolume: (root) => limited(root, probeOnce(root)).catch((error: unknown) => report(root, error)),
    volumeID: (root) => limited(root, volumeID(root, clock)),
  };
}

async function probe(root: string, node: string): Promise<VolumeReport> {
  const path = nodePath(root, 'probe', node);
  const content = randomBytes(PROBE_BYTES);
  if (!(await stat(root)).isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
  await ensureDirectory(root, dirname(path));
  // Left behind by an agent that was killed in the middle, or put there by somebody else.
  await rm(path, { force: true, recursive: true });
  await writeDurably(path, content);
  const read = await withRegularFile(path, (file) => readAtMost(file, PROBE_BYTES));
  await rm(path);
  if (!read.equals(content)) {
    throw new ReasonedError('VolumeCorrupt', `the shared volume (${root}) does not give back what was written to it`);
  }
  const { bavail, bsize } = await statfs(root);
  const freeBytes = bavail * bsize;
  if (freeBytes >= MIN_FREE_BYTES) return { ok: true, freeBytes };
  return {
    ok: false,
    reason: 'VolumeFull',
    message: `the shared volume (${root}) has only ${Math.floor(freeBytes / 1024 / 1024)} MiB left; make room on it`,
  };
}

async function volumeID(root: string, clock: Clock): Promise<string> {
  const directory = join(root, VOLUME_DIRECTORY);
  const path = join(directory, 'volume-id');
  try {
    await stat(root);
    await ensureDirectory(root, directory);
    const candidate = join(directory, `${UNFINISHED}volume-id-${randomBytes(6).toString('hex')}`);
    await writeDurably(candidate, `${randomUUID()}\n`);
    try {
      // Unlike a rename, a link never replaces the ID that somebody else made at the same moment.
      await link(candidate, path).catch(unlessExists);
    } finally {
      await rm(candidate, { force: true });
    }
    await ensureVisible(path, clock, ID_VISIBLE_WITHIN_MS);
    const id = (await withRegularFile(path, (file) => readAtMost(file, MAX_ID_BYTES))).toString('utf8').trim();
    if (VOLUME_ID.test(id)) return id;
  } catch (error) {
    if (reasonOf(error, '') !== 'NotARegularFile') throw volumeError(root, error);
  }
  throw new ReasonedError('VolumeCorrupt', `${path} holds no ID; remove it, and it is made anew`);
}

function unlessExists(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}

function hungOr(root: string, deadlineMs: number, error: unknown): ReasonedError {
  if (!(error instanceof ReasonedError) || error.reason !== 'DeadlineExceeded') return volumeError(root, error);
  return new ReasonedError(
    'VolumeHung',
    `the shared volume (${root}) did not answer within ${deadlineMs / 1000} s; look whether its file server can be reached`,
    { cause: error },
  );
}

function report(root: string, error: unknown): VolumeReport {
  const { reason, message } = volumeError(root, error);
  return { ok: false, reason: faultOf(reason), message };
}
