import type { MigrationRequest } from '../api/types';
import { API_VERSION, KIND, TARGET_PICKED } from '../api/types';
import type { EventRecorder } from '../kube/events';
import type { ResourceClient } from '../kube/resource-client';
import type { Informer } from '../runtime/informer';
import type { EventSink, MigrationStore } from './ports';

const FIELD_MANAGER = 'transship-controller';

/** The controller's access to ContainerMigrations: reads from the cache, writes to the API server. */
export function createMigrationStore(
  client: ResourceClient<MigrationRequest>,
  informer: Informer<MigrationRequest>,
): MigrationStore {
  return {
    get: (key) => informer.get(key),
    writeStatus: ({ metadata }, status) =>
      client.applyStatus(metadata.namespace, metadata.name, status, {
        fieldManager: FIELD_MANAGER,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      }),
    writeMetadata: ({ metadata }, { finalizers, annotations = {} }) =>
      client.mergePatch(
        metadata.namespace,
        metadata.name,
        { metadata: { finalizers, annotations } },
        { resourceVersion: metadata.resourceVersion },
      ),
    writeTarget: ({ metadata }, nodeName, why) =>
      client.mergePatch(
        metadata.namespace,
        metadata.name,
        { metadata: { annotations: { [TARGET_PICKED]: why } }, spec: { target: { nodeName } } },
        { resourceVersion: metadata.resourceVersion },
      ),
  };
}

/** Events on the ContainerMigration itself, for `kubectl describe`. */
export function createEventSink(recorder: EventRecorder): EventSink {
  return {
    record: ({ metadata }, type, reason, message) => {
      const { namespace, name, uid } = metadata;
      recorder.record({
        regarding: { apiVersion: API_VERSION, kind: KIND, namespace, name, uid },
        type,
        reason,
        message,
      });
    },
  };
}
