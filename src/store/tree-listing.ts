import { ReasonedError } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';

/** A file or directory as it stood when the tree was listed. */
export interface TreeEntry {
  /** `f` a file, `d` a directory, `l` a symlink, `c` and `b` devices, `p` a FIFO. */
  readonly type: string;
  readonly inode: string;
  readonly sizeBytes: number;
  /** When anything about it last changed, in seconds with nanoseconds, as find prints it. */
  readonly changedAt: string;
  /** All that was listed of it: the same text for the same path means that nothing has changed. */
  readonly record: string;
}

/**
 * By path below the directory, which is '' itself; each directory before what is beneath it. Names are bytes: each
 * character of a path stands for one.
 */
export type TreeListing = ReadonlyMap<string, TreeEntry>;

export interface ListOptions {
  readonly timeoutMs: number;
  /** Files may vanish meanwhile. */
  readonly isLive?: boolean;
}

/** Of a tree of some 500,000 files. */
const MAX_LISTING_BYTES = 64 * 1024 * 1024;
/** Type, inode, size, change and modification in nanoseconds, path. */
const FORMAT = '%y %i %s %C@ %T@ %P\\0';
const RECORD = /^([a-z]) (\d+) (\d+) (\d+\.\d+) \S+ ([^]*)$/;

/**
 * Lists a directory with all that is beneath it but sockets, which no archive holds. Follows no symlink.
 * @throws ReasonedError TreeNotListed, and as the runner does
 */
export async function listTree(
  run: CommandRunner,
  directory: string,
  { timeoutMs, isLive = false }: ListOptions,
): Promise<TreeListing> {
  const race = isLive ? ['-ignore_readdir_race'] : [];
  const args = ['LC_ALL=C', 'find', directory, ...race, '!', '-type', 's', '-printf', FORMAT];
  const { exitCode, stdout, stderr } = await run.run('env', args, {
    timeoutMs,
    maxOutputBytes: MAX_LISTING_BYTES,
    outputEncoding: 'latin1',
  });
  if (exitCode !== 0) throw notListed(directory, stderr.slice(-300));
  return parseListing(stdout, directory);
}

/** Pure part of listTree. */
export function parseListing(text: string, directory: string): TreeListing {
  const listing = new Map<string, TreeEntry>();
  for (const record of text.split('\0').slice(0, -1)) {
    const [, type, inode, size, changedAt, path] = RECORD.exec(record) ?? [];
    if (type === undefined || inode === undefined || changedAt === undefined || path === undefined) {
      throw notListed(directory, 'find prints something else than it was asked for');
    }
    listing.set(path, { type, inode, sizeBytes: Number(size), changedAt, record });
  }
  return listing;
}

function notListed(directory: string, why: string): ReasonedError {
  return new ReasonedError('TreeNotListed', `the files in ${directory} cannot be listed: ${why}`);
}
