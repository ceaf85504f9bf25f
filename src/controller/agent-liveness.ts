import type { AgentHeartbeat } from '../kube/agent-leases';
import type { Clock } from '../runtime/clock';

/**
 * Between two looks at most so much counts as silence of the agent: what was longer, nobody watched. An API server that
 * was away for a minute kept all agents from reporting, and says nothing about them.
 */
const WATCHED_MS = 15_000;
/** A heartbeat as old as this by the wall clock is over, however far the clocks disagree. */
const CERTAINLY_OVER_MS = 600_000;

interface Watched {
  readonly renewTimeMs: number;
  readonly silentMs: number;
  readonly lookedAtMs: number;
}

/**
 * Whether agents report. Clocks of different machines are never compared (as in leader election): an agent is taken for
 * dead when its heartbeat was seen standing still for as long as it holds.
 */
export class AgentLiveness {
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param heartbeat what the API server has of this node's agent just now */
  isAlive(node: string, heartbeat: AgentHeartbeat | undefined): boolean {
    if (heartbeat === undefined) {
      this.#watched.delete(node);
      return false;
    }
    const lookedAtMs = this.#clock.monotonic();
    const before = this.#watched.get(node);
    const silentMs =
      before?.renewTimeMs === heartbeat.renewTimeMs
        ? before.silentMs + Math.min(lookedAtMs - before.lookedAtMs, WATCHED_MS)
        : 0;
    this.#watched.set(node, { renewTimeMs: heartbeat.renewTimeMs, silentMs, lookedAtMs });
    return silentMs < heartbeat.durationMs && this.#clock.now() - heartbeat.renewTimeMs < CERTAINLY_OVER_MS;
  }
}
