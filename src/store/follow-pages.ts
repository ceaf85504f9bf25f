import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { sleptThrough } from '../runtime/deadline';
import type { FileDigest } from './digest';
import { withOwnFile } from './regular-file';

const CHUNK_BYTES = 1024 * 1024;
/** A small container is dumped by then: nothing is gained, and CRIU has the CPU for itself. */
const FIRST_LOOK_MS = 200;
/** How often is looked whether CRIU has written more. */
const LOOK_MS = 10;
/** CRIU numbers the files in the order in which it writes them, each to its end. */
const PAGES = /^pages-(\d+)\.img$/;

/**
 * Takes the digests of the files to which CRIU dumps memory, while it writes them: it only ever appends, one file after the
 * other (CRIU 4.2.1), and what was just written is in the page cache. Of a file that changes afterwards the size tells, or
 * the target finds out.
 * @param directory of the images; ours, made empty before the dump
 * @param done is aborted when the dump has ended
 * @returns by the name of the file; files that were not read to their end are missing
 */
export async function followPages(
  directory: string,
  done: AbortSignal,
  clock: Clock,
): Promise<ReadonlyMap<string, FileDigest>> {
  const digests = new Map<string, FileDigest>();
  // A dump that took no longer than that has left nothing that is worth it.
  if (!(await sleptThrough(clock, FIRST_LOOK_MS, done))) return digests;
  for (;;) {
    // In this order: what was written before its end is seen by the look after it.
    const isLast = done.aborted;
    const next = (await pagesIn(directory)).find((name) => !digests.has(name));
    if (next !== undefined) {
      const isFollowed = async (): Promise<boolean> => (await pagesIn(directory)).at(-1) !== next;
      const path = join(directory, next);
      const [digest, ino] = await withOwnFile(path, async (file, stats) => {
        return [await follow(file, isFollowed, done, clock), stats.ino] as const;
      });
      // What an earlier dump left may have been removed only now.
      if ((await lstat(path)).ino === ino) digests.set(next, digest);
    } else if (isLast) return digests;
    else await sleptThrough(clock, LOOK_MS, done);
  }
}

async function pagesIn(directory: string): Promise<string[]> {
  const numberOf = (name: string): number => Number(PAGES.exec(name)?.[1]);
  return (await readdir(directory)).filter((name) => PAGES.test(name)).toSorted((a, b) => numberOf(a) - numberOf(b));
}

/** @param isFollowed whether there is a later file, before which CRIU has ended this one */
async function follow(
  file: FileHandle,
  isFollowed: () => Promise<boolean>,
  done: AbortSignal,
  clock: Clock,
): Promise<FileDigest> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let sizeBytes = 0;
  for (;;) {
    const isComplete = done.aborted || (await isFollowed());
    for (let bytesRead = -1; bytesRead !== 0;) {
      ({ bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, sizeBytes));
      hash.update(buffer.subarray(0, bytesRead));
      sizeBytes += bytesRead;
    }
    if (isComplete) return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
    await sleptThrough(clock, LOOK_MS, done);
  }
}
