import type { MigrationNodeStatus, NodeCondition } from '../api/migration-node';
import { API_VERSION } from '../api/types';
import { isNotFound } from './errors';
import { asRecord, metadataOf } from './object-meta';
import type { ResourceType } from './resource-client';
import { ResourceClient } from './resource-client';
import type { KubeTransport } from './transport';

/** A MigrationNode, as far as an agent reads its own. */
interface StoredNode {
  /** UIDs of the objects with which it vanishes. */
  readonly owners: readonly unknown[];
  readonly conditions: readonly NodeCondition[];
}

const MIGRATION_NODES: ResourceType<StoredNode> = {
  apiVersion: API_VERSION,
  kind: 'MigrationNode',
  plural: 'migrationnodes',
  namespaced: false,
  parse: (value) => {
    const { name } = metadataOf(value);
    if (name === '') throw new TypeError('a MigrationNode has a name');
    const { ownerReferences } = asRecord(asRecord(value)['metadata']);
    const { conditions } = asRecord(asRecord(value)['status']);
    return {
      owners: Array.isArray(ownerReferences) ? ownerReferences.map((owner: unknown) => asRecord(owner)['uid']) : [],
      // Written by this agent, or its earlier life, and checked by the API server.
      conditions: Array.isArray(conditions) ? (conditions as NodeCondition[]) : [],
    };
  },
};

/** A MigrationNode, as others read it. */
export interface ReportedNode {
  readonly name: string;
  readonly status: MigrationNodeStatus;
}

/** What the agents say of their nodes. Its shape is what the API server has checked. */
export const REPORTED_NODES: ResourceType<ReportedNode> = {
  ...MIGRATION_NODES,
  parse: (value) => ({
    name: metadataOf(value).name,
    status: asRecord(asRecord(value)['status']),
  }),
};

/** The Node that an agent runs on. */
export interface OwnNode {
  readonly name: string;
  readonly uid: string;
}

/** Where the agent of a node says what the node can do: the MigrationNode of the node's name. */
export class MigrationNodeStore {
  readonly #client: ResourceClient<StoredNode>;
  readonly #manager: string;
  readonly #name: string;

  constructor(transport: KubeTransport, node: string) {
    this.#client = new ResourceClient(transport, MIGRATION_NODES);
    this.#manager = `transship-agent@${node}`;
    this.#name = node;
  }

  /** The conditions as they were written last; none when there is no object. */
  async conditions(signal: AbortSignal): Promise<readonly NodeCondition[]> {
    return (await this.#client.find('', this.#name, signal))?.conditions ?? [];
  }

  /** Replaces the status. Makes the object when there is none, and has it vanish with this very Node. */
  async write(node: OwnNode, status: MigrationNodeStatus, signal: AbortSignal): Promise<void> {
    const stored = await this.#applyStatus(status, signal);
    if (stored?.owners.includes(node.uid) === true) return;
    await this.#client.apply(
      '',
      this.#name,
      { metadata: { ownerReferences: [ownerReference(node)] } },
      this.#as(signal),
    );
    if (stored === undefined) await this.#applyStatus(status, signal);
  }

  async #applyStatus(status: MigrationNodeStatus, signal: AbortSignal): Promise<StoredNode | undefined> {
    try {
      return await this.#client.applyStatus('', this.#name, status, this.#as(signal));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #as(signal: AbortSignal): { fieldManager: string; signal: AbortSignal } {
    return { fieldManager: this.#manager, signal };
  }
}

function ownerReference({ name, uid }: OwnNode): object {
  return { apiVersion: 'v1', kind: 'Node', name, uid };
}
