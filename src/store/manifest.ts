import { dirname, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { ReasonedError, hasCode } from '../runtime/errors';
import { digestFile, digestOf, withRegularFile } from './digest';
import { listFiles, mapAtOnce } from './file-set';
import { VISIBLE_WITHIN_MS, atomicWrite, isListed, syncDirectory } from './files';
import { MANIFEST } from './layout';
import type { Manifest, ManifestFile, ManifestMeta } from './manifest-format';
import { MAX_MANIFEST_BYTES, formatManifest, parseManifest } from './manifest-format';
import { codeOf, volumeError } from './volume-errors';

/** What the object's status says of a published checkpoint. */
export interface PublishedManifest {
  /** `sha256:…` of the manifest file: whoever trusts it can trust every file of the checkpoint. */
  readonly digest: string;
  /** Of all listed files together. */
  readonly sizeBytes: number;
  /** Number of listed files. */
  readonly files: number;
}

/**
 * Completes a checkpoint: every file in its directory is on stable storage and listed in the manifest, which appears
 * last and as a whole. Without a manifest there is no checkpoint.
 * @throws ReasonedError `CheckpointCorrupt` naming the file, or with a VolumeFault as reason
 */
export async function publishManifest(directory: string, meta: ManifestMeta): Promise<PublishedManifest> {
  try {
    const paths = await listFiles(directory);
    const files = await mapAtOnce(paths, (path) => syncAndDigest(directory, path));
    const directories = new Set([directory, ...paths.map((path) => dirname(join(directory, path)))]);
    await mapAtOnce([...directories], syncDirectory);
    const { driver, containerID, migrationUID, attempt, criuVersion } = meta;
    const manifest: Manifest = {
      version: 1,
      driver,
      containerID,
      migrationUID,
      attempt,
      ...(criuVersion === undefined ? {} : { criuVersion }),
      files,
    };
    const text = formatManifest(manifest);
    // What nobody could read again must not be published.
    parseManifest(text);
    await atomicWrite(join(directory, MANIFEST), text);
    return summarise(manifest, digestOf(text));
  } catch (error) {
    throw volumeError(directory, error);
  }
}

/**
 * Compares a checkpoint with its manifest, and the manifest with the digest that the object names: nothing is trusted
 * that does not hang on that digest. What an NFS client does not see yet is waited for.
 * @throws ReasonedError `CheckpointMissing` | `CheckpointCorrupt`, naming the file
 */
export async function verifyCheckpoint(
  directory: string,
  expectedManifestDigest: string,
  options: { readonly clock?: Clock; readonly visibleWithinMs?: number; readonly signal?: AbortSignal } = {},
): Promise<Manifest> {
  const { clock = systemClock, visibleWithinMs = VISIBLE_WITHIN_MS, signal } = options;
  const giveUpAt = clock.monotonic() + visibleWithinMs;
  for (let waitMs = 20; ; waitMs = Math.min(2 * waitMs, 2_000)) {
    try {
      const { manifest } = await readChecked(directory, expectedManifestDigest);
      await verifyFiles(directory, manifest, signal);
      return manifest;
    } catch (error) {
      if (!(error instanceof NotVisible) || clock.monotonic() + waitMs > giveUpAt) throw volumeError(directory, error);
    }
    await clock.sleep(waitMs, signal);
  }
}

/**
 * The manifest of a checkpoint that this node published, as it is; undefined when there is none. For a source that was
 * restarted: the files are not looked at.
 * @throws ReasonedError `CheckpointCorrupt`
 */
export async function readManifest(
  directory: string,
): Promise<{ readonly manifest: Manifest; readonly published: PublishedManifest } | undefined> {
  try {
    const { manifest, digest } = await readChecked(directory);
    return { manifest, published: summarise(manifest, digest) };
  } catch (error) {
    if (error instanceof NotVisible && hasCode(error.cause, 'ENOENT')) return undefined;
    throw volumeError(directory, error);
  }
}

/** Something that should be there and is not: on NFS it may yet come into sight. */
class NotVisible extends ReasonedError {}

/** Codes that NFS gives for a moment: a name remembered as missing, a replaced file, an export that is renewed. */
const PASSING = ['ENOENT', 'ESTALE', 'EACCES'];

async function readChecked(
  directory: string,
  expectedDigest?: string,
): Promise<{ manifest: Manifest; digest: string }> {
  const path = join(directory, MANIFEST);
  // Listing makes an NFS client look again; what comes of it is seen by opening the file.
  await isListed(path);
  const bytes = await attempt(`${MANIFEST} in ${directory}`, 'CheckpointMissing', () =>
    withRegularFile(path, async (file) => {
      const { size } = await file.stat();
      if (size > MAX_MANIFEST_BYTES) throw corrupt(`${MANIFEST} in ${directory} is too large (${size} bytes)`);
      return file.readFile();
    }),
  );
  const digest = digestOf(bytes);
  if (expectedDigest !== undefined && digest !== expectedDigest) {
    throw corrupt(`${MANIFEST} in ${directory} has the digest ${digest} instead of ${expectedDigest}`);
  }
  return { manifest: parseManifest(bytes.toString('utf8')), digest };
}

/** The exact set of files, then all sizes, then all digests: what is cheap to see is seen first. */
async function verifyFiles(directory: string, { files }: Manifest, signal?: AbortSignal): Promise<void> {
  const found = new Set(await attempt(directory, 'CheckpointMissing', () => listFiles(directory)));
  const missing = files.find(({ path }) => !found.has(path));
  if (missing !== undefined) {
    throw new NotVisible('CheckpointCorrupt', `${missing.path} is missing in ${directory}`);
  }
  if (found.size > files.length) {
    const listed = new Set(files.map(({ path }) => path));
    const extra = [...found].find((path) => !listed.has(path)) ?? '';
    throw corrupt(`${extra} in ${directory} is not in the manifest`);
  }
  const each = (check: (file: ManifestFile, path: string) => Promise<void>): Promise<unknown> =>
    mapAtOnce(files, (file) => {
      signal?.throwIfAborted();
      const path = join(directory, file.path);
      return attempt(path, 'CheckpointCorrupt', () => check(file, path));
    });
  await each((file, path) =>
    withRegularFile(path, async (handle) => {
      const { size } = await handle.stat();
      if (size !== file.sizeBytes) throw corrupt(`${path} has ${size} bytes instead of ${file.sizeBytes}`);
    }),
  );
  await each((file, path) =>
    withRegularFile(path, async (handle) => {
      const { digest } = await digestFile(handle);
      if (digest !== file.digest) throw corrupt(`${path} has the digest ${digest} instead of ${file.digest}`);
    }),
  );
}

async function syncAndDigest(directory: string, path: string): Promise<ManifestFile> {
  return attempt(join(directory, path), 'CheckpointCorrupt', () =>
    withRegularFile(join(directory, path), async (file) => {
      await file.sync();
      return { path, ...(await digestFile(file)) };
    }),
  );
}

/** Does something with a file; a failure that means "not there" or "not a file" names it. */
async function attempt<T>(what: string, reasonWhenMissing: string, work: () => Promise<T>): Promise<T> {
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

function summarise({ files }: Manifest, digest: string): PublishedManifest {
  return { digest, sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), files: files.length };
}

function corrupt(message: string, cause?: unknown): ReasonedError {
  return new ReasonedError('CheckpointCorrupt', message, { cause });
}
