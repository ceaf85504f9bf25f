import { opendir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TerminalError, hasCode } from '../runtime/errors';
import { requireConfined } from './confined';
import { atomicWrite, ensureDirectory } from './files';
import type { CheckpointKey } from './layout';
import { VOLUME_DIRECTORY, checkpointPaths, nodePath, parseMigrationName, parseNamespace } from './layout';
import { readAtMost, withOwnFile } from './regular-file';
import { volumeError } from './volume-errors';

/** Beside the checkpoints, not in them: a trace is kept when the checkpoint is not. */
const TRACES = 'traces';
/** Two agents have a part in a migration, and a node may have been the source of one try only. */
const MAX_FILES_READ = 8;
const SUFFIX = '.json';

/** Which migration, as far as the names on the volume tell. */
export interface TraceOwner {
  readonly namespace: string;
  readonly name: string;
  /** The first 8 digits of the object's uid. */
  readonly uidPrefix: string;
}

const tracesDirectory = (root: string): string => join(root, VOLUME_DIRECTORY, TRACES);

const directoryOf = (root: string, { namespace, name, uidPrefix }: TraceOwner): string =>
  join(tracesDirectory(root), namespace, `${name}-${uidPrefix}`);

/**
 * Writes one agent's part of a migration's trace, in place of an earlier one.
 * @throws TerminalError CheckpointPathInvalid, PathNotConfined
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function writeTraceFile(
  root: string,
  key: CheckpointKey,
  file: { readonly node: string; readonly role: string },
  text: string,
): Promise<void> {
  // For their checks of the names.
  checkpointPaths(root, key);
  nodePath(root, 'probe', file.node);
  const directory = directoryOf(root, { ...key, uidPrefix: key.uid.slice(0, 8) });
  await ensureDirectory(root, directory);
  await atomicWrite(join(directory, `${file.node}.${file.role}${SUFFIX}`), text);
}

/**
 * The parts of a migration's trace, of every object that had this name.
 * @param maxBytes of one part; of a larger one no more is read, so that it cannot be parsed
 * @throws TerminalError CheckpointPathInvalid, PathNotConfined
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function readTraceFiles(
  root: string,
  { namespace, name }: Pick<TraceOwner, 'namespace' | 'name'>,
  maxBytes: number,
): Promise<readonly { readonly uidPrefix: string; readonly path: string; readonly text: string }[]> {
  if (parseNamespace(namespace) === undefined)
    throw new TerminalError('CheckpointPathInvalid', `${JSON.stringify(namespace)} is no namespace`);
  const found: { uidPrefix: string; path: string; text: string }[] = [];
  try {
    for (const entry of await namesIn(root, join(tracesDirectory(root), namespace))) {
      const migration = parseMigrationName(entry);
      if (migration?.name !== name) continue;
      const directory = directoryOf(root, { namespace, ...migration });
      const files = (await namesIn(root, directory)).filter((file) => file.endsWith(SUFFIX)).sort();
      for (const file of files.slice(0, MAX_FILES_READ)) {
        const path = join(directory, file);
        const bytes = await withOwnFile(path, (handle) => readAtMost(handle, maxBytes));
        found.push({ uidPrefix: migration.uidPrefix, path, text: bytes.toString('utf8') });
      }
    }
  } catch (error) {
    throw volumeError(root, error);
  }
  return found;
}

/**
 * Removes this node's parts of the traces of migrations that are gone, and the directories that become empty by that.
 * @param isThere whether the object exists still
 * @throws ReasonedError with a VolumeFault as reason
 */
export async function removeTraceFiles(
  root: string,
  node: string,
  isThere: (owner: TraceOwner) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  const mine = ['source', 'target'].map((role) => `${node}.${role}${SUFFIX}`);
  try {
    for (const namespace of await namesIn(root, tracesDirectory(root))) {
      if (parseNamespace(namespace) === undefined) continue;
      for (const entry of await namesIn(root, join(tracesDirectory(root), namespace))) {
        const migration = parseMigrationName(entry);
        if (migration === undefined || isThere({ namespace, ...migration })) continue;
        signal?.throwIfAborted();
        const directory = directoryOf(root, { namespace, ...migration });
        await requireConfined(root, directory);
        for (const file of mine) await rm(join(directory, file), { force: true });
        await removeEmpty(directory);
      }
    }
  } catch (error) {
    throw volumeError(root, error);
  }
}

/** What is not empty, or gone, stays so. */
async function removeEmpty(directory: string): Promise<void> {
  for (const path of [directory, dirname(directory)]) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

/** None when the directory is missing. */
async function namesIn(root: string, directory: string): Promise<string[]> {
  await requireConfined(root, directory);
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(directory)) names.push(name);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  return names;
}
