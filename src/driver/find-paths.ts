import { lstat } from 'node:fs/promises';
import { reasonOf } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import type { FindPaths } from './dump-facts';
import { optional } from './processes';

/** A container's files are walked through once; one that has millions of them is given up. */
const TIMEOUT_MS = 10_000;

/** Looks for inodes with `find`, on the root's own file system alone. Those that are not found in time are left out. */
export function createFindPaths(commands: CommandRunner): FindPaths {
  return async (root, inodes) => {
    const tests = inodes.flatMap((inode, index) => [...(index === 0 ? [] : ['-o']), '-inum', String(inode)]);
    // With the slash it enters the link that /proc/PID/root is.
    const args = [`${root}/`, '-xdev', '(', ...tests, ')', '-print'];
    let found: string;
    try {
      // It ends with 1 when a directory vanished on its way, having said what it found.
      found = (await commands.run('find', args, { timeoutMs: TIMEOUT_MS })).stdout;
    } catch (error) {
      if (!['CommandTimedOut', 'CommandOutputTooLarge'].includes(reasonOf(error, ''))) throw error;
      return new Map();
    }
    const { dev } = await lstat(`${root}/`);
    const paths = new Map<number, string>();
    for (const path of found.split('\n').filter((line) => line.startsWith(`${root}/`))) {
      const stats = await optional(lstat(path));
      // What is mounted there is shown too, with an inode of its own file system.
      if (stats?.dev === dev && !paths.has(stats.ino)) paths.set(stats.ino, path.slice(root.length));
    }
    return paths;
  };
}
