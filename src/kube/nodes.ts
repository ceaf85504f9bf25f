import { asRecord, metadataOf } from './object-meta';
import type { ResourceType } from './resource-client';

/** What is asked of a Node. */
export interface Node {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** True while the node is cordoned. */
  readonly unschedulable: boolean;
  /** Status of the condition Ready; undefined when nobody reports it. */
  readonly ready: boolean | undefined;
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** With this, `new ResourceClient(transport, NODES).find('', name)` tells whether a node exists and what it is like. */
export const NODES: ResourceType<Node> = {
  apiVersion: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  parse: parseNode,
};

function parseNode(value: unknown): Node {
  const { spec, status, metadata } = asRecord(value);
  const { name, uid } = metadataOf(value);
  if (name === '') throw new TypeError('a Node has a name');
  const { taints, unschedulable } = asRecord(spec);
  const labels = Object.entries(asRecord(asRecord(metadata)['labels']));
  const readiness = records(asRecord(status)['conditions']).find(({ type }) => type === 'Ready');
  return {
    name,
    uid,
    labels: Object.fromEntries(labels.map(([label, text]) => [label, String(text)])),
    taints: records(taints).map(({ key, value: text, effect }) => ({
      key: String(key),
      value: typeof text === 'string' ? text : '',
      effect: String(effect),
    })),
    unschedulable: unschedulable === true,
    ready: readiness === undefined ? undefined : readiness['status'] === 'True',
  };
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}
