import type { ContainerMigration } from '../api/types';
import { API_VERSION, KIND } from '../api/types';
import { isAgentAlive } from '../kube/agent-leases';
import type { EventRecorder } from '../kube/events';
import { NODES } from '../kube/nodes';
import { ResourceClient } from '../kube/resource-client';
import type { KubeTransport } from '../kube/transport';
import type { Clock } from '../runtime/clock';
import type { Informer } from '../runtime/informer';
import type { ClusterView, EventSink, MigrationStore } from './ports';

const FIELD_MANAGER = 'transship-controller';

/** The controller's access to ContainerMigrations: reads from the cache, writes to the API server. */
export function createMigrationStore(
  client: ResourceClient<ContainerMigration>,
  informer: Informer<ContainerMigration>,
): MigrationStore {
  return {
    get: (key) => informer.get(key),
    writeStatus: ({ metadata }, status) =>
      client.applyStatus(metadata.namespace, metadata.name, status, {
        fieldManager: FIELD_MANAGER,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      }),
    writeFinalizers: ({ metadata }, finalizers) =>
      client.mergePatch(
        metadata.namespace,
        metadata.name,
        { metadata: { finalizers } },
        { resourceVersion: metadata.resourceVersion },
      ),
  };
}

/** Nodes and agents, asked of the API server each time: the few that matter. */
export function createClusterView(transport: KubeTransport, clock: Clock, namespace: string): ClusterView {
  const nodes = new ResourceClient(transport, NODES);
  return {
    nodeExists: async (name) => (await nodes.find('', name)) !== undefined,
    agentAlive: (node) => isAgentAlive(transport, clock, { namespace, node }),
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
