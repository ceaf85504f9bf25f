import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { allDone } from '../runtime/all-done';
import type { FileDigest } from './digest';
import { digestInForm, formFor } from './digest-form';
import { mapAtOnce } from './file-set';
import { syncDirectory } from './files';
import type { ManifestFile } from './manifest-format';
import type { PiecesAhead } from './pages-ahead';
import { withOwnFile } from './regular-file';
import { attempt, corrupt } from './verify-files';

/** Of the threads that make file calls there are 64. */
const SYNCED_AT_ONCE = 32;

/** How the digest of a file is taken. */
export interface DigestOfFile {
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number) => void;
  /** When it is known, the file is not read once more. */
  readonly known: FileDigest | undefined;
  /** Of the file's beginning: only what comes after it is read. */
  readonly ahead: PiecesAhead | undefined;
}

/**
 * Brings files to stable storage, and takes their digests meanwhile. Many at once: a disk writes them together, where it
 * would be asked to write its journal for each of them one after the other.
 * @returns when all digests are taken, and when all files are durable and closed, too
 */
export function completeFiles(
  directory: string,
  paths: readonly string[],
  optionsOf: (path: string) => DigestOfFile,
): { readonly digested: Promise<readonly ManifestFile[]>; readonly synced: Promise<unknown> } {
  const digests = new Map(paths.map((path) => [path, Promise.withResolvers<ManifestFile>()]));
  const synced = mapAtOnce(
    [...digests],
    ([path, { resolve }]) => completeFile(directory, path, optionsOf(path), resolve),
    SYNCED_AT_ONCE,
  ).catch((error: unknown) => {
    // No further one is begun.
    for (const { reject } of digests.values()) reject(error);
    throw error;
  });
  return { digested: Promise.all([...digests.values()].map(({ promise }) => promise)), synced };
}

async function completeFile(
  directory: string,
  path: string,
  { known, ahead, ...options }: DigestOfFile,
  tell: (file: ManifestFile) => void,
): Promise<void> {
  options.signal?.throwIfAborted();
  const digest = async (file: FileHandle, { size, ino }: Stats): Promise<ManifestFile> => {
    // Should somebody have changed it meanwhile, the target finds that out.
    if (known?.sizeBytes === size) return { path, ...known };
    const begun = ahead?.inode === ino ? ahead.digests : undefined;
    const found = await digestInForm(file, formFor(size), size, { ...options, ahead: begun });
    if (found === undefined) throw corrupt(`${join(directory, path)} changes while its digest is taken`);
    return { path, sizeBytes: size, digest: found };
  };
  await attempt(join(directory, path), 'CheckpointCorrupt', () =>
    withOwnFile(join(directory, path), (file, stats) => allDone(digest(file, stats).then(tell), file.sync())),
  );
}

/** Brings the names of the files to stable storage. */
export function syncDirectories(directory: string, below: ReadonlySet<string>): Promise<unknown> {
  return mapAtOnce([directory, ...[...below].map((path) => join(directory, path))], syncDirectory, SYNCED_AT_ONCE);
}
