import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { ReasonedError, reasonOf } from '../runtime/errors';
import type { CommandOptions, CommandRunner } from '../runtime/exec';
import type { Pace } from '../runtime/pace';
import { paced } from '../runtime/pace';
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

const NAMES_FROM_INPUT = ['--no-recursion', '--null', '--verbatim-files-from', '--files-from=-'];
/** Excludes the directory itself, and by the first nothing that is beneath it. */
const WITHOUT_ROOT = ['--no-recursion', '--anchored', '--no-wildcards', '--exclude=.'];

/** What says that a tar of ours works on this directory: it is looked for in the command lines of all processes. */
const directoryOption = (directory: string): string => `--directory=${directory}`;

/** A directory of the node, and the archive of its files on the shared volume. */
export interface ArchivedDirectory {
  readonly directory: string;
  readonly archive: string;
  /** Where the archive is written before it is complete, on the same file system; beside it when absent. */
  readonly scratch?: string;
}

/** How a failure is told that is none of the volume's. */
export interface ArchiveOptions {
  readonly reason: string;
  readonly message: string;
  readonly clock?: Clock;
}

/** What is packed. */
export interface PackOptions extends ArchiveOptions {
  /** The directory is written to meanwhile: files that change or vanish while tar reads them are no failure. */
  readonly isLive?: boolean;
  /** Only these names, each ended by a NUL, below the directory and without what is beneath them; all when absent. */
  readonly names?: Uint8Array;
  /** How fast the archive may be written; as fast as it can when absent. */
  readonly pace?: Pace;
}

/** What is unpacked. */
export interface UnpackOptions extends ArchiveOptions {
  /** The directory itself keeps its owner, mode and attributes. */
  readonly isWithoutRoot?: boolean;
}

/**
 * Writes all files of a directory into an archive, which appears as a whole: a tar that an earlier life of the agent left
 * behind is ended, and if it cannot be, it writes to another file.
 * @throws ReasonedError with the reason that is given, or with a VolumeFault as reason
 */
export async function packDirectory(
  run: CommandRunner,
  { directory, archive, scratch = dirname(archive) }: ArchivedDirectory,
  timeoutMs: number,
  { reason, message, clock = systemClock, isLive = false, names, pace }: PackOptions,
): Promise<void> {
  const prefix = `${UNFINISHED}${basename(archive)}-`;
  const temporary = join(scratch, `${prefix}${randomBytes(6).toString('hex')}`);
  await endOtherTars(directoryOption(directory), clock);
  try {
    await removeEarlier(scratch, prefix);
    const args = [
      '--create',
      ...FAITHFUL,
      `--file=${pace === undefined ? temporary : '-'}`,
      directoryOption(directory),
    ];
    const output = pace === undefined ? {} : { output: writerOf(temporary, pace) };
    const failure = { archive: temporary, reason, message, isLive };
    if (names === undefined) await tar(run, [...args, '.'], { timeoutMs, ...output }, failure);
    else await tar(run, [...args, ...NAMES_FROM_INPUT], { timeoutMs, input: names, ...output }, failure);
    await rename(temporary, archive);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw volumeError(archive, error);
  }
}

/** Writes what tar gives to a file, for nobody else to read. */
function writerOf(path: string, pace: Pace): NonNullable<CommandOptions['output']> {
  return async (content, signal) => {
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        for await (const piece of paced(content, pace, signal)) await file.writeFile(piece);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw volumeError(path, error);
    }
  };
}

/**
 * Unpacks the archive into a directory that nothing has mounted. Can be repeated; never runs beside a tar that an earlier
 * life of the agent left behind.
 *
 * The archive is guarded by the manifest, in which its digest is: nobody but the source's agent has written it. Beyond
 * that nothing is written outside of the directory: GNU tar refuses names with `..`, makes symlinks that lead out of the
 * directory last, and links only to what it has unpacked. Devices are unpacked: the container has made them.
 * @throws ReasonedError with the reason that is given, or with a VolumeFault as reason
 */
export async function unpackDirectory(
  run: CommandRunner,
  { directory, archive }: ArchivedDirectory,
  timeoutMs: number,
  { reason, message, clock = systemClock, isWithoutRoot = false }: UnpackOptions,
): Promise<void> {
  const failure = { archive, reason, message };
  await requirePlainArchive(archive);
  if ((await endOtherTars(directoryOption(directory), clock)) > 0) {
    throw new ReasonedError(reason, `${message}: an earlier tar still unpacks there and cannot be killed`);
  }
  const names = ['--extract', ...FAITHFUL, '--preserve-permissions', '--same-owner'];
  const args = [...names, `--file=${archive}`, directoryOption(directory), ...(isWithoutRoot ? WITHOUT_ROOT : [])];
  const stderr = await tar(run, args, { timeoutMs }, failure);
  // It leaves the leading / or ../ away and goes on; but an archive of ours holds no such name.
  if (!stderr.includes('Removing leading')) return;
  throw new ReasonedError(reason, `${message}: the archive holds names that lead out of the container`, {
    logTail: stderr.slice(-4000),
  });
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

/** What tar ends with when files changed or vanished while it read them, and all else went well. */
const SOME_FILES_DIFFER = 1;

async function tar(
  run: CommandRunner,
  args: readonly string[],
  options: CommandOptions,
  failure: {
    readonly archive: string;
    readonly reason: string;
    readonly message: string;
    readonly isLive?: boolean;
  },
): Promise<string> {
  // Its words are read: they must not be in the language of the node.
  const { exitCode, stderr } = await run.run('env', ['LC_ALL=C', 'tar', ...args], options);
  if (exitCode === 0 || (failure.isLive === true && exitCode === SOME_FILES_DIFFER)) return stderr;
  // The last only says that it gives up.
  const firstLine = stderr.split('\n').find((line) => !line.includes('Removing leading')) ?? '';
  throw (
    volumeErrorIn(failure.archive, stderr) ??
    new ReasonedError(failure.reason, `${failure.message}: ${firstLine}`, { logTail: stderr.slice(-4000) })
  );
}
