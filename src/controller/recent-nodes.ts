import type { Clock } from '../runtime/clock';

/** Half of the time after which a waiting migration is looked at again (RECHECK_MS): many of them share one look. */
const RECENT_MS = 5_000;

interface Look<View> {
  /** When it began: what came later is not in it. */
  readonly atMs: number;
  readonly view: Promise<View>;
}

/** Looks at nodes that migrations may share, so that thousands of them on a few nodes cost no more than the nodes do. */
export class RecentNodes<View> {
  readonly #clock: Clock;
  readonly #ask: (name: string) => Promise<View>;
  readonly #looks = new Map<string, Look<View>>();

  constructor(clock: Clock, ask: (name: string) => Promise<View>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** The node as it is now; others may share that for a while. */
  look(name: string): Promise<View> {
    const atMs = this.#clock.monotonic();
    this.#forgetOlderThan(atMs - RECENT_MS);
    const look: Look<View> = { atMs, view: this.#ask(name) };
    this.#looks.set(name, look);
    look.view.catch(() => {
      if (this.#looks.get(name) === look) this.#looks.delete(name);
    });
    return look.view;
  }

  /** The node as somebody has seen it in the last seconds, else as it is now. */
  recent(name: string): Promise<View> {
    const found = this.#looks.get(name);
    return found !== undefined && this.#clock.monotonic() - found.atMs < RECENT_MS ? found.view : this.look(name);
  }

  /** Names come out of specs, and need not be those of nodes: what is not asked for again goes. */
  #forgetOlderThan(atMs: number): void {
    for (const [name, look] of this.#looks) if (look.atMs <= atMs) this.#looks.delete(name);
  }
}
