import { metadataOf } from './object-meta';
import type { ResourceType } from './resource-client';

/** What is asked of a Node. */
export interface Node {
  readonly name: string;
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
  const { name } = metadataOf(value);
  if (name === '') throw new TypeError('a Node has a name');
  return { name };
}
