import type { Retry } from '../api/types';

/** How soon an agent looks again at a taint of its own node: taken off again, it is no event for the agent. */
export const FENCE_RECHECK_MS = 5_000;

/** When a step that failed is due again, ms since the epoch; undefined when it may be taken now. */
export function notDueUntil(agent: { readonly retry?: Retry } | undefined, nowMs: number): number | undefined {
  if (agent?.retry === undefined) return undefined;
  const dueAtMs = Date.parse(agent.retry.notBefore);
  return dueAtMs > nowMs ? dueAtMs : undefined;
}
