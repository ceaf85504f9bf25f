import { join } from 'node:path';
import { allDone } from '../runtime/all-done';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import type { ReasonedError } from '../runtime/errors';
import { hasCode } from '../runtime/errors';
import { completeFiles, syncDirectories } from './complete-files';
import { requireConfined } from './confined';
import type { FileDigest } from './digest';
import { digestOf } from './digest';
import { directoriesOf, listFiles } from './file-set';
import type { AsideFile } from './files';
import { VISIBLE_WITHIN_MS, isListed, writeAside } from './files';
import { MANIFEST } from './layout';
import type { Manifest, ManifestFile, ManifestMeta } from './manifest-format';
import { MAX_MANIFEST_BYTES, formatManifest, parseManifest, versionFor } from './manifest-format';
import type { PiecesAhead } from './pages-ahead';
import { readAtMost, withOwnFile } from './regular-file';
import type { DigestChoice, FirstFiles, VerifyFilesOptions } from './verify-files';
import { NotVisible, attempt, corrupt, requireExactly, verifyFiles } from './verify-files';
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

/** How a checkpoint is completed. */
export interface PublishOptions extends VerifyFilesOptions {
  /** Of files whose digest is known, by their paths below the directory: they are not read once more. */
  readonly digests?: ReadonlyMap<string, FileDigest> | undefined;
  /** Of files of whose beginning the digests are known: only what comes after it is read. */
  readonly pieces?: ReadonlyMap<string, PiecesAhead> | undefined;
}

/** How a checkpoint is compared with its manifest. */
export interface VerifyOptions extends VerifyFilesOptions {
  readonly clock?: Clock;
  /** How long another node's files may stay invisible; 90 s when absent. */
  readonly visibleWithinMs?: number;
  /** Of the volume: nothing on the way from it to the checkpoint may be a symlink. Not looked at when absent. */
  readonly root?: string;
  /** What the manifest must say that it is of. */
  readonly expected?: Partial<ManifestMeta>;
  /** Chooses the files whose digests are compared, by the manifest that was found to be right; all when absent. */
  readonly choose?: ((manifest: Manifest) => DigestChoice) | undefined;
  /** Chooses files that are put to use while the others are compared, by the same manifest; asked at every new try. */
  readonly first?: ((manifest: Manifest) => FirstFiles) | undefined;
}

/**
 * Completes a checkpoint: every file in its directory is listed in the manifest, which appears as a whole and last, when
 * all of them are on stable storage. Without a manifest there is no checkpoint.
 * @param options.signal once it is aborted, nothing more is read and no manifest is begun
 * @param options.onProgress told how many bytes have been read so far
 * @throws ReasonedError `CheckpointCorrupt` naming the file, or with a VolumeFault as reason
 */
export async function publishManifest(
  directory: string,
  meta: ManifestMeta,
  { signal, onProgress, digests, pieces }: PublishOptions = {},
): Promise<PublishedManifest> {
  let bytesRead = 0;
  const onBytes = (bytes: number): void => onProgress?.((bytesRead += bytes));
  let aside: AsideFile | undefined;
  const write = async (listed: Promise<readonly ManifestFile[]>): Promise<{ manifest: Manifest; text: string }> => {
    const manifest = manifestOf(meta, await listed);
    const text = formatManifest(manifest);
    // What nobody could read again must not be published.
    parseManifest(text);
    signal?.throwIfAborted();
    aside = await writeAside(join(directory, MANIFEST), text);
    return { manifest, text };
  };
  try {
    const found = await listFiles(directory);
    const needed = directoriesOf(found.files);
    const stray = found.directories.find((path) => !needed.has(path));
    if (stray !== undefined) throw corrupt(`${stray} in ${directory} is a directory without files`);
    const { digested, synced } = completeFiles(directory, found.files, (path) => {
      return { signal, onBytes, known: digests?.get(path), ahead: pieces?.get(path) };
    });
    // While the disk writes, the digests are taken, and the manifest is written where nobody takes it for one.
    const [{ manifest, text }] = await allDone(write(digested), synced, syncDirectories(directory, needed));
    signal?.throwIfAborted();
    await aside?.appear();
    return summarise(manifest, digestOf(text));
  } catch (error) {
    await aside?.drop();
    throw volumeError(directory, error);
  }
}

function manifestOf(meta: ManifestMeta, files: readonly ManifestFile[]): Manifest {
  const { driver, containerID, migrationUID, attempt: number, criuVersion } = meta;
  const criu = criuVersion === undefined ? {} : { criuVersion };
  return { version: versionFor(files), driver, containerID, migrationUID, attempt: number, ...criu, files };
}

/**
 * Compares a checkpoint with its manifest, and the manifest with the digest that the object names: nothing is trusted
 * that does not hang on that digest. What an NFS client does not see yet is waited for.
 * @throws ReasonedError `CheckpointMissing` | `CheckpointCorrupt`, naming the file; `PathNotConfined`; a VolumeFault
 */
export async function verifyCheckpoint(
  directory: string,
  expectedManifestDigest: string,
  options: VerifyOptions = {},
): Promise<Manifest> {
  const { clock = systemClock, visibleWithinMs = VISIBLE_WITHIN_MS, root, expected = {}, signal } = options;
  const giveUpAt = clock.monotonic() + visibleWithinMs;
  for (let waitMs = 20; ; waitMs = Math.min(2 * waitMs, 2_000)) {
    try {
      // At the same time, for a container stands still meanwhile. What is wrong with the manifest is told first.
      const [{ manifest }, found] = await allDone(
        readChecked(directory, root, expectedManifestDigest),
        attempt(directory, 'CheckpointMissing', () => listFiles(directory)),
      );
      requireMeta(directory, manifest, expected);
      requireExactly(directory, manifest.files, found);
      const order = { isCompared: options.choose?.(manifest), first: options.first?.(manifest) };
      await verifyFiles(directory, manifest, options, order);
      return manifest;
    } catch (error) {
      if (!(error instanceof NotVisible)) throw volumeError(directory, error);
      if (clock.monotonic() + waitMs > giveUpAt) throw lasting(directory, error);
    }
    await clock.sleep(waitMs, signal);
  }
}

/**
 * The manifest of a checkpoint that this node published, as it is; undefined when there is none. For a source that was
 * restarted: the files are not looked at.
 * @param options.root of the volume: nothing on the way from it to the checkpoint may be a symlink
 * @throws ReasonedError `CheckpointCorrupt`, `PathNotConfined`, or with a VolumeFault as reason
 */
export async function readManifest(
  directory: string,
  { root }: { readonly root?: string } = {},
): Promise<{ readonly manifest: Manifest; readonly published: PublishedManifest } | undefined> {
  try {
    const { manifest, digest } = await readChecked(directory, root);
    return { manifest, published: summarise(manifest, digest) };
  } catch (error) {
    if (error instanceof NotVisible && hasCode(error.cause, 'ENOENT')) return undefined;
    throw error instanceof NotVisible ? lasting(directory, error) : volumeError(directory, error);
  }
}

async function readChecked(
  directory: string,
  root: string | undefined,
  expectedDigest?: string,
): Promise<{ manifest: Manifest; digest: string }> {
  const path = join(directory, MANIFEST);
  // Listing makes an NFS client look again; what comes of it is seen by opening the file.
  await isListed(path);
  const what = `${MANIFEST} in ${directory}`;
  const bytes = await attempt(what, 'CheckpointMissing', async () => {
    if (root !== undefined) await requireConfined(root, directory);
    return withOwnFile(path, (file) => readAtMost(file, MAX_MANIFEST_BYTES + 1));
  });
  if (bytes.length > MAX_MANIFEST_BYTES) throw corrupt(`${what} is larger than ${MAX_MANIFEST_BYTES} bytes`);
  const digest = digestOf(bytes);
  if (expectedDigest !== undefined && digest !== expectedDigest) {
    throw corrupt(`${what} has the digest ${digest} instead of ${expectedDigest}`);
  }
  return { manifest: parseManifest(bytes.toString('utf8')), digest };
}

function requireMeta(directory: string, manifest: ManifestMeta, expected: Partial<ManifestMeta>): void {
  for (const field of ['driver', 'containerID', 'migrationUID', 'attempt', 'criuVersion'] as const) {
    const wanted = expected[field];
    if (wanted === undefined || manifest[field] === wanted) continue;
    const found = String(manifest[field]);
    throw corrupt(
      `${MANIFEST} in ${directory} belongs to another checkpoint: its ${field} is ${found} instead of ${wanted}`,
    );
  }
}

function summarise({ files }: Manifest, digest: string): PublishedManifest {
  return { digest, sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), files: files.length };
}

/** What has not come into sight in time: missing, or a fault of the volume that has its own name. */
function lasting(directory: string, error: ReasonedError): ReasonedError {
  const code = codeOf(error.cause);
  return code === undefined || code === 'ENOENT' ? error : volumeError(directory, error.cause);
}
