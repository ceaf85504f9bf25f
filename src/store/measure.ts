import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_ARCHIVE, MAX_FILES } from './layout';

/** How much lies in a directory. */
export interface DirectorySize {
  readonly bytes: number;
  readonly files: number;
}

/**
 * Adds up the regular files below a directory while others write there, for a report of progress: what vanishes or
 * cannot be read meanwhile is left out, and so is an image's archive, which is no part of what is dumped; symlinks are
 * not followed, and after MAX_FILES entries it stops. Never rejects.
 */
export async function measureDirectory(path: string): Promise<DirectorySize> {
  let bytes = 0;
  let files = 0;
  let entries = 0;
  const pending = [path];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    try {
      for await (const entry of await opendir(directory)) {
        if (++entries > MAX_FILES) return { bytes, files };
        const child = join(directory, entry.name);
        if (entry.isDirectory()) pending.push(child);
        if (!entry.isFile() || (directory === path && entry.name === IMAGE_ARCHIVE)) continue;
        const size = await lstat(child).then(
          (stats) => stats.size,
          () => undefined,
        );
        if (size === undefined) continue;
        bytes += size;
        files++;
      }
    } catch {
      // Gone meanwhile, or not to be read: the figure is a report, not a decision.
    }
  }
  return { bytes, files };
}
