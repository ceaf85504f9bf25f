import type { Clock } from '../../runtime/clock';
import { isAborted, sleptThrough } from '../../runtime/deadline';
import type { Logger } from '../../runtime/log';
import type { InstallState } from './settle';
import { failedState } from './settle';

/** Also what somebody undid in the meantime is put right again, and a container that was in the way may be gone. */
const EVERY_MS = 300_000;

/**
 * Keeps the node as it should be for as long as the agent runs. A failure is told and never stops the agent: containers
 * can leave the node all the same.
 */
export class Installer {
  readonly #settle: () => Promise<InstallState>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #state: InstallState | undefined;
  /** Called when the state is another one than before. */
  onChange = (): void => undefined;

  constructor(settle: () => Promise<InstallState>, clock: Clock, log: Logger) {
    this.#settle = settle;
    this.#clock = clock;
    this.#log = log;
  }

  /** As it was found at the last look; undefined before the first. */
  get state(): InstallState | undefined {
    return this.#state;
  }

  /** Returns when the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    do {
      const state = await this.#settle().catch(failedState);
      if (isAborted(signal)) return;
      const before = this.#state;
      this.#state = state;
      if (before?.reason !== state.reason || before.message !== state.message) this.#tell(state);
    } while (await sleptThrough(this.#clock, EVERY_MS, signal));
  }

  /** Once for each thing that is to be said, not every five minutes. */
  #tell({ reason, message }: InstallState): void {
    const well = reason === 'Registered' || reason === 'Removed';
    this.#log[well ? 'info' : 'warn']('runtime wrapper', { reason, detail: message });
    this.onChange();
  }
}
