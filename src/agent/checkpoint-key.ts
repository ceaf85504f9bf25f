import type { ContainerMigration } from '../api/types';
import type { CheckpointKey } from '../store/layout';

/** The checkpoint of the migration's present attempt. */
export function checkpointOf({ metadata, status }: ContainerMigration): CheckpointKey {
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    attempt: status.decision?.attempt ?? 1,
  };
}
