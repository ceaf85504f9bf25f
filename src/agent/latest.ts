import type { ContainerMigration } from '../api/types';
import { keyOf } from '../api/types';
import type { MigrationAccess } from './ports';

/**
 * Follows what the watch tells of an object while a step is done. A write on the object as it was at the beginning would
 * be refused when somebody has written meanwhile, as the controller does at every step; with what the watch has told it
 * need not be tried in vain, which a frozen container would wait for.
 * @param before what the watch had told last when the step began, or before the write that made this object of it
 * @returns the object that the watch has told of since; the one that was seen when there is none. Whoever writes on it
 *   looks first whether the same is still to be done, and may be refused all the same.
 */
export function follow(
  migration: ContainerMigration,
  { cached }: Pick<MigrationAccess, 'cached'>,
  before = cached(keyOf(migration)),
): () => ContainerMigration {
  const key = keyOf(migration);
  return () => {
    const now = cached(key);
    const isSame = now?.metadata.uid === migration.metadata.uid;
    return isSame && now.metadata.resourceVersion !== before?.metadata.resourceVersion ? now : migration;
  };
}
