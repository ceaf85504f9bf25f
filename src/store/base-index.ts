import { parseUntrustedJson } from '../runtime/untrusted-json';
import type { TarMember } from './tar-members';
import type { TreeEntry, TreeListing } from './tree-listing';

/** What the base archive of a tree holds at a path. */
export interface IndexEntry {
  /** As in TreeEntry. */
  readonly type: string;
  /** What was listed of it before it was read; '' when what was read cannot be relied on. */
  readonly record: string;
  /** The names of a directory's extended attributes. */
  readonly xattrs: readonly string[];
}

/** By path, in the order of the archive: each directory before what is beneath it. */
export type BaseIndex = ReadonlyMap<string, IndexEntry>;

/** The kernel stamps changes with a clock that lags, and some file systems with whole seconds. */
const CLOCK_GRAIN_MS = 2_000;
/** A write is stamped when it begins, and may last as long as a slow disk needs for the whole file. */
const SLOWEST_BYTES_PER_MS = 4 * 1024;

const TYPE_OF: Readonly<Record<string, string>> = { '0': 'f', '2': 'l', '3': 'c', '4': 'b', '5': 'd', '6': 'p' };

/**
 * What a base archive holds, and what of it can be told by its stamps to be unchanged later: what has the same inode and
 * the same stamps as before it was read, and was not being changed just then.
 * @param listing of the tree, before the archive was made
 * @param beganMs when that began, by the clock that stamps the files
 * @returns undefined when the archive holds something twice, which a tree may bring about that is rearranged meanwhile
 */
export function indexBase(listing: TreeListing, members: readonly TarMember[], beganMs: number): BaseIndex | undefined {
  const index = new Map<string, IndexEntry>();
  for (const { path, type: tarType, linkPath, changedAt, xattrs } of members) {
    const type = tarType === '1' ? index.get(linkPath)?.type : TYPE_OF[tarType];
    if (type === undefined || index.has(path)) return undefined;
    const listed = listing.get(path);
    const isReliable =
      listed?.type === type && isSettled(listed, beganMs) && sameInstant(listed.changedAt, changedAt ?? '');
    index.set(path, { type, record: isReliable ? listed.record : '', xattrs: type === 'd' ? xattrs : [] });
  }
  // The tree's own directory is never taken from the base.
  index.delete('');
  return index;
}

function isSettled({ changedAt, sizeBytes }: TreeEntry, beganMs: number): boolean {
  return Number(changedAt) * 1000 < beganMs - CLOCK_GRAIN_MS - sizeBytes / SLOWEST_BYTES_PER_MS;
}

/** find prints ten digits behind the point, tar nine at most. */
function sameInstant(one: string, other: string): boolean {
  const digits = (time: string): string => (time.includes('.') ? time.replace(/\.?0*$/, '') : time);
  return digits(one) === digits(other);
}

/** What must be done to the base of a tree to make it what the tree is now. */
export interface Difference {
  /** Paths that are gone, or are of another type now; what is beneath a directory before it. */
  readonly gone: readonly string[];
  /** What must be packed, in the order of the listing: all directories, and every other file that is not as it was. */
  readonly packed: readonly string[];
}

/** Compares a tree that stands still with what its base holds. Pure. */
export function compareWithBase(index: BaseIndex, now: TreeListing): Difference {
  // All names of a file together: a hard link is packed with what it is one to.
  const changed = new Set<string>();
  for (const [path, { type, inode, record }] of now) {
    if (type !== 'd' && index.get(path)?.record !== record) changed.add(inode);
  }
  return {
    gone: [...index]
      .filter(([path, { type }]) => now.get(path)?.type !== type)
      .map(([path]) => path)
      .reverse(),
    packed: [...now].filter(([, { type, inode }]) => type === 'd' || changed.has(inode)).map(([path]) => path),
  };
}

/**
 * Whether a directory has lost an extended attribute since the base: tar sets attributes and takes none away.
 * @param members of the archive of the difference
 */
export function lostXattrs(index: BaseIndex, members: readonly TarMember[]): boolean {
  return members.some(({ path, type, xattrs }) => {
    const before = index.get(path);
    return type === '5' && before?.type === 'd' && before.xattrs.some((name) => !xattrs.includes(name));
  });
}

/** The text of an index. */
export function formatIndex(index: BaseIndex): string {
  return JSON.stringify([...index].map(([path, { type, record, xattrs }]) => [path, type, record, ...xattrs]));
}

/** Reads a text that is known to be one of ours, by its digest. @throws SyntaxError, TypeError */
export function parseIndex(text: string): BaseIndex {
  const value = parseUntrustedJson(text);
  if (!Array.isArray(value)) throw new TypeError('the index of a base is no list');
  return new Map(
    (value as unknown[]).map((entry) => {
      const [path, type, record, ...xattrs] = Array.isArray(entry) ? (entry as unknown[]).map(String) : [];
      if (path === undefined || type === undefined || record === undefined) throw new TypeError('an entry has no path');
      return [path, { type, record, xattrs }];
    }),
  );
}
