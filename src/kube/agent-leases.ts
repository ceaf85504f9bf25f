import type { Clock } from '../runtime/clock';
import type { Lease } from './leases';
import { LEASES, renewLease } from './leases';
import { ResourceClient } from './resource-client';
import type { KubeTransport } from './transport';

/** How often an agent says that it is there, and for how long that holds. */
export const HEARTBEAT_MS = 10_000;
const LEASE_SECONDS = 40;

const PREFIX = 'transship-agent-';
const leaseName = (node: string): string => `${PREFIX}${node}`;

/** Says that the agent of this node is there. */
export async function renewAgentLease(
  transport: KubeTransport,
  clock: Clock,
  options: { readonly namespace: string; readonly node: string; readonly signal: AbortSignal },
): Promise<void> {
  await renewLease(transport, clock, {
    namespace: options.namespace,
    name: leaseName(options.node),
    holder: `transship-agent@${options.node}`,
    durationSeconds: LEASE_SECONDS,
    signal: options.signal,
  });
}

/** The last heartbeat of a node's agent, as it is in the API server. */
export interface AgentHeartbeat {
  /** When the agent renewed its Lease, by the agent's own clock: ms since the epoch. */
  readonly renewTimeMs: number;
  /** For how long that holds. */
  readonly durationMs: number;
}

/** The agent's last heartbeat; undefined when there never was one. */
export async function findHeartbeat(
  transport: KubeTransport,
  options: { readonly namespace: string; readonly node: string },
): Promise<AgentHeartbeat | undefined> {
  const leases = new ResourceClient<Lease>(transport, LEASES);
  const lease = await leases.find(options.namespace, leaseName(options.node));
  return lease && heartbeatOf(lease);
}

/** The last heartbeats of all agents, by the names of their nodes. */
export async function listHeartbeats(
  transport: KubeTransport,
  namespace: string,
): Promise<ReadonlyMap<string, AgentHeartbeat>> {
  const { items } = await new ResourceClient<Lease>(transport, LEASES).list({ namespace });
  const heartbeats = new Map<string, AgentHeartbeat>();
  for (const { key, parsed } of items) {
    const name = key.slice(namespace.length + 1);
    if (parsed.ok && name.startsWith(PREFIX)) heartbeats.set(name.slice(PREFIX.length), heartbeatOf(parsed.value));
  }
  return heartbeats;
}

const heartbeatOf = ({ record }: Lease): AgentHeartbeat => ({
  renewTimeMs: record.renewTimeMs,
  durationMs: record.leaseDurationMs,
});
