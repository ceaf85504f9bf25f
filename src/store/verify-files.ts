import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonedError } from '../runtime/errors';
import { digestInForm, formOf } from './digest-form';
import type { FileSet } from './file-set';
import { directoriesOf, mapAtOnce } from './file-set';
import type { Manifest, ManifestFile } from './manifest-format';
import { withOwnFile } from './regular-file';
import { codeOf } from './volume-errors';

/** Each waits for the file server more than once. */
const CHECKED_AT_ONCE = 16;

/** Something that should be there and is not: on NFS it may yet come into sight. */
export class NotVisible extends ReasonedError {}

/** Codes that NFS gives for a moment: a name remembered as missing, a replaced file, an export that is renewed. */
const PASSING = ['ENOENT', 'ESTALE', 'EACCES'];

export interface VerifyFilesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes have been compared so far. */
  readonly onProgress?: ((bytesVerified: number) => void) | undefined;
}

/** Files that are compared before others, so that they can be used while those are compared. */
export interface FirstFiles {
  readonly includes: (file: ManifestFile) => boolean;
  /** Called once, when each of them is what the manifest says, also when there is none; never when one is not. */
  readonly onVerified: () => void;
}

/** Which digests are compared: those of the other files are left to somebody else. Sizes are compared in any case. */
export type DigestChoice = (file: ManifestFile) => boolean;

/** Which digests are compared when. */
export interface VerifyOrder {
  /** All when absent. */
  readonly isCompared?: DigestChoice | undefined;
  readonly first?: FirstFiles | undefined;
}

/**
 * All sizes, then all digests of files, whose set is known to be right: what is cheap to see is seen first, and nothing
 * else is opened.
 * @throws ReasonedError `CheckpointCorrupt`, naming the file
 */
export async function verifyFiles(
  directory: string,
  { files }: Manifest,
  { signal, onProgress }: VerifyFilesOptions = {},
  { isCompared = () => true, first }: VerifyOrder = {},
): Promise<void> {
  const each = (
    check: (file: ManifestFile, path: string) => Promise<void>,
    of: readonly ManifestFile[] = files,
  ): Promise<unknown> =>
    mapAtOnce(
      of,
      (file) => {
        signal?.throwIfAborted();
        const path = join(directory, file.path);
        return attempt(path, 'CheckpointCorrupt', () => check(file, path));
      },
      CHECKED_AT_ONCE,
    );
  await each(async (file, path) => {
    const { size } = await lstat(path);
    if (size !== file.sizeBytes) throw corrupt(`${path} has ${size} bytes instead of ${file.sizeBytes}`);
  });
  let bytesVerified = 0;
  const onBytes = (bytes: number): void => onProgress?.((bytesVerified += bytes));
  const isFirst = (file: ManifestFile): boolean => first?.includes(file) === true;
  const compared = files.filter(isCompared);
  let firstLeft = compared.filter(isFirst).length;
  if (firstLeft === 0) first?.onVerified();
  await each(
    async (file, path) => {
      await withOwnFile(path, async (handle) => {
        const digest = await digestInForm(handle, formOf(file.digest), file.sizeBytes, { signal, onBytes });
        if (digest === undefined) throw corrupt(`${path} no longer has ${file.sizeBytes} bytes`);
        if (digest !== file.digest) throw corrupt(`${path} has the digest ${digest} instead of ${file.digest}`);
      });
      if (isFirst(file) && --firstLeft === 0) first?.onVerified();
    },
    // Then the largest: a thread is at it while the others are read.
    compared.sort((one, other) => Number(isFirst(other)) - Number(isFirst(one)) || other.sizeBytes - one.sizeBytes),
  );
}

/**
 * Whether these are the files that a checkpoint must have.
 * @throws ReasonedError `CheckpointCorrupt`, naming the file
 */
export function requireExactly(
  directory: string,
  files: readonly ManifestFile[],
  { files: names, directories }: FileSet,
): void {
  const listed = files.map(({ path }) => path);
  const needed = directoriesOf(listed);
  const misplaced = directories.find((path) => !needed.has(path)) ?? names.find((path) => needed.has(path));
  if (misplaced !== undefined) throw corrupt(`${misplaced} in ${directory} is not what the manifest says`);
  const found = new Set(names);
  const missing = listed.find((path) => !found.has(path));
  if (missing !== undefined) throw new NotVisible('CheckpointCorrupt', `${missing} is missing in ${directory}`);
  if (found.size === files.length) return;
  const known = new Set(listed);
  const extra = names.find((path) => !known.has(path)) ?? '';
  throw corrupt(`${extra} in ${directory} is not in the manifest`);
}

/** Does something with a file; a failure that means "not there" or "not a file" names it. */
export async function attempt<T>(what: string, reasonWhenMissing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code !== undefined && PASSING.includes(code)) {
      throw new NotVisible(reasonWhenMissing, `${what} cannot be read (${code})`, { cause: error });
    }
    if (error instanceof ReasonedError && error.reason === 'NotARegularFile') {
      throw corrupt(`${what} ${error.message}`, error);
    }
    throw error;
  }
}

/** A checkpoint that is not what its manifest says. */
export function corrupt(message: string, cause?: unknown): ReasonedError {
  return new ReasonedError('CheckpointCorrupt', message, { cause });
}
