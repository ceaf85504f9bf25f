import { opendir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReasonedError } from '../runtime/errors';
import { MAX_FILES, isApart } from './layout';

/** Enough to keep the file server and the CPU busy at once. */
const AT_ONCE = 8;

/** What lies in a checkpoint's directory, below it and sorted, but for the manifest and the logs. */
export interface FileSet {
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

/**
 * All files that make up a checkpoint. Reads no more entries than a checkpoint may have.
 * @throws ReasonedError `CheckpointCorrupt` for anything that is neither a file nor a directory, and for too many
 */
export async function listFiles(directory: string, maxEntries = MAX_FILES): Promise<FileSet> {
  const files: string[] = [];
  const directories: string[] = [];
  /** @returns the directories in it */
  const list = async (below: string): Promise<string[]> => {
    const inside: string[] = [];
    for await (const entry of await opendir(join(directory, below))) {
      if (below === '' && isApart(entry.name)) continue;
      const path = join(below, entry.name);
      if (entry.isDirectory()) inside.push(path);
      else if (entry.isFile()) files.push(path);
      else throw new ReasonedError('CheckpointCorrupt', `${path} in ${directory} is not a regular file`);
      if (entry.isDirectory()) directories.push(path);
      if (files.length + directories.length > maxEntries) {
        throw new ReasonedError('CheckpointCorrupt', `${directory} holds more than ${maxEntries} files`);
      }
    }
    return inside;
  };
  for (let level = ['']; level.length > 0;) level = (await mapAtOnce(level, list)).flat();
  return { files: files.sort(), directories: directories.sort() };
}

/** All directories, at whatever depth, in which these files lie. */
export function directoriesOf(files: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of files) {
    for (let parent = dirname(file); parent !== '.' && !found.has(parent); parent = dirname(parent)) found.add(parent);
  }
  return found;
}

/**
 * Does the work for every item, several at once, and returns the results in the order of the items. After a failure no
 * further item is begun; rejects when those that had begun are done.
 */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce = AT_ONCE,
): Promise<R[]> {
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
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  const failure = ends.find((end) => end.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return results;
}
