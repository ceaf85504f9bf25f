import type { ContainerMigration, MigrationRequest } from '../api/types';
import { hasTarget, keyOf } from '../api/types';
import type { ResourceClient } from '../kube/resource-client';
import type { Informer } from '../runtime/informer';
import type { MigrationAccess } from './ports';

/** One field manager per role: what one writes, no other can erase. */
const SOURCE_MANAGER = 'transship-source-agent';
const TARGET_MANAGER = 'transship-target-agent';

/** The agents' access to ContainerMigrations. Those whose target is not picked yet are none of their business. */
export function createMigrationAccess(
  client: ResourceClient<ContainerMigration>,
  informer: Informer<MigrationRequest>,
): MigrationAccess {
  return {
    cached: (key) => {
      const found = informer.get(key);
      return found !== undefined && hasTarget(found) ? found : undefined;
    },
    list: () => informer.list().filter(hasTarget),
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
