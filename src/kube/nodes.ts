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
  /** Whether it is cordoned: nothing new shall come to it. */
  readonly isCordoned: boolean;
  /** Keys of the taints that keep new work away: NoSchedule, NoExecute, and out-of-service in any case. */
  readonly taints: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
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
  const { taints, unschedulable } = asRecord(asRecord(value)['spec']);
  const { labels, annotations } = asRecord(asRecord(value)['metadata']);
  const all = Array.isArray(taints) ? taints.map(asRecord) : [];
  return {
    name,
    uid,
    outOfService: all.some(({ key }) => key === OUT_OF_SERVICE),
    isCordoned: unschedulable === true,
    taints: all.flatMap(({ key, effect }) => (typeof key === 'string' && keepsAway(key, effect) ? [key] : [])),
    labels: textsOf(labels),
    annotations: asRecord(annotations),
  };
}

const keepsAway = (key: string, effect: unknown): boolean => key === OUT_OF_SERVICE || effect !== 'PreferNoSchedule';

function textsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(asRecord(value));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
