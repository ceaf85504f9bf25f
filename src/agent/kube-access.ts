import type { ContainerMigration } from '../api/types';
import { keyOf } from '../api/types';
import type { ResourceClient } from '../kube/resource-client';
import type { Informer } from '../runtime/informer';
import type { MigrationAccess } from './ports';

/** One field manager per role: what one writes, no other can erase. */
const SOURCE_MANAGER = 'transship-source-agent';
const TARGET_MANAGER = 'transship-target-agent';

/** The agents' access to ContainerMigrations. */
export function createMigrationAccess(
  client: ResourceClient<ContainerMigration>,
  informer: Informer<ContainerMigration>,
): MigrationAccess {
  return {
    cached: (key) => informer.get(key),
    list: () => informer.list(),
    fresh: async (migration) => {
      const found = await client.find(migration.metadata.namespace, migration.metadata.name);
      return found?.metadata.uid === migration.metadata.uid && keyOf(found) === keyOf(migration) ? found : undefined;
    },
    writeSource: ({ metadata }, source) =>
      client.applyStatus(
        metadata.namespace,
        metadata.name,
        { source },
        { fieldManager: SOURCE_MANAGER, uid: metadata.uid, resourceVersion: metadata.resourceVersion },
      ),
    writeTarget: ({ metadata }, target) =>
      client.applyStatus(
        metadata.namespace,
        metadata.name,
        { target },
        {
          fieldManager: TARGET_MANAGER,
          uid: metadata.uid,
          resourceVersion: metadata.resourceVersion,
        },
      ),
    writeProgress: async ({ metadata: { namespace, name, uid } }, role, progress, signal) => {
      const now = await client.find(namespace, name, signal);
      const status = now?.status[role];
      if (status === undefined) return;
      await client.applyStatus(
        namespace,
        name,
        { [role]: { ...status, progress } },
        {
          fieldManager: role === 'source' ? SOURCE_MANAGER : TARGET_MANAGER,
          uid,
          resourceVersion: now?.metadata.resourceVersion,
          signal,
        },
      );
    },
  };
}
