import type { Clock } from '../../src/runtime/clock';
import type { LeaseRecord, LeaseStore, StoredLease } from '../../src/runtime/leader-elector';

/** One record that several candidates see through connections of their own. */
export class FakeLease {
  stored: StoredLease | undefined;
  #version = 0;

  write(record: LeaseRecord): StoredLease {
    this.#version += 1;
    this.stored = { record, resourceVersion: String(this.#version) };
    return this.stored;
  }
}

/** A candidate's connection to the record, with the faults of a network. */
export class FakeLeaseStore implements LeaseStore {
  readonly #lease: FakeLease;
  readonly #clock: Clock;
  /** Every call fails at once. */
  broken = false;
  /** Every call hangs for ever, as over a half-open connection, and ignores its signal. */
  hanging = false;
  /** How long a request and its answer are on the way. The change happens in between, whoever has given up by then. */
  requestMs = 0;
  answerMs = 0;
  /** The same for the answer to an update alone. */
  updateAnswerMs = 0;

  constructor(lease: FakeLease, clock: Clock) {
    this.#lease = lease;
    this.#clock = clock;
  }

  get(): Promise<StoredLease | undefined> {
    return this.#travel(() => this.#lease.stored);
  }

  create(record: LeaseRecord): Promise<StoredLease> {
    return this.#travel(() => {
      if (this.#lease.stored !== undefined) throw new Error('AlreadyExists');
      return this.#lease.write(record);
    });
  }

  async update(record: LeaseRecord, resourceVersion: string): Promise<StoredLease> {
    const updated = await this.#travel(() => {
      if (this.#lease.stored?.resourceVersion !== resourceVersion) throw new Error('Conflict');
      return this.#lease.write(record);
    });
    if (this.updateAnswerMs > 0) await this.#clock.sleep(this.updateAnswerMs);
    return updated;
  }

  async #travel<R>(act: () => R): Promise<R> {
    if (this.broken) throw new Error('ECONNREFUSED');
    if (this.hanging) return new Promise(() => undefined);
    if (this.requestMs > 0) await this.#clock.sleep(this.requestMs);
    const result = act();
    if (this.answerMs > 0) await this.#clock.sleep(this.answerMs);
    return result;
  }
}
