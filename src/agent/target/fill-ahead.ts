import type { ContainerMigration } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import type { CheckpointDirectories } from '../../driver/driver';
import { allDone } from '../../runtime/all-done';
import type { Manifest } from '../../store/manifest-format';
import { checkpointOf } from '../checkpoint-key';
import { findCreated } from '../created-container';
import type { Filled } from '../fill';
import { fillFrom } from '../fill';
import type { AgentDeps } from '../ports';

/** Files that are being put in place while the claim is made. */
export interface FillingAhead {
  /** Begins, once the files are verified; called again it does nothing. */
  readonly begin: (manifest: Manifest) => void;
  /** Waits for what was begun. Undefined when nothing was, or it failed: the wake-up does it again, and says what is wrong. */
  readonly end: () => Promise<Filled | undefined>;
}

/**
 * Puts the files of a checkpoint in place as soon as they are verified, while the memory still is and the claim is being
 * written: the container stands still meanwhile. Nothing is made that could wake it up, so a claim that fails leaves a
 * container that was never started, which is filled anew or removed. Not the files of volumes, which a sweep would not
 * remove any more. Where it can be done is looked for at once.
 */
export function fillAhead(migration: ContainerMigration, deps: AgentDeps): FillingAhead {
  const container = findEmpty(migration, deps);
  const directories = deps.store.prepareDirectories(checkpointOf(migration)).catch(() => undefined);
  let filled: Promise<Filled | undefined> | undefined;
  return {
    begin: (manifest) => {
      filled ??= container.then((found) => found && fillEmpty(migration, found, { manifest, directories }, deps));
    },
    end: async () => {
      await allDone(container, directories);
      return filled;
    },
  };
}

/** The container that the migration created here, when it can be filled; undefined, too, when nobody can tell. */
async function findEmpty(migration: ContainerMigration, deps: AgentDeps): Promise<ContainerInfo | undefined> {
  try {
    const container = await findCreated(migration, migration.status.target?.containerID, deps);
    return container === undefined || (await deps.driver.wakeState(container.id)) !== 'none' ? undefined : container;
  } catch {
    return undefined;
  }
}

async function fillEmpty(
  migration: ContainerMigration,
  container: ContainerInfo,
  from: { readonly manifest: Manifest; readonly directories: Promise<CheckpointDirectories | undefined> },
  deps: AgentDeps,
): Promise<Filled | undefined> {
  const { checkpoint } = migration.status.source ?? {};
  if (checkpoint === undefined) return undefined;
  const { manifest } = from;
  try {
    await fillFrom(migration, container, manifest, deps);
    const directories = await from.directories;
    return directories && { container, manifestDigest: checkpoint.digest, manifest, directories };
  } catch {
    return undefined;
  }
}
