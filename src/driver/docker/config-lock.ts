/**
 * Who may rely on the node's one configuration of CRIU: many that leave it as it is, or one that changes it. First come,
 * first served, so that nobody waits for ever. Its deadlines are those of the work.
 */
export class ConfigLock {
  /** Ends when nobody has the lock any more that asked for it before. */
  #everybody: Promise<unknown> = Promise.resolve();
  /** Ends when nobody changes it any more that asked before. */
  #changers: Promise<unknown> = Promise.resolve();

  /** Runs what must find the configuration as it was, beside others of its kind. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changers.then(work);
    this.#everybody = Promise.all([this.#everybody, ended(done)]);
    return done;
  }

  /** Runs what changes the configuration, alone. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#everybody.then(work);
    this.#everybody = ended(done);
    this.#changers = this.#everybody;
    return done;
  }
}

function ended(work: Promise<unknown>): Promise<void> {
  return work.then(
    () => undefined,
    () => undefined,
  );
}
