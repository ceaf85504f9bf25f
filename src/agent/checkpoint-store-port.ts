import type { CheckpointDirectories } from '../driver/driver';
import type { CarriedTree } from '../store/base-archive';
import type { FileDigest } from '../store/digest';
import type { CheckpointKey } from '../store/layout';
import type { ContainerLogs } from '../store/log-files';
import type { PublishedManifest } from '../store/manifest';
import type { Manifest, ManifestMeta } from '../store/manifest-format';
import type { DirectorySize } from '../store/measure';
import type { VolumeDirectory } from '../store/volume-archive';
import type { WorkLimit } from './work-limit';

/** What the object's status says of a published checkpoint. */
export interface PublishedCheckpoint extends PublishedManifest {
  /** Its directory, below the root of the volume. */
  readonly path: string;
}

/**
 * The checkpoints on the shared volume: the only way from a step to the volume. Every method answers in time or rejects
 * with `VolumeHung`; any of them may reject with another VolumeFault as reason. All can be repeated.
 */
export interface CheckpointStore {
  /** Where the volume is mounted; for messages. */
  readonly root: string;

  /** Writes the portable description of the container; returns by what it is known again. */
  publishDescription(
    checkpoint: CheckpointKey,
    text: string,
  ): Promise<{ readonly digest: string; readonly sizeBytes: number }>;

  /**
   * The description that the source wrote. It comes before the manifest, so that the container can be created before
   * the freeze; what guards it is the digest in the object (docs/adr/0002).
   * @throws ReasonedError DescriptionMissing, DescriptionCorrupt
   */
  readDescription(
    checkpoint: CheckpointKey,
    expected: { readonly digest: string; readonly sizeBytes: number },
  ): Promise<string>;

  /**
   * Writes the archive of the container's image as it comes; it appears as a whole and only when it holds that image.
   * @throws ReasonedError ImageNotSaved, the content's own failure, the signal's reason
   */
  saveImage(checkpoint: CheckpointKey, content: AsyncIterable<Uint8Array>, options: ImageOptions): Promise<FileDigest>;

  /**
   * Lets somebody use the archive that the source wrote: exactly the bytes that the object vouches for.
   * @throws ReasonedError ImageArchiveMissing, ImageArchiveCorrupt, ImageArchiveInvalid, the use's own failure, the
   *   signal's reason
   */
  withImage(
    checkpoint: CheckpointKey,
    expected: FileDigest,
    options: ImageOptions,
    use: (content: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void>;

  /**
   * The same directories for a new dump, and no manifest any more: that of an earlier dump would vouch for images that
   * are about to be overwritten.
   */
  beginDump(checkpoint: CheckpointKey): Promise<CheckpointDirectories>;

  /** Where CRIU finds its images, and writes its logs on this node. */
  prepareDirectories(checkpoint: CheckpointKey): Promise<CheckpointDirectories>;

  /**
   * Copies files of a container that still runs, from nothing, so that only what changes until the freeze is left for it;
   * undefined when nothing is worth that.
   * @throws ReasonedError the signal's reason
   */
  saveBase(
    checkpoint: CheckpointKey,
    meta: Pick<ManifestMeta, 'driver' | 'containerID'>,
    trees: readonly CarriedTree[],
    limit: WorkLimit,
  ): Promise<PublishedManifest | undefined>;

  /**
   * Unpacks what was copied so into empty directories of a container that was never started: those of the trees that the
   * base holds.
   * @param digest of the base's manifest, which the object vouches for
   * @throws ReasonedError CheckpointMissing, CheckpointCorrupt, BaseNotUnpacked, the signal's reason
   */
  unpackBase(checkpoint: CheckpointKey, digest: string, trees: readonly CarriedTree[], limit: WorkLimit): Promise<void>;

  /**
   * Saves the files that a frozen container changed; there is nothing to save when it changed none.
   * @param base digest of the base's manifest, when there is one: what has not changed since is left out
   * @throws ReasonedError WritableLayerNotSaved
   */
  saveWritableLayer(checkpoint: CheckpointKey, upperDir: string, base?: string): Promise<void>;

  /**
   * Unpacks them into a container that was never started, whose layer is empty or holds the base.
   * @throws ReasonedError WritableLayerNotApplied, CheckpointCorrupt
   */
  applyWritableLayer(
    checkpoint: CheckpointKey,
    upperDir: string,
    manifest: Manifest,
    base?: UnpackedBase,
  ): Promise<void>;

  /**
   * Copies what a running container has written to its log so far, which leaves `saveLogs` what comes after that.
   * @throws ReasonedError LogsNotSaved
   */
  saveLogsAhead(checkpoint: CheckpointKey, logs: ContainerLogs): Promise<void>;

  /**
   * Saves the log of a frozen container when Docker has written all of it; without one there is nothing to save.
   * @throws ReasonedError LogsNotSaved
   */
  saveLogs(checkpoint: CheckpointKey, logs: ContainerLogs | undefined): Promise<void>;

  /**
   * Puts the log that the manifest lists in the place of that of a container that was never started.
   * @throws ReasonedError LogsNotPlaced, CheckpointCorrupt
   */
  placeLogs(checkpoint: CheckpointKey, manifest: Manifest, logs: ContainerLogs | undefined): Promise<void>;

  /**
   * Gives the log of a container of this node that is dead to another one that was never started.
   * @throws ReasonedError LogsNotPlaced
   */
  copyLogs(from: ContainerLogs, to: ContainerLogs): Promise<void>;

  /**
   * Saves the files of a Docker volume of a frozen container.
   * @param base as saveWritableLayer
   * @throws ReasonedError VolumeNotSaved
   */
  saveVolume(checkpoint: CheckpointKey, from: VolumeDirectory, base?: string): Promise<void>;

  /**
   * Unpacks them into a volume that no running container uses, and that is empty or holds the base.
   * @throws ReasonedError VolumeNotFilled, CheckpointCorrupt
   */
  fillVolume(checkpoint: CheckpointKey, into: VolumeDirectory, manifest: Manifest, base?: UnpackedBase): Promise<void>;

  /**
   * Takes the digests of the memory that a dump writes, as far as it has come, until the dump has ended: what is left is
   * taken when the checkpoint is completed. Never rejects, and never waits for the volume longer than the dump does.
   */
  followPages(checkpoint: CheckpointKey, dumped: AbortSignal): Promise<void>;

  /**
   * Completes the checkpoint: without its manifest, written last, it is none.
   * @throws ReasonedError CheckpointCorrupt
   */
  publishManifest(
    checkpoint: CheckpointKey,
    meta: Pick<ManifestMeta, 'driver' | 'containerID'>,
  ): Promise<PublishedCheckpoint>;

  /**
   * The manifest as it lies there, its files not looked at; undefined when there is none.
   * @throws ReasonedError CheckpointCorrupt
   */
  readManifest(
    checkpoint: CheckpointKey,
  ): Promise<{ readonly manifest: Manifest; readonly published: PublishedCheckpoint } | undefined>;

  /**
   * Compares every file with the manifest, and the manifest with its digest.
   * @throws ReasonedError CheckpointMissing, CheckpointCorrupt
   */
  verify(checkpoint: CheckpointKey, manifestDigest: string, how?: HowToVerify): Promise<Manifest>;

  /**
   * Compares the pages of memory with the manifest, which a verification has left out.
   * @throws ReasonedError CheckpointMissing, CheckpointCorrupt
   */
  verifyPages(checkpoint: CheckpointKey, manifestDigest: string, onBytes?: (bytes: number) => void): Promise<Manifest>;

  /** How much lies in the checkpoint's directory just now; a figure only. */
  measure(checkpoint: CheckpointKey): Promise<DirectorySize>;

  /** Removes what all attempts of the migration left. */
  discard(checkpoint: CheckpointKey): Promise<void>;
}

/** What a verification tells and asks. */
export interface HowToVerify {
  /** Told how many bytes have been compared so far. */
  readonly onBytes?: (bytes: number) => void;
  /** Asked with the size of all pages of memory whether their digests are left to `verifyPages`. */
  readonly pagesLater?: (pageBytes: number) => boolean;
  /**
   * Called when all that `applyWritableLayer` and `placeLogs` read is found to be right, while CRIU's images are yet to be
   * compared. Once more when an NFS client did not see all of those and everything is compared again.
   */
  readonly onFilesVerified?: (manifest: Manifest) => void;
}

/** What was copied before the freeze. */
export interface UnpackedBase {
  /** Of its manifest. */
  readonly digest: string;
  /** Whether it lies in the directories already; else it is unpacked there before the difference. */
  readonly isUnpacked: boolean;
}

/** How an image's archive is written or read. */
export interface ImageOptions extends WorkLimit {
  /** `sha256:…`: the one image that it may hold. */
  readonly imageID: string;
  /** Told how many bytes there are so far. */
  readonly onBytes?: (total: number) => void;
}
