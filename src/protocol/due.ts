import type { Retry } from '../api/types';

/** When a step that failed is due again, ms since the epoch; undefined when it may be taken now. */
export function notDueUntil(agent: { readonly retry?: Retry } | undefined, nowMs: number): number | undefined {
  if (agent?.retry === undefined) return undefined;
  const dueAtMs = Date.parse(agent.retry.notBefore);
  return dueAtMs > nowMs ? dueAtMs : undefined;
}
