import type { Clock } from '../runtime/clock';
import type { LeaseRecord, LeaseStore, StoredLease } from '../runtime/leader-elector';
import { asRecord, metadataOf } from './object-meta';
import type { ResourceType } from './resource-client';
import { ResourceClient } from './resource-client';
import type { KubeTransport } from './transport';

/** A coordination.k8s.io/v1 Lease as far as it is used here. */
export interface Lease {
  readonly resourceVersion: string;
  readonly record: LeaseRecord;
}

export const LEASES: ResourceType<Lease> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  parse: parseLease,
};

/** Keeps the record of a leader election in a Lease. */
export class KubeLeaseStore implements LeaseStore {
  readonly #leases: ResourceClient<Lease>;
  readonly #transport: KubeTransport;
  readonly #namespace: string;
  readonly #name: string;

  constructor(transport: KubeTransport, lease: { namespace: string; name: string }) {
    this.#leases = new ResourceClient(transport, LEASES);
    this.#transport = transport;
    this.#namespace = lease.namespace;
    this.#name = lease.name;
  }

  async get(signal: AbortSignal): Promise<StoredLease | undefined> {
    return this.#leases.find(this.#namespace, this.#name, signal);
  }

  async create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease> {
    return this.#leases.create(
      this.#namespace,
      { metadata: { name: this.#name, namespace: this.#namespace }, spec: specOf(record) },
      signal,
    );
  }

  async update(record: LeaseRecord, resourceVersion: string, signal: AbortSignal): Promise<StoredLease> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${this.#namespace}/leases/${this.#name}`;
    const metadata = { name: this.#name, namespace: this.#namespace, resourceVersion };
    const body = { apiVersion: LEASES.apiVersion, kind: LEASES.kind, metadata, spec: specOf(record) };
    return parseLease(await this.#transport.request({ method: 'PUT', path, body, signal }));
  }
}

export interface HeartbeatOptions {
  namespace: string;
  /** Of the Lease. */
  name: string;
  holder: string;
  /** After how long without a renewal others may take the holder for dead. */
  durationSeconds: number;
  signal?: AbortSignal;
}

/** Says "I am alive" in a Lease that nobody else writes; creates it when there is none. */
export async function renewLease(transport: KubeTransport, clock: Clock, options: HeartbeatOptions): Promise<Lease> {
  const { namespace, name, holder, durationSeconds, signal } = options;
  return new ResourceClient(transport, LEASES).apply(
    namespace,
    name,
    {
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: durationSeconds,
        renewTime: formatMicroTime(clock.now()),
      },
    },
    { fieldManager: holder, signal },
  );
}

/** A MicroTime: the API server refuses fewer than six digits. */
export function formatMicroTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}

function specOf(record: LeaseRecord): object {
  return {
    holderIdentity: record.holderIdentity,
    leaseDurationSeconds: Math.ceil(record.leaseDurationMs / 1_000),
    acquireTime: formatMicroTime(record.acquireTimeMs),
    renewTime: formatMicroTime(record.renewTimeMs),
    leaseTransitions: record.transitions,
  };
}

function parseLease(value: unknown): Lease {
  const spec = asRecord(asRecord(value)['spec']);
  const { name, resourceVersion } = metadataOf(value);
  if (name === '' || resourceVersion === '') throw new TypeError('a Lease has a name and a resource version');
  return {
    resourceVersion,
    // Every field of the spec is optional in the API.
    record: {
      holderIdentity: typeof spec['holderIdentity'] === 'string' ? spec['holderIdentity'] : '',
      leaseDurationMs: number(spec['leaseDurationSeconds']) * 1_000,
      acquireTimeMs: time(spec['acquireTime']),
      renewTimeMs: time(spec['renewTime']),
      transitions: number(spec['leaseTransitions']),
    },
  };
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function time(value: unknown): number {
  const epochMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(epochMs) ? 0 : epochMs;
}
