import type { Clock } from './clock';

/** A piece is not waited for by itself when that would be shorter: timers are not that exact. */
const BURST_MS = 100;

/**
 * How many bytes may pass in a second, of all that share it, each in its turn. What was not used is lost but for a moment's worth:
 * after a pause nothing comes all at once.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #bytesPerSecond: number;
  /** Until when what has passed so far takes, on the monotonic clock. */
  #takenUntilMs: number;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#takenUntilMs = clock.monotonic();
  }

  /**
   * Waits until so many bytes more may pass.
   * @throws the signal's reason
   */
  async pass(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const nowMs = this.#clock.monotonic();
    this.#takenUntilMs = Math.max(this.#takenUntilMs, nowMs) + (bytes * 1_000) / this.#bytesPerSecond;
    const waitMs = this.#takenUntilMs - nowMs;
    if (waitMs > BURST_MS) await this.#clock.sleep(waitMs, signal);
  }
}

/**
 * The pieces as they come, no faster than the pace allows; as they come when there is none.
 * @throws what the content does, and the signal's reason
 */
export async function* paced(
  content: AsyncIterable<Uint8Array>,
  pace: Pace | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    await pace?.pass(piece.length, signal);
    yield piece;
  }
}
