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

/** Where a checkpoint can be put in place. */
interface Empty {
  readonly container: ContainerInfo;
  /** Of the checkpoint, on this node. */
  readonly directories: CheckpointDirectories;
}

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
  const empty = findEmpty(migration, deps);
  let filled: Promise<Filled | undefined> | undefined;
  return {
    begin: (manifest) => {
      filled ??= empty.then((found) => fillEmpty(migration, found, manifest, deps));
    },
    end: async () => {
      await empty;
      return filled;
    },
  };
}

/**
 * The container that the migration created here, when it can be filled, and the checkpoint's directories.
 * @returns undefined, too, when nobody can tell
 */
async function findEmpty(migration: ContainerMigration, deps: AgentDeps): Promise<Empty | undefined> {
  try {
    const [container, directories] = await allDone(
      findCreated(migration, migration.status.target?.containerID, deps),
      deps.store.prepareDirectories(checkpointOf(migration)),
    );
    if (container === undefined || (await deps.driver.wakeState(container.id)) !== 'none') return undefined;
    return { container, directories };
  } catch {
    return undefined;
  }
}

async function fillEmpty(
  migration: ContainerMigration,
  empty: Empty | undefined,
  manifest: Manifest,
  deps: AgentDeps,
): Promise<Filled | undefined> {
  const { checkpoint } = migration.status.source ?? {};
  if (empty === undefined || checkpoint === undefined) return undefined;
  const { container, directories } = empty;
  try {
    return await fillFrom(migration, container, { manifestDigest: checkpoint.digest, manifest, directories }, deps);
  } catch {
    return undefined;
  }
}
