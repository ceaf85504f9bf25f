import type { Clock } from '../runtime/clock';
import type { Lease } from './leases';
import { LEASES, renewLease } from './leases';
import { ResourceClient } from './resource-client';
import type { KubeTransport } from './transport';

/** How often an agent says that it is there, and for how long that holds. */
export const HEARTBEAT_MS = 10_000;
const LEASE_SECONDS = 40;
/** The renewal was stamped by another machine's clock: so much disagreement does not make an agent dead. */
const CLOCK_TOLERANCE_MS = 20_000;

const leaseName = (node: string): string => `transship-agent-${node}`;

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

/** Whether the node's agent renewed its Lease lately. */
export async function isAgentAlive(
  transport: KubeTransport,
  clock: Clock,
  options: { readonly namespace: string; readonly node: string },
): Promise<boolean> {
  const leases = new ResourceClient<Lease>(transport, LEASES);
  const record = (await leases.find(options.namespace, leaseName(options.node)))?.record;
  return record !== undefined && clock.now() - record.renewTimeMs < record.leaseDurationMs + CLOCK_TOLERANCE_MS;
}
