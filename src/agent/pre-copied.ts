import type { ContainerMigration } from '../api/types';
import type { ContainerInfo } from '../docker/engine';
import { isDifference } from '../store/difference';
import type { Manifest } from '../store/manifest-format';
import type { UnpackedBase } from './checkpoint-store-port';
import type { AgentDeps } from './ports';

/** What was copied before the freeze, as this container has it; undefined when nothing was. */
export function unpackedBase(
  { status: { source, target } }: ContainerMigration,
  { id }: Pick<ContainerInfo, 'id'>,
): UnpackedBase | undefined {
  const digest = source?.preCopied?.digest;
  // One that was created anew after a wake-up that failed has nothing of it, and the source's own replacement neither.
  return digest === undefined ? undefined : { digest, isUnpacked: target?.preCopiedTo === id };
}

/** Removes what was unpacked before the freeze where the freeze has saved everything, as when that was the surer way. */
export async function emptyUnlessBase(
  archive: string,
  directory: string,
  manifest: Manifest,
  base: UnpackedBase | undefined,
  { mountFiles }: Pick<AgentDeps, 'mountFiles'>,
): Promise<void> {
  if (base?.isUnpacked === true && !isDifference(manifest, archive)) await mountFiles.empty(directory);
}
