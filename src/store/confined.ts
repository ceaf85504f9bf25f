import { lstat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { TerminalError } from '../runtime/errors';

/**
 * The directories from below the root down to the path.
 * @throws TerminalError `PathNotConfined` for a path that is not below the root
 */
export function waypoints(root: string, path: string): string[] {
  const names = relative(root, path).split(sep);
  if (isAbsolute(names.join(sep)) || names.some((name) => name === '' || name === '..')) {
    throw new TerminalError('PathNotConfined', `${path} does not lie below ${root}`);
  }
  return names.map((_name, index) => join(root, ...names.slice(0, index + 1)));
}

/** @throws TerminalError `PathNotConfined` when the path is anything else, a symlink to a directory for instance. */
export async function requireDirectory(path: string): Promise<void> {
  if ((await lstat(path)).isDirectory()) return;
  throw new TerminalError('PathNotConfined', `${path} is not a directory; remove it, it does not belong on the volume`);
}

/**
 * Looks that neither the path nor anything on the way to it from the root is a symlink. One that is missing is well:
 * there is nothing to follow.
 * @throws TerminalError `PathNotConfined`
 * @throws the error of the file call
 */
export async function requireConfined(root: string, path: string): Promise<void> {
  for (const directory of waypoints(root, path)) {
    try {
      await requireDirectory(directory);
    } catch (error) {
      if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return;
      throw error;
    }
  }
}
