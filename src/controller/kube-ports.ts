import type { MigrationRequest } from '../api/types';
import { API_VERSION, keyOf, KIND, TARGET_PICKED } from '../api/types';
import type { EventRecorder } from '../kube/events';
import type { ResourceClient } from '../kube/resource-client';
import type { Informer } from '../runtime/informer';
import { OwnWrites } from './own-writes';
import type { EventSink, MigrationStore } from './ports';

const FIELD_MANAGER = 'transship-controller';

/** The controller's access to ContainerMigrations: reads from the cache and its own writes, writes to the API server. */
export function createMigrationStore(
  client: ResourceClient<MigrationRequest>,
  informer: Informer<MigrationRequest>,
): MigrationStore {
  const own = new OwnWrites<MigrationRequest>();
  const noted = async (before: MigrationRequest, writing: Promise<MigrationRequest>): Promise<MigrationRequest> => {
    const written = await writing;
    own.note(keyOf(before), before, written);
    return written;
  };
  const patch = (before: MigrationRequest, change: object): Promise<MigrationRequest> => {
    const { namespace, name, resourceVersion } = before.metadata;
    return noted(before, client.mergePatch(namespace, name, change, { resourceVersion }));
  };
  return {
    get: (key) => own.newest(key, informer.get(key)),
    writeStatus: (before, status) => {
      const { namespace, name, uid, resourceVersion } = before.metadata;
      const options = { fieldManager: FIELD_MANAGER, uid, resourceVersion };
      return noted(before, client.applyStatus(namespace, name, status, options));
    },
    writeMetadata: (before, { finalizers, annotations = {} }) =>
      patch(before, { metadata: { finalizers, annotations } }),
    writeTarget: (before, nodeName, why) =>
      patch(before, { metadata: { annotations: { [TARGET_PICKED]: why } }, spec: { target: { nodeName } } }),
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
