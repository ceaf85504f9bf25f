import type { ContainerMigration } from '../../src/api/types';
import { API_VERSION, KIND, PLURAL } from '../../src/api/types';
import { HEARTBEAT_MS, renewAgentLease } from '../../src/kube/agent-leases';
import type { KubeClient } from '../../src/kube/client';
import { LEASES } from '../../src/kube/leases';
import { NODES } from '../../src/kube/nodes';
import { ResourceClient } from '../../src/kube/resource-client';
import type { ResourceType } from '../../src/kube/resource-client';
import { systemClock } from '../../src/runtime/clock';
import { sleptThrough } from '../../src/runtime/deadline';
import { inParallel } from './parallel';

/** Everything of the benchmark lies here, and goes with it. */
export const NAMESPACE = 'transship-scale';

/** Nodes whose agents answer. */
export const QUICK_NODES = Array.from({ length: 8 }, (_none, index) => `scale-${index + 1}`);
/** Nodes whose agents report that they are there, and are at something that takes long. */
export const SLOW_NODES = ['scale-slow-1', 'scale-slow-2'] as const;
/** A node whose agent does not report. */
export const DEAD_NODE = 'scale-dead';

/** ContainerMigrations, not checked against the schema: what is measured is the controller, not this program. */
export const UNCHECKED: ResourceType<ContainerMigration> = {
  apiVersion: API_VERSION,
  kind: KIND,
  plural: PLURAL,
  namespaced: true,
  parse: (value) => Object.assign({ status: {} }, value as ContainerMigration),
};

/** The simulated part of a real cluster: nodes without machines, and agents without containers. */
export class Cluster {
  readonly #kube: KubeClient;
  readonly #agents: string;

  /** @param agentsNamespace where the agents' Leases are */
  constructor(kube: KubeClient, agentsNamespace: string) {
    this.#kube = kube;
    this.#agents = agentsNamespace;
  }

  async create(): Promise<void> {
    await this.#remove();
    const namespaces = '/api/v1/namespaces';
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await this.#kube.request({ method: 'POST', path: namespaces, body }).catch(ignoreExisting);
    const nodes = new ResourceClient(this.#kube, NODES);
    for (const name of [...QUICK_NODES, ...SLOW_NODES, DEAD_NODE]) await nodes.create('', { metadata: { name } });
  }

  /** Renews the Leases of all agents that report, as often as real ones do, until the signal is aborted. */
  async keepReporting(signal: AbortSignal): Promise<void> {
    do {
      await Promise.all(
        [...QUICK_NODES, ...SLOW_NODES].map((node) =>
          renewAgentLease(this.#kube, systemClock, { namespace: this.#agents, node, signal }).catch(() => undefined),
        ),
      );
    } while (await sleptThrough(systemClock, HEARTBEAT_MS, signal));
  }

  /** Deletes the migrations whose name begins so, whatever their finalizer says: there is no container behind them. */
  async deleteMigrations(prefix = ''): Promise<void> {
    const client = new ResourceClient(this.#kube, UNCHECKED);
    const { items } = await client.list({ namespace: NAMESPACE });
    const objects = items
      .flatMap(({ parsed }) => (parsed.ok ? [parsed.value.metadata] : []))
      .filter(({ name }) => name.startsWith(prefix));
    await inParallel(24, objects, async ({ name, finalizers = [] }) => {
      if (finalizers.length > 0) {
        const released = client.mergePatch(NAMESPACE, name, { metadata: { finalizers: null } });
        await released.then(() => undefined, ignoreMissing);
      }
      await client.delete(NAMESPACE, name);
    });
  }

  /** Takes away all that the benchmark has made. */
  async remove(): Promise<void> {
    await this.#remove();
    await this.#kube.request({ method: 'DELETE', path: `/api/v1/namespaces/${NAMESPACE}` }).catch(ignoreMissing);
    // Nothing is left in it, and a lab has no controller-manager that would do the rest.
    const path = `/api/v1/namespaces/${NAMESPACE}/finalize`;
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE }, spec: { finalizers: [] } };
    await this.#kube.request({ method: 'PUT', path, body }).catch(ignoreMissing);
  }

  async #remove(): Promise<void> {
    await this.deleteMigrations();
    const events = `/api/v1/namespaces/${NAMESPACE}/events`;
    await this.#kube.request({ method: 'DELETE', path: events, timeoutMs: 120_000 });
    const leases = new ResourceClient(this.#kube, LEASES);
    const nodes = new ResourceClient(this.#kube, NODES);
    for (const name of [...QUICK_NODES, ...SLOW_NODES, DEAD_NODE]) {
      await leases.delete(this.#agents, `transship-agent-${name}`);
      await nodes.delete('', name);
    }
  }
}

const hasStatus = (error: unknown, statusCode: number): boolean =>
  typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === statusCode;

function ignoreMissing(error: unknown): void {
  if (!hasStatus(error, 404)) throw error;
}

function ignoreExisting(error: unknown): void {
  if (!hasStatus(error, 409)) throw error;
}
