import { randomBytes } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReasonedError, describeError } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import { mapAtOnce } from './file-set';
import { LOG_MODE } from './log-copy';
import type { CarriedLog, ContainerLogs } from './log-files';
import { volumeErrorIn } from './volume-errors';

/** Names of this prefix, in the directory of a container's log, are copies that are not finished. */
const UNFINISHED = '.transship-';
const MODE_BITS = 0o7777;

/**
 * Puts log files of a checkpoint in the place of those of a container that was created and never started: Docker
 * appends to them. Can be repeated until that start. A copy that an earlier life of the agent left running writes to
 * another file.
 *
 * By programs of the node: an agent in a pod can only read Docker's files. Nothing on the volume is followed, and what
 * has been copied is looked at before it gets a name that Docker knows.
 * @param directory of the checkpoint
 * @throws ReasonedError LogsNotPlaced, CheckpointCorrupt, or with a VolumeFault as reason
 */
export async function placeLogs(
  run: CommandRunner,
  directory: string,
  files: readonly CarriedLog[],
  logs: ContainerLogs,
  timeoutMs: number,
): Promise<void> {
  await requireContainerDirectory(logs);
  const into = dirname(logs.path);
  if (into !== logs.containerDirectory)
    await execute(run, ['mkdir', '--parents', '--mode=0700', '--', into], timeoutMs);
  await removeUnfinished(run, into, timeoutMs);
  await mapAtOnce(files, async ({ path, suffix, sizeBytes }) => {
    const from = join(directory, path);
    const temporary = join(into, `${UNFINISHED}${randomBytes(6).toString('hex')}`);
    // A symlink is copied as one, and a FIFO is not waited for: neither passes the look.
    const options = ['--recursive', '--no-dereference', '--preserve=mode', '--no-target-directory'];
    await execute(run, ['cp', ...options, '--', from, temporary], timeoutMs, from);
    if (!(await isAsExpected(temporary, sizeBytes))) {
      await execute(run, ['rm', '--recursive', '--force', '--', temporary], timeoutMs);
      throw new ReasonedError('CheckpointCorrupt', `${from} is not the file that was verified a moment ago`);
    }
    await execute(run, ['mv', '--force', '--no-target-directory', '--', temporary, logs.path + suffix], timeoutMs);
  });
}

async function isAsExpected(path: string, sizeBytes: number): Promise<boolean> {
  const found = await lstat(path);
  return found.isFile() && found.size === sizeBytes && (found.mode & MODE_BITS) === LOG_MODE;
}

async function requireContainerDirectory({ containerDirectory }: ContainerLogs): Promise<void> {
  let what: string;
  try {
    if ((await lstat(containerDirectory)).isDirectory()) return;
    what = 'is not a directory';
  } catch (error) {
    what = `cannot be looked at: ${describeError(error)}`;
  }
  throw notPlaced(`${containerDirectory}, where Docker should keep the new container's log, ${what}`);
}

/** Copies of agents that were killed. */
async function removeUnfinished(run: CommandRunner, directory: string, timeoutMs: number): Promise<void> {
  const left = (await readdir(directory)).filter((name) => name.startsWith(UNFINISHED));
  if (left.length === 0) return;
  const paths = left.map((name) => join(directory, name));
  await execute(run, ['rm', '--recursive', '--force', '--', ...paths], timeoutMs);
}

/** @param onVolume the file that the program reads from the volume, when it does */
async function execute(
  run: CommandRunner,
  command: readonly string[],
  timeoutMs: number,
  onVolume?: string,
): Promise<void> {
  // Its words are read: they must not be in the language of the node.
  const { exitCode, stderr } = await run.run('env', ['LC_ALL=C', ...command], { timeoutMs });
  if (exitCode === 0) return;
  const fault = onVolume === undefined ? undefined : volumeErrorIn(onVolume, stderr);
  throw fault ?? notPlaced(stderr.trim(), stderr);
}

function notPlaced(why: string, logTail?: string): ReasonedError {
  const message = `the log of the container could not be put in place on the target: ${why}`;
  return new ReasonedError('LogsNotPlaced', message, logTail === undefined ? {} : { logTail });
}
