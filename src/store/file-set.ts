import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonedError } from '../runtime/errors';
import { UNFINISHED } from './files';
import { MANIFEST, WORK } from './layout';

/** Enough to keep the file server and the CPU busy at once. */
const AT_ONCE = 4;

/**
 * The paths of all files that make up a checkpoint, below its directory, sorted. Neither the manifest nor the logs are
 * among them.
 * @throws ReasonedError `CheckpointCorrupt` for anything that is neither a file nor a directory
 */
export async function listFiles(directory: string): Promise<string[]> {
  const files: string[] = [];
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of await readdir(join(directory, below), { withFileTypes: true })) {
      if (below === '' && isApart(entry.name)) continue;
      const path = join(below, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile()) files.push(path);
      else throw new ReasonedError('CheckpointCorrupt', `${path} in ${directory} is not a regular file`);
    }
  }
  return files.sort();
}

function isApart(name: string): boolean {
  return name === MANIFEST || name === WORK || name.startsWith(UNFINISHED);
}

/**
 * Does the work for every item, several at once, and returns the results in the order of the items. After a failure no
 * further item is begun; rejects when those that had begun are done.
 */
export async function mapAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    for (let index = begun++; index < items.length; index = begun++) {
      try {
        results[index] = await work(items[index] as T);
      } catch (error) {
        begun = items.length;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return results;
}
