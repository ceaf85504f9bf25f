import { randomBytes } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { ReasonedError, reasonOf } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import { UNFINISHED } from './layout';
import { endOtherTars } from './other-tars';
import { readAtMost, withOwnFile } from './regular-file';
import { volumeError, volumeErrorIn } from './volume-errors';

/**
 * Extended attributes carry overlayfs' opaque directories and file capabilities, and whiteouts are character devices.
 * Measured with GNU tar 1.34: whiteouts, opaque directories, capabilities, hard links and nanosecond times survive with
 * these options. Without --xattrs deleted files of the image would reappear on the target.
 */
const FAITHFUL = ['--xattrs', '--xattrs-include=*', '--acls', '--sparse', '--numeric-owner', '--format=posix'];

/** What says that a tar of ours works on this layer: it is looked for in the command lines of all processes. */
const layerOption = (upperDirectory: string): string => `--directory=${upperDirectory}`;

/** True when the container changed no file of its image. */
export async function isLayerEmpty(upperDirectory: string): Promise<boolean> {
  return (await readdir(upperDirectory)).length === 0;
}

/**
 * Writes all changed and deleted files of a frozen container into an archive, which appears as a whole: a tar that an
 * earlier life of the agent left behind is ended, and if it cannot be, it writes to another file.
 * @throws ReasonedError WritableLayerNotSaved, or with a VolumeFault as reason
 */
export async function saveLayer(
  run: CommandRunner,
  upperDirectory: string,
  archive: string,
  timeoutMs: number,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<void> {
  const prefix = `${UNFINISHED}${basename(archive)}-`;
  const temporary = join(dirname(archive), `${prefix}${randomBytes(6).toString('hex')}`);
  await endOtherTars(layerOption(upperDirectory), clock);
  try {
    await removeEarlier(dirname(archive), prefix);
    await tar(run, ['--create', ...FAITHFUL, `--file=${temporary}`, layerOption(upperDirectory), '.'], timeoutMs, {
      archive: temporary,
      reason: 'WritableLayerNotSaved',
      message: 'the files that the container changed could not be written to the shared volume',
    });
    await rename(temporary, archive);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw volumeError(archive, error);
  }
}

/**
 * Unpacks the archive into the layer of a container that was never started: overlayfs does not see files that appear
 * beneath a mounted layer. Can be repeated; never runs beside a tar that an earlier life of the agent left behind.
 *
 * The archive is guarded by the manifest, in which its digest is: nobody but the source's agent has written it. Beyond
 * that nothing is written outside of the layer: GNU tar refuses names with `..`, makes symlinks that lead out of the
 * directory last, and links only to what it has unpacked. Devices are unpacked: the container has made them.
 * @throws ReasonedError WritableLayerNotApplied, or with a VolumeFault as reason
 */
export async function applyLayer(
  run: CommandRunner,
  archive: string,
  upperDirectory: string,
  timeoutMs: number,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<void> {
  const failure = {
    archive,
    reason: 'WritableLayerNotApplied',
    message: 'the files that the container changed could not be unpacked on the target',
  };
  await requirePlainArchive(archive);
  if ((await endOtherTars(layerOption(upperDirectory), clock)) > 0) {
    throw new ReasonedError(
      failure.reason,
      `${failure.message}: an earlier tar still unpacks there and cannot be killed`,
    );
  }
  const names = ['--extract', ...FAITHFUL, '--preserve-permissions', '--same-owner'];
  const stderr = await tar(run, [...names, `--file=${archive}`, layerOption(upperDirectory)], timeoutMs, failure);
  // It leaves the leading / or ../ away and goes on; but an archive of ours holds no such name.
  if (!stderr.includes('Removing leading')) return;
  throw new ReasonedError(
    failure.reason,
    `${failure.message}: the archive holds names that lead out of the container`,
    {
      logTail: stderr.slice(-4000),
    },
  );
}

/** Those of agents that were killed. */
async function removeEarlier(directory: string, prefix: string): Promise<void> {
  const earlier = (await readdir(directory)).filter((name) => name.startsWith(prefix));
  for (const name of earlier) await rm(join(directory, name), { force: true });
}

const TAR_BLOCK_BYTES = 512;
const TAR_CHECKSUM = { start: 148, end: 156 } as const;

/**
 * tar would wait for ever for a FIFO, and unpack whatever it recognises as compressed to any size. What begins with a
 * header whose sum is right (posix ustar) it takes for what it is.
 */
async function requirePlainArchive(archive: string): Promise<void> {
  let block: Buffer;
  try {
    block = await withOwnFile(archive, (file) => readAtMost(file, TAR_BLOCK_BYTES));
  } catch (error) {
    if (reasonOf(error, '') === 'NotARegularFile')
      throw new ReasonedError('CheckpointCorrupt', `${archive} is no file`);
    throw volumeError(archive, error);
  }
  if (block.length === TAR_BLOCK_BYTES && hasTarChecksum(block)) return;
  throw new ReasonedError('CheckpointCorrupt', `${archive} is not a plain tar archive`);
}

function hasTarChecksum(header: Buffer): boolean {
  const { start, end } = TAR_CHECKSUM;
  const noted = Number.parseInt(header.toString('latin1', start, end), 8);
  // The sum is taken with blanks in its own place.
  return noted === header.fill(' ', start, end).reduce((total, byte) => total + byte, 0);
}

async function tar(
  run: CommandRunner,
  args: readonly string[],
  timeoutMs: number,
  failure: { readonly archive: string; readonly reason: string; readonly message: string },
): Promise<string> {
  // Its words are read: they must not be in the language of the node.
  const { exitCode, stderr } = await run.run('env', ['LC_ALL=C', 'tar', ...args], { timeoutMs });
  if (exitCode === 0) return stderr;
  // The last only says that it gives up.
  const firstLine = stderr.split('\n').find((line) => !line.includes('Removing leading')) ?? '';
  throw (
    volumeErrorIn(failure.archive, stderr) ??
    new ReasonedError(failure.reason, `${failure.message}: ${firstLine}`, { logTail: stderr.slice(-4000) })
  );
}
