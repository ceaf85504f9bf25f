import { systemClock } from '../../src/runtime/clock';

/** What was seen that must never be, and what happened otherwise: told at once and kept for the end. */
export class Minutes {
  readonly violations: string[] = [];
  readonly #counts = new Map<string, number>();
  readonly #startedAt = systemClock.monotonic();

  get seconds(): number {
    return (systemClock.monotonic() - this.#startedAt) / 1_000;
  }

  violation(text: string): void {
    this.violations.push(text);
    this.tell(`VIOLATION: ${text}`);
  }

  tell(text: string): void {
    console.log(`${this.seconds.toFixed(1).padStart(7)} s  ${text}`);
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** What was counted, in the order of the alphabet. */
  get counts(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([a], [b]) => a.localeCompare(b));
  }
}
