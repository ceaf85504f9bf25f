import type { ContainerMigration } from '../api/types';
import type { CheckpointPaths } from '../store/layout';
import { checkpointPaths } from '../store/layout';

/** Where the checkpoint of the migration's present attempt lies. */
export function pathsOf({ metadata, status }: ContainerMigration, volume: string): CheckpointPaths {
  return checkpointPaths(volume, {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    attempt: status.decision?.attempt ?? 1,
  });
}
