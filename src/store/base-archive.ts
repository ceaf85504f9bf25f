import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { reasonOf } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import type { Pace } from '../runtime/pace';
import type { BaseIndex } from './base-index';
import { formatIndex, indexBase } from './base-index';
import { packDirectory, unpackDirectory } from './directory-archive';
import { atomicWrite } from './files';
import { readMembers } from './tar-members';
import type { TreeListing } from './tree-listing';
import { listTree } from './tree-listing';

/** A directory of a node that goes along in a checkpoint. */
export interface CarriedTree {
  /** Its archive, below the checkpoint's directory: `….tar`. That of the base has the same name in the base's directory. */
  readonly archive: string;
  readonly directory: string;
}

export interface BaseOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** How fast it may be written to the volume. */
  readonly pace?: Pace;
}

/** The name of a tree's archive in the directory of the base. */
export const baseName = (archive: string): string => basename(archive);
/** The name of the index of that archive. */
export const indexName = (archive: string): string => baseName(archive).replace(/\.tar$/, '.index');

/**
 * On these a change is stamped whatever way it is made, by a mapping into memory too, once what was written before has
 * been written back. As `stat` calls them.
 */
const STAMPING_FILE_SYSTEMS = ['ext2/ext3', 'xfs', 'btrfs'];
/** With less, the archive of everything takes no longer than finding out what has changed. */
const PAYS_FROM = { entries: 256, bytes: 4 * 1024 * 1024 } as const;
const LOOK_TIMEOUT_MS = 10_000;
/** What may go wrong because the files change meanwhile: without a base everything goes in the freeze, as exactly. */
const NOT_POSSIBLE = ['BaseNotSaved', 'TreeNotListed', 'CommandOutputTooLarge'];

/**
 * Writes an archive of a tree whose container still runs, with an index of what it holds, into the directory of the base.
 * @returns false when there is none, because it would not pay or the files do not stand still for it
 * @throws ReasonedError with a VolumeFault as reason, or as the runner does
 */
export async function saveBaseArchive(
  run: CommandRunner,
  base: string,
  tree: CarriedTree,
  options: BaseOptions,
): Promise<boolean> {
  const archive = join(base, baseName(tree.archive));
  try {
    const index = await packAndIndex(run, { directory: tree.directory, archive }, options);
    if (index === undefined) return false;
    await atomicWrite(join(base, indexName(tree.archive)), formatIndex(index));
    return true;
  } catch (error) {
    if (!NOT_POSSIBLE.includes(reasonOf(error, ''))) throw error;
    await rm(archive, { force: true });
    return false;
  }
}

async function packAndIndex(
  run: CommandRunner,
  { directory, archive }: { readonly directory: string; readonly archive: string },
  { timeoutMs, clock, pace }: BaseOptions,
): Promise<BaseIndex | undefined> {
  if (!(await stampsChanges(run, directory))) return undefined;
  const beganMs = clock.now();
  // A page that is mapped and was written to is stamped anew only after it has been written back.
  const { exitCode } = await run.run('sync', ['--file-system', directory], { timeoutMs });
  if (exitCode !== 0) return undefined;
  const listing = await listTree(run, directory, { timeoutMs, isLive: true });
  if (!pays(listing)) return undefined;
  const options = { reason: 'BaseNotSaved', message: 'the files could not be copied before the freeze', clock };
  await packDirectory(run, { directory, archive }, timeoutMs, {
    ...options,
    isLive: true,
    ...(pace === undefined ? {} : { pace }),
  });
  const index = indexBase(listing, await readMembers(archive), beganMs);
  if (index === undefined) await rm(archive, { force: true });
  return index;
}

async function stampsChanges(run: CommandRunner, directory: string): Promise<boolean> {
  const { exitCode, stdout } = await run.run('stat', ['--file-system', '--format=%T', directory], {
    timeoutMs: LOOK_TIMEOUT_MS,
  });
  return exitCode === 0 && STAMPING_FILE_SYSTEMS.includes(stdout.trim());
}

function pays(listing: TreeListing): boolean {
  let bytes = 0;
  for (const { sizeBytes } of listing.values()) bytes += sizeBytes;
  return listing.size >= PAYS_FROM.entries || bytes >= PAYS_FROM.bytes;
}

/**
 * Unpacks a base archive into an empty directory that nothing has mounted. Whose the directory is and what may be done
 * with it comes with the difference: until then nobody but root gets in.
 * @throws ReasonedError BaseNotUnpacked, CheckpointCorrupt, or with a VolumeFault as reason
 */
export async function unpackBaseArchive(
  run: CommandRunner,
  base: string,
  { archive, directory }: CarriedTree,
  { timeoutMs, clock }: BaseOptions,
): Promise<void> {
  const options = {
    reason: 'BaseNotUnpacked',
    message: 'what was copied before the freeze could not be unpacked',
    clock,
  };
  await run.run('chmod', ['0700', directory], { timeoutMs: LOOK_TIMEOUT_MS });
  await unpackDirectory(run, { directory, archive: join(base, baseName(archive)) }, timeoutMs, {
    ...options,
    isWithoutRoot: true,
  });
}
