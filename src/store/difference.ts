import { rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Clock } from '../runtime/clock';
import { ReasonedError, reasonOf } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import type { CarriedTree } from './base-archive';
import type { BaseIndex } from './base-index';
import { compareWithBase, lostXattrs } from './base-index';
import type { ArchiveOptions } from './directory-archive';
import { packDirectory, unpackDirectory } from './directory-archive';
import { atomicWrite } from './files';
import type { Manifest } from './manifest-format';
import { readAtMost, withOwnFile } from './regular-file';
import { removePaths } from './remove-paths';
import type { TarMember } from './tar-members';
import { readMembers } from './tar-members';
import { listTree } from './tree-listing';
import { volumeError } from './volume-errors';

/** The list of what is gone since the base, beside the archive: where it is, the archive holds the difference alone. */
export const gonePath = (archive: string): string => archive.replace(/\.tar$/, '.gone');

/** Whether what the checkpoint holds of a tree is the difference against its base. */
export function isDifference({ files }: Pick<Manifest, 'files'>, archive: string): boolean {
  return files.some(({ path }) => path === gonePath(archive));
}

export interface DifferenceOptions extends ArchiveOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Where archives are written before they are complete. */
  readonly scratch: string;
}

/**
 * Writes what has changed in a tree that stands still since its base: an archive, and the list of what is gone.
 * @param checkpoint its directory
 * @returns false when that would not tell everything, and nothing is written
 * @throws ReasonedError with the reason that is given, TreeNotListed, or with a VolumeFault as reason
 */
export async function saveDifference(
  run: CommandRunner,
  checkpoint: string,
  { archive: name, directory }: CarriedTree,
  index: BaseIndex,
  { scratch, ...options }: DifferenceOptions,
): Promise<boolean> {
  const archive = join(checkpoint, name);
  const now = await listTree(run, directory, options).catch(unlessNotListed);
  if (now === undefined) return false;
  const { gone, packed } = compareWithBase(index, now);
  const names = bytesOf(packed.map((path) => (path === '' ? '.' : `./${path}`)));
  await packDirectory(run, { directory, archive, scratch }, options.timeoutMs, { ...options, names });
  const mayLose = [...index.values()].some(({ xattrs }) => xattrs.length > 0);
  if (mayLose && lostXattrs(index, await readMembers(archive))) {
    await rm(archive, { force: true });
    return false;
  }
  await atomicWrite(join(checkpoint, gonePath(name)), bytesOf(gone));
  return true;
}

/** A tree of millions of files is saved without being listed. */
function unlessNotListed(error: unknown): undefined {
  if (!['TreeNotListed', 'CommandOutputTooLarge'].includes(reasonOf(error, ''))) throw error;
}

/**
 * Makes of a tree's base what the tree was at the freeze. Can be repeated, after it was ended in its middle too.
 *
 * Both files are guarded by the manifest. Beyond that nothing is removed or written outside of the directory, whatever
 * the base holds: no symlink of the base is followed, as every directory on the way to a member is a member itself, for
 * which tar replaces a symlink.
 * @throws ReasonedError with the reason that is given, CheckpointCorrupt, or with a VolumeFault as reason
 */
export async function applyDifference(
  run: CommandRunner,
  checkpoint: string,
  { archive: name, directory }: CarriedTree,
  { timeoutMs, ...options }: Omit<DifferenceOptions, 'scratch'>,
): Promise<void> {
  const archive = join(checkpoint, name);
  const directories = requireTree(await readMembers(archive), archive);
  const gone = await readGone(join(checkpoint, gonePath(name)));
  await removePaths(run, directory, gone, { ...options, timeoutMs, directories });
  await unpackDirectory(run, { directory, archive }, timeoutMs, options);
}

/** Of as many names as a listing may hold. */
const MAX_GONE_BYTES = 64 * 1024 * 1024;

async function readGone(path: string): Promise<readonly string[]> {
  const bytes = await withOwnFile(path, (file) => readAtMost(file, MAX_GONE_BYTES + 1)).catch((error: unknown) => {
    throw volumeError(path, error);
  });
  const paths = bytes.toString('latin1').split('\0').slice(0, -1);
  const stray = paths.find((name) => posix.normalize(name) !== name || /^(\.\.?)?(\/|$)|\/$/.test(name));
  if (stray === undefined && bytes.length <= MAX_GONE_BYTES) return paths;
  throw new ReasonedError(
    'CheckpointCorrupt',
    `${path} is not a list of files: ${JSON.stringify(stray?.slice(0, 100))}`,
  );
}

/**
 * Every member lies in a directory that is a member before it, and links to one before it; none comes twice.
 * @returns the directories
 */
function requireTree(members: readonly TarMember[], archive: string): ReadonlySet<string> {
  const types = new Map<string, string>();
  for (const { path, type, linkPath } of members) {
    const parent = posix.dirname(path);
    const isPlaced = path === '' || types.get(parent === '.' ? '' : parent) === '5';
    const isLinked = type !== '1' || !['5', undefined].includes(types.get(linkPath));
    if (!isPlaced || !isLinked || types.has(path) || (path === '' && type !== '5')) {
      const message = `${archive} holds ${JSON.stringify(path.slice(0, 100))} where no difference of ours would`;
      throw new ReasonedError('CheckpointCorrupt', message);
    }
    types.set(path, type);
  }
  return new Set(members.filter(({ type }) => type === '5').map(({ path }) => path));
}

/** Paths as they are in listings and archives, a character for a byte, each with a NUL behind it. */
function bytesOf(paths: readonly string[]): Buffer {
  return Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
}
