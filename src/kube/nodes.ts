import { asRecord, metadataOf } from './object-meta';
import type { ResourceType } from './resource-client';

/**
 * The well-known taint by which a person vouches that a node is shut down and runs nothing any more
 * (KEP-2268, non-graceful node shutdown).
 */
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

/** What is asked of a Node. */
export interface Node {
  readonly name: string;
  readonly uid: string;
  /** Whether it carries the taint out-of-service, with whatever value and effect. */
  readonly outOfService: boolean;
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** With this, `new ResourceClient(transport, NODES).find('', name)` tells whether a node exists. */
export const NODES: ResourceType<Node> = {
  apiVersion: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  parse: parseNode,
};

function parseNode(value: unknown): Node {
  const { name, uid } = metadataOf(value);
  if (name === '') throw new TypeError('a Node has a name');
  const { taints } = asRecord(asRecord(value)['spec']);
  const keys = Array.isArray(taints) ? taints.map((taint: unknown) => asRecord(taint)['key']) : [];
  const annotations = asRecord(asRecord(asRecord(value)['metadata'])['annotations']);
  return { name, uid, outOfService: keys.includes(OUT_OF_SERVICE), annotations };
}
