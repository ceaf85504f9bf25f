import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { IMAGES, MANIFEST, WORK, parseAttemptName, parseMigrationName, parseNamespace } from './layout';
import { volumeError } from './volume-errors';

/** One attempt's directory, as it lies on the volume. */
export interface AttemptDirectory {
  readonly namespace: string;
  /** Of the object. */
  readonly name: string;
  /** The first 8 digits of the object's uid: no more of it is on the volume. */
  readonly uidPrefix: string;
  readonly attempt: number;
  /** False: the checkpoint was never finished. Whether it is the right one is not looked at. */
  readonly hasManifest: boolean;
  /** Since the last change to the directory that can be seen cheaply: below 0 when the server's clock is ahead. */
  readonly ageMs: number;
  /** The nodes that have worked in it: those with a directory for their logs. */
  readonly usedByNodes: readonly string[];
}

export interface FindOptions {
  readonly clock?: Clock;
  /** Of any kind that are looked at, before it stops; 20,000 when absent. */
  readonly maxEntries?: number;
  readonly signal?: AbortSignal;
}

const MAX_ENTRIES = 20_000;

/**
 * The directories of all attempts on the volume, for a sweep to judge which of them nobody needs any more. Never leaves
 * the volume: symlinks and whatever does not have one of our names are passed over, and so is what vanishes meanwhile.
 * @throws ReasonedError with a VolumeFault as reason, when the volume itself cannot be read
 */
export async function* findAttempts(root: string, options: FindOptions = {}): AsyncGenerator<AttemptDirectory> {
  const { clock = systemClock, maxEntries = MAX_ENTRIES, signal } = options;
  const budget = { left: maxEntries, signal };
  try {
    await lstat(root);
  } catch (error) {
    throw volumeError(root, error);
  }
  for await (const namespaceName of directoriesIn(root, budget)) {
    const namespace = parseNamespace(namespaceName);
    if (namespace === undefined) continue;
    for await (const migrationName of directoriesIn(join(root, namespaceName), budget)) {
      const migration = parseMigrationName(migrationName);
      if (migration === undefined) continue;
      for await (const attemptName of directoriesIn(join(root, namespaceName, migrationName), budget)) {
        const attempt = parseAttemptName(attemptName);
        if (attempt === undefined) continue;
        const found = await look(join(root, namespaceName, migrationName, attemptName), clock, budget);
        yield { namespace, ...migration, attempt, ...found };
      }
    }
  }
}

interface Budget {
  left: number;
  readonly signal: AbortSignal | undefined;
}

/** The names of the real directories in a directory; none when it is gone or cannot be read. */
async function* directoriesIn(path: string, budget: Budget): AsyncGenerator<string> {
  // What Dirent says of a symlink is that it is one; only the last step of the way has to be looked at again.
  if (!(await isDirectory(path))) return;
  const directory = await opendir(path).catch(() => undefined);
  if (directory === undefined) return;
  for await (const entry of directory) {
    budget.signal?.throwIfAborted();
    if (--budget.left < 0) return;
    if (entry.isDirectory()) yield entry.name;
  }
}

async function look(
  directory: string,
  clock: Clock,
  budget: Budget,
): Promise<Pick<AttemptDirectory, 'hasManifest' | 'ageMs' | 'usedByNodes'>> {
  const usedByNodes: string[] = [];
  for await (const node of directoriesIn(join(directory, WORK), budget)) usedByNodes.push(node);
  const parts = [directory, ...[IMAGES, WORK, MANIFEST].map((name) => join(directory, name))];
  const logs = usedByNodes.map((node) => join(directory, WORK, node));
  const times = await Promise.all([...parts, ...logs].map(changeTime));
  return {
    hasManifest: times[parts.length - 1] !== undefined,
    ageMs: clock.now() - Math.max(0, ...times.filter((time) => time !== undefined)),
    usedByNodes: usedByNodes.sort(),
  };
}

async function changeTime(path: string): Promise<number | undefined> {
  return lstat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
