import { join } from 'node:path';
import { hasCode, ReasonedError } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import type { BaseOptions, CarriedTree } from './base-archive';
import { baseName, indexName, saveBaseArchive, unpackBaseArchive } from './base-archive';
import type { BaseIndex } from './base-index';
import { parseIndex } from './base-index';
import { digestBytes, formOf } from './digest-form';
import { makeEmptyDirectory, removeDirectory } from './files';
import type { PublishedManifest } from './manifest';
import { publishManifest, readManifest, verifyCheckpoint } from './manifest';
import type { Manifest, ManifestMeta } from './manifest-format';
import { readAtMost, withOwnFile } from './regular-file';
import { volumeError } from './volume-errors';

/** The directory of a base, and the volume that it lies on. */
export interface BasePlace {
  readonly root: string;
  readonly base: string;
}

export interface WholeBaseOptions extends BaseOptions {
  /** Once it is aborted, nothing more is begun. */
  readonly signal: AbortSignal;
}

/**
 * Copies trees whose container still runs, from nothing: what an earlier try left goes. Like a checkpoint it is there
 * only with its manifest, whose digest is what the target knows it by.
 * @returns undefined when there is nothing that pays to be copied before the freeze
 * @throws ReasonedError with a VolumeFault as reason, PathNotConfined
 */
export async function saveBase(
  run: CommandRunner,
  { root, base }: BasePlace,
  trees: readonly CarriedTree[],
  meta: ManifestMeta,
  options: WholeBaseOptions,
): Promise<PublishedManifest | undefined> {
  const { signal } = options;
  await makeEmptyDirectory(root, base);
  let saved = 0;
  for (const tree of trees) {
    signal.throwIfAborted();
    if (await saveBaseArchive(run, base, tree, options)) saved++;
  }
  if (saved > 0) return publishManifest(base, meta, { signal });
  await removeDirectory(root, base);
  return undefined;
}

/**
 * Unpacks those trees that the base holds into directories that are empty and that nothing has mounted; every file is
 * compared with the manifest before.
 * @param digest of the base's manifest
 * @throws ReasonedError CheckpointMissing, CheckpointCorrupt, BaseNotUnpacked, or with a VolumeFault as reason
 */
export async function unpackBase(
  run: CommandRunner,
  { root, base }: BasePlace,
  digest: string,
  trees: readonly CarriedTree[],
  { expected, ...options }: WholeBaseOptions & { readonly expected: Partial<ManifestMeta> },
): Promise<void> {
  const { signal, clock } = options;
  const manifest = await verifyCheckpoint(base, digest, { root, clock, signal, expected });
  for (const tree of trees.filter(({ archive }) => holds(manifest, baseName(archive)))) {
    signal.throwIfAborted();
    await unpackBaseArchive(run, base, tree, options);
  }
}

/**
 * What the base holds of a tree; undefined when it was not copied before the freeze.
 * @throws ReasonedError CheckpointCorrupt, or with a VolumeFault as reason
 */
export async function readBaseIndex(
  { root, base }: BasePlace,
  digest: string,
  archive: string,
): Promise<BaseIndex | undefined> {
  const found = await readManifest(base, { root });
  if (found?.published.digest !== digest) throw corrupt(`the manifest in ${base} is not the one that was written`);
  const path = indexName(archive);
  const listed = found.manifest.files.find((file) => file.path === path);
  if (listed === undefined) return undefined;
  const bytes = await withOwnFile(join(base, path), (file) => readAtMost(file, listed.sizeBytes + 1)).catch(
    (error: unknown) => {
      throw hasCode(error, 'ENOENT') ? corrupt(`${path} in ${base} is gone`) : volumeError(base, error);
    },
  );
  if (digestBytes(bytes, formOf(listed.digest)) !== listed.digest) {
    throw corrupt(`${path} in ${base} is not what its manifest says`);
  }
  return parseIndex(bytes.toString('utf8'));
}

function holds({ files }: Manifest, name: string): boolean {
  return files.some(({ path }) => path === name);
}

function corrupt(message: string): ReasonedError {
  return new ReasonedError('CheckpointCorrupt', message);
}
