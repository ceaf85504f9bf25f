import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { ReasonedError, describeError } from '../runtime/errors';
import type { FileDigest } from './digest';
import { ensureDirectory, makeEmptyDirectory, removeDirectory } from './files';
import { UNFINISHED } from './layout';
import type { LogCopy } from './log-copy';
import { copyLogFile, digestOfCopy } from './log-copy';
import type { ContainerLogs, LogFile } from './log-files';
import { carriedName, listLogFiles } from './log-files';
import { volumeError } from './volume-errors';

/**
 * What a container wrote before it was frozen passes through a pipe, containerd's shim, a FIFO and dockerd, all of which
 * go on working: the log is complete when it has not been written to for this long. The dump takes longer, so that
 * there is hardly ever anything to wait for.
 */
const QUIET_MS = 50;
/** Whoever writes for longer than this is not the container: it stands still. */
const QUIET_WITHIN_MS = 2_000;

/** Where the log files of one container go, and what keeps them from going there. */
export interface SaveLogsOptions {
  /** Of the volume. */
  readonly root: string;
  /** Below the root; holds nothing else. */
  readonly directory: string;
  readonly clock: Clock;
  /** Once it is aborted, nothing more is written. */
  readonly signal: AbortSignal;
}

/**
 * The log files of one container on the volume, brought there in pieces: most of it while the container runs, and what
 * it has written since when it stands still. What has been copied is known to this life of the agent alone; the next
 * one, and a try after a failure, copy everything anew.
 */
export class LogSaver {
  #copies: readonly LogCopy[] = [];

  /**
   * Copies what a running container has written so far. What is rotated meanwhile is left for later.
   * @throws ReasonedError LogsNotSaved, PathNotConfined, or with a VolumeFault as reason
   */
  async saveAhead(logs: ContainerLogs, options: SaveLogsOptions): Promise<void> {
    await this.#copy(logs, await list(logs), true, options);
  }

  /**
   * Completes the copies when the container stands still and dockerd has written all that it had read from it; there is
   * no directory when there are no logs.
   * @throws ReasonedError LogsNotSaved, PathNotConfined, or with a VolumeFault as reason
   */
  async save(logs: ContainerLogs | undefined, options: SaveLogsOptions): Promise<void> {
    const { root, directory, clock, signal } = options;
    const giveUpAt = clock.monotonic() + QUIET_WITHIN_MS;
    let files = logs === undefined ? [] : await quietFiles(logs, giveUpAt, options);
    signal.throwIfAborted();
    if (logs === undefined || files.length === 0) {
      this.#copies = [];
      // What somebody else put there would be published, and put in place on the target.
      return removeDirectory(root, directory);
    }
    for (;;) {
      await this.#copy(logs, files, false, options);
      files = await list(logs);
      if (this.#holds(logs, files, { whole: true })) return;
      if (clock.monotonic() <= giveUpAt) continue;
      // What is still written is not the container's; a file with another name by now would be missing, or there twice.
      if (this.#holds(logs, files, { whole: false })) return;
      throw new ReasonedError('LogsNotSaved', `the container's log ${logs.path} is rotated all the time`);
    }
  }

  /** What was copied, as it was written, by its path in the checkpoint's directory of logs. */
  digests(): ReadonlyMap<string, FileDigest> {
    return new Map(this.#copies.map((copy) => [copy.name, digestOfCopy(copy)]));
  }

  async #copy(
    logs: ContainerLogs,
    files: readonly LogFile[],
    durably: boolean,
    { root, directory, signal }: SaveLogsOptions,
  ): Promise<void> {
    const known = this.#copies;
    // Until all of it has succeeded nobody knows what lies there.
    this.#copies = [];
    // One that was renamed while it was looked for may have been found twice.
    const once = files.filter(({ identity }, index) => index === files.findIndex((file) => file.identity === identity));
    const orders = once.map(({ suffix, identity }) => {
      const name = carriedName(logs.driver, suffix);
      return { from: logs.path + suffix, identity, directory, name, signal, durably };
    });
    const kept = orders.flatMap(({ name, identity }) => {
      const copy = known.find((one) => one.identity === identity);
      return copy === undefined ? [] : [{ ...copy, from: copy.name, name }];
    });
    await arrange(root, directory, kept);
    const copies: LogCopy[] = [];
    for (const order of orders) {
      const copy = await copyLogFile(
        order,
        kept.find(({ name }) => name === order.name),
      );
      if (copy !== undefined) copies.push(copy);
    }
    this.#copies = copies;
  }

  /** Whether these are the files that were copied, under these names; `whole`: each up to its end. */
  #holds({ driver }: ContainerLogs, files: readonly LogFile[], { whole }: { readonly whole: boolean }): boolean {
    if (files.length !== this.#copies.length) return false;
    return files.every(({ suffix, identity, sizeBytes }) => {
      const copy = this.#copies.find(({ name }) => name === carriedName(driver, suffix));
      return copy?.identity === identity && (!whole || copy.sizeBytes === sizeBytes);
    });
  }
}

/** Gives copies of files that were rotated their new names, and removes everything else. */
async function arrange(
  root: string,
  directory: string,
  kept: readonly { readonly from: string; readonly name: string }[],
): Promise<void> {
  if (kept.length === 0) return makeEmptyDirectory(root, directory);
  await ensureDirectory(root, directory);
  try {
    for (const name of await readdir(directory)) {
      if (kept.every(({ from }) => from !== name)) await rm(join(directory, name), { recursive: true, force: true });
    }
    const moved = kept.filter(({ from, name }) => from !== name);
    // By a name that none has: one takes the name that another one leaves.
    const meanwhile = (name: string): string => join(directory, UNFINISHED + name);
    for (const { from, name } of moved) await rename(join(directory, from), meanwhile(name));
    for (const { name } of moved) await rename(meanwhile(name), join(directory, name));
  } catch (error) {
    throw volumeError(directory, error);
  }
}

/** The log's files when dockerd has written all that it had read from the container. */
async function quietFiles(
  logs: ContainerLogs,
  giveUpAt: number,
  { clock, signal }: SaveLogsOptions,
): Promise<readonly LogFile[]> {
  for (;;) {
    const files = await list(logs);
    const quietMs = clock.now() - Math.max(0, ...files.map(({ modifiedMs }) => modifiedMs));
    if (quietMs >= QUIET_MS || clock.monotonic() > giveUpAt) return files;
    await clock.sleep(Math.min(QUIET_MS - quietMs, QUIET_MS), signal);
  }
}

async function list(logs: ContainerLogs): Promise<readonly LogFile[]> {
  try {
    return await listLogFiles(logs);
  } catch (error) {
    const message = `the container's log ${logs.path} could not be read: ${describeError(error)}`;
    throw new ReasonedError('LogsNotSaved', message, { cause: error });
  }
}
