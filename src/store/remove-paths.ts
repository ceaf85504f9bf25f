import { lstat } from 'node:fs/promises';
import { posix } from 'node:path';
import { ReasonedError, hasCode } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';

export interface RemoveOptions {
  readonly timeoutMs: number;
  readonly reason: string;
  readonly message: string;
  /** What stays if it is a directory: it has taken the place of something else already, when this is repeated. */
  readonly directories: ReadonlySet<string>;
}

/**
 * Removes files and empty directories below a directory that nobody else changes meanwhile. Never through a symlink: what
 * lies behind one is left alone, and so is what is gone already. By a program of the node, as an agent in a pod may only
 * read there.
 * @param paths below the directory, each character a byte; what is beneath a directory before it
 * @throws ReasonedError with the reason that is given
 */
export async function removePaths(
  run: CommandRunner,
  directory: string,
  paths: readonly string[],
  { timeoutMs, reason, message, directories }: RemoveOptions,
): Promise<void> {
  const isReal = createLook(directory);
  const names: Buffer[] = [];
  for (const path of paths) {
    const isThere = await isReal(posix.dirname(path));
    if (!isThere || (directories.has(path) && (await isReal(path)))) continue;
    names.push(absolute(directory, path), Buffer.from([0]));
  }
  if (names.length === 0) return;
  const args = ['LC_ALL=C', 'xargs', '--null', 'rm', '--force', '--dir', '--'];
  const { exitCode, stderr } = await run.run('env', args, { timeoutMs, input: Buffer.concat(names) });
  if (exitCode !== 0) throw new ReasonedError(reason, `${message}: ${stderr.slice(-300)}`);
}

/** Looks whether a path below the directory, and each on the way to it, is a directory; at each once. */
function createLook(directory: string): (path: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>([['.', Promise.resolve(true)]]);
  const look = (path: string): Promise<boolean> => {
    const found =
      known.get(path) ?? look(posix.dirname(path)).then((isReal) => isReal && isDirectory(absolute(directory, path)));
    known.set(path, found);
    return found;
  };
  return look;
}

async function isDirectory(path: Buffer): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}

function absolute(directory: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, 'latin1')]);
}
