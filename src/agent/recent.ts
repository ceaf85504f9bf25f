/** Of more checkpoints than this at once, the oldest begins anew: what was given up is never asked for again. */
const KEPT = 32;

/** Something for each of the checkpoints that are being made, by the directory of the checkpoint. */
export class Recent<T> {
  readonly #begin: () => T;
  readonly #kept = new Map<string, T>();

  constructor(begin: () => T) {
    this.#begin = begin;
  }

  /** That of this checkpoint; a new one when there is none. */
  of(directory: string): T {
    const found = this.#kept.get(directory) ?? this.#begin();
    this.#kept.set(directory, found);
    for (const oldest of [...this.#kept.keys()].slice(0, -KEPT)) this.#kept.delete(oldest);
    return found;
  }

  /** The checkpoint is complete. */
  forget(directory: string): void {
    this.#kept.delete(directory);
  }
}
