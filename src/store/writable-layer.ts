import { readdir } from 'node:fs/promises';
import { ReasonedError } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';

/**
 * Extended attributes carry overlayfs' opaque directories and file capabilities, and whiteouts are character devices.
 * Measured with GNU tar 1.34: whiteouts, opaque directories, capabilities, hard links and nanosecond times survive with
 * these options. Without --xattrs deleted files of the image would reappear on the target.
 */
const FAITHFUL = ['--xattrs', '--xattrs-include=*', '--acls', '--sparse', '--numeric-owner', '--format=posix'];

/** True when the container changed no file of its image. */
export async function isLayerEmpty(upperDirectory: string): Promise<boolean> {
  return (await readdir(upperDirectory)).length === 0;
}

/**
 * Writes all changed and deleted files of a frozen container into an archive.
 * @throws ReasonedError WritableLayerNotSaved
 */
export async function saveLayer(
  run: CommandRunner,
  upperDirectory: string,
  archive: string,
  timeoutMs: number,
): Promise<void> {
  await tar(run, ['--create', ...FAITHFUL, `--file=${archive}`, `--directory=${upperDirectory}`, '.'], timeoutMs, {
    reason: 'WritableLayerNotSaved',
    message: 'the files that the container changed could not be written to the shared volume',
  });
}

/**
 * Unpacks the archive into the layer of a container that was never started: overlayfs does not see files that appear
 * beneath a mounted layer. GNU tar refuses names that lead out of the directory.
 * @throws ReasonedError WritableLayerNotApplied
 */
export async function applyLayer(
  run: CommandRunner,
  archive: string,
  upperDirectory: string,
  timeoutMs: number,
): Promise<void> {
  const names = ['--extract', ...FAITHFUL, '--preserve-permissions', '--same-owner'];
  await tar(run, [...names, `--file=${archive}`, `--directory=${upperDirectory}`], timeoutMs, {
    reason: 'WritableLayerNotApplied',
    message: 'the files that the container changed could not be unpacked on the target',
  });
}

async function tar(
  run: CommandRunner,
  args: readonly string[],
  timeoutMs: number,
  failure: { readonly reason: string; readonly message: string },
): Promise<void> {
  const { exitCode, stderr } = await run.run('tar', args, { timeoutMs });
  if (exitCode === 0) return;
  const lastLine = stderr.trim().split('\n').at(-1) ?? '';
  throw new ReasonedError(failure.reason, `${failure.message}: ${lastLine}`, { logTail: stderr.slice(-4000) });
}
