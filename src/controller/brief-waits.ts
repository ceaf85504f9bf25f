import type { ContainerMigration } from '../api/types';
import { keyOf } from '../api/types';
import type { ControllerStatus } from '../protocol/status';

/** A wait that says something else is written when it has said so for this long. */
export const BRIEF_MS = 5_000;

/**
 * Which waits are over before anybody could read of them: in a migration that goes well each lasts some hundred
 * milliseconds, and a write for each of them would be a third of all writes, two of them inside the downtime. Known to
 * this life of the controller alone: the next one waits anew before it tells.
 */
export class BriefWaits {
  readonly #told = new Map<string, { readonly message: string | undefined; readonly sinceMs: number }>();

  /**
   * How long the new message of a wait is kept back yet, ms; undefined when it is to be written now: when it tells of
   * more than another thing that is waited for, or has lasted.
   */
  keptBackMs(migration: ContainerMigration, next: ControllerStatus, nowMs: number): number | undefined {
    const key = keyOf(migration);
    const { status, metadata } = migration;
    const isOther =
      status.phase !== next.phase ||
      status.reason !== next.reason ||
      status.observedGeneration !== metadata.generation ||
      [status.source, status.target].some((agent) => agent?.error !== undefined);
    const known = this.#told.get(key);
    if (isOther) {
      this.#told.delete(key);
      return undefined;
    }
    if (known === undefined || known.message !== next.message) {
      this.#told.set(key, { message: next.message, sinceMs: nowMs });
      return BRIEF_MS;
    }
    const leftMs = known.sinceMs + BRIEF_MS - nowMs;
    if (leftMs > 0) return leftMs;
    this.#told.delete(key);
    return undefined;
  }

  /** Nothing is waited for any more. */
  end(key: string): void {
    this.#told.delete(key);
  }
}
