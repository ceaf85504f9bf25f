import type { ContainerMigration } from '../api/types';
import { join } from 'node:path';
import type { CheckpointDirectories } from '../driver/driver';
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

/** Where CRIU works: the images are common, its logs are each node's own. */
export function directoriesOf(paths: CheckpointPaths, node: string): CheckpointDirectories {
  return { images: paths.images, work: join(paths.work, node) };
}
