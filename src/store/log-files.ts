import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ReasonedError, hasCode } from '../runtime/errors';
import { LOGS } from './layout';
import type { ManifestFile } from './manifest-format';

/** The log drivers of Docker that write files beside the container: json-file is its default. */
export const FILE_LOG_DRIVERS = ['json-file', 'local'] as const;
export type FileLogDriver = (typeof FILE_LOG_DRIVERS)[number];

/** Where Docker keeps the log of one container. */
export interface ContainerLogs {
  readonly driver: FileLogDriver;
  /** The container's own directory, which Docker makes when it creates the container. */
  readonly containerDirectory: string;
  /**
   * The file that Docker appends to, opened with O_APPEND at each start (moby, loggerutils.NewLogFile): what lies there
   * is continued. Rotated ones are beside it: `.1` the newest, `.2`…; with `compress` they end in `.gz`.
   */
  readonly path: string;
}

/** One of the files that make up a log. */
export interface LogFile {
  /** What its name has behind that of the current file: `` | `.1` | `.2.gz`. */
  readonly suffix: string;
  readonly sizeBytes: number;
  /** When it was last written: ms since the epoch. */
  readonly modifiedMs: number;
  /** Stays when it is rotated to another name. */
  readonly identity: string;
}

/**
 * By what a file is known again under another name. With its birth, for the number of one that was removed is soon
 * another's; where the file system tells no birth, it is 0.
 */
export function identityOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return [dev, ino, birthtimeNs].join(':');
}

const SUFFIX = '(?:\\.[1-9][0-9]{0,3}(?:\\.gz)?)?';
const IS_SUFFIX = new RegExp(`^${SUFFIX}$`);
const CARRIED = new RegExp(`^${LOGS}/(${FILE_LOG_DRIVERS.join('|')})\\.log(${SUFFIX})$`);

/** The files of a log, of which there may be none. What else lies there, such as a symlink, is none of Docker's. */
export async function listLogFiles({ path }: ContainerLogs): Promise<readonly LogFile[]> {
  const current = basename(path);
  const names = await unlessMissing(readdir(dirname(path)), []);
  const suffixes = names
    .filter((name) => name.startsWith(current))
    .map((name) => name.slice(current.length))
    .filter((suffix) => IS_SUFFIX.test(suffix));
  const files: LogFile[] = [];
  for (const suffix of suffixes) {
    // Docker is just compressing it, or was killed at that: its own readers take the uncompressed one, too.
    if (suffixes.includes(suffix.replace(/\.gz$/, '')) && suffix.endsWith('.gz')) continue;
    // A rotation may have renamed it.
    const found = await unlessMissing(lstat(path + suffix, { bigint: true }), undefined);
    if (found?.isFile() !== true) continue;
    const { size, mtimeNs } = found;
    const modifiedMs = Number(mtimeNs) / 1_000_000;
    files.push({ suffix, sizeBytes: Number(size), modifiedMs, identity: identityOf(found) });
  }
  return files;
}

async function unlessMissing<T>(work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return otherwise;
    throw error;
  }
}

/** Name of a log file in a checkpoint's directory of logs: no container's ID is part of it. */
export function carriedName(driver: FileLogDriver, suffix: string): string {
  return `${driver}.log${suffix}`;
}

/** A log file in a checkpoint, and what its name shall have behind that of the new container's. */
export interface CarriedLog extends Pick<ManifestFile, 'path' | 'sizeBytes'> {
  readonly suffix: string;
}

/**
 * The log files that a manifest lists, for a container that logs by this driver.
 * @throws ReasonedError CheckpointCorrupt when anything else lies among them
 */
export function carriedLogs(files: readonly ManifestFile[], driver: FileLogDriver | undefined): readonly CarriedLog[] {
  return files
    .filter(({ path }) => path.startsWith(join(LOGS, '/')))
    .map(({ path, sizeBytes }) => {
      const [, writtenBy, suffix] = CARRIED.exec(path) ?? [];
      if (suffix === undefined || writtenBy !== driver) {
        const expected = driver === undefined ? 'no log' : `a log of the driver ${driver}`;
        throw new ReasonedError('CheckpointCorrupt', `the checkpoint holds ${path} where ${expected} is expected`);
      }
      return { path, sizeBytes, suffix };
    });
}
