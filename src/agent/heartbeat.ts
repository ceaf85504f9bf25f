import { HEARTBEAT_MS, renewAgentLease } from '../kube/agent-leases';
import type { KubeTransport } from '../kube/transport';
import type { Clock } from '../runtime/clock';
import { sleptThrough } from '../runtime/deadline';
import type { Logger } from '../runtime/log';

/** How soon a heartbeat that failed is tried again. */
const RETRY_MS = 3_000;

/**
 * Tells the controller that this agent lives, until the signal is aborted.
 * @param deps.onReturn called when the API server answers again after it did not
 */
export async function keepHeartbeat(deps: {
  readonly kube: KubeTransport;
  readonly clock: Clock;
  readonly namespace: string;
  readonly node: string;
  readonly log: Logger;
  readonly onReturn: () => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { kube, clock, namespace, node, log, onReturn, signal } = deps;
  let nextMs: number = HEARTBEAT_MS;
  do {
    const wasAway = nextMs !== HEARTBEAT_MS;
    nextMs = await renewAgentLease(kube, clock, { namespace, node, signal }).then(
      () => {
        if (wasAway) onReturn();
        return HEARTBEAT_MS;
      },
      (error: unknown) => {
        if (!signal.aborted) log.warn('heartbeat failed', { error });
        return RETRY_MS;
      },
    );
  } while (await sleptThrough(clock, nextMs, signal));
}
