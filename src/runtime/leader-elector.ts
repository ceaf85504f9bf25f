import type { Clock } from './clock';
import { isAborted, linkAbort, sleptThrough, withDeadline } from './deadline';
import type { Leadership } from './leadership';
import { Term } from './leadership';
import type { Logger } from './log';

/** What the shared record of who leads says. */
export interface LeaseRecord {
  /** Empty when nobody holds it. */
  readonly holderIdentity: string;
  /** How long others must see it unchanged before they may take it. */
  readonly leaseDurationMs: number;
  /** Milliseconds since the epoch on the holder's clock: for people to read, never compared. */
  readonly acquireTimeMs: number;
  readonly renewTimeMs: number;
  /** How many times the holder changed. */
  readonly transitions: number;
}

export interface StoredLease {
  readonly record: LeaseRecord;
  readonly resourceVersion: string;
}

/** Where the one record of an election is kept. */
export interface LeaseStore {
  /** Undefined when there is none yet. */
  get(signal: AbortSignal): Promise<StoredLease | undefined>;
  /** Rejects when there is one already. */
  create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease>;
  /** Rejects when the stored record is not the one of that version any more. */
  update(record: LeaseRecord, resourceVersion: string, signal: AbortSignal): Promise<StoredLease>;
}

export interface LeaderElectorOptions {
  store: LeaseStore;
  /** Unique among all candidates, also across a restart of the same one. */
  identity: string;
  clock: Clock;
  log: Logger;
  /** Uniform in [0, 1); Math.random when absent. */
  random?: () => number;
  /** Default 15 s. */
  leaseDurationMs?: number;
  /** A leader that could not renew for so long stops leading. Shorter than the lease. Default 10 s. */
  renewDeadlineMs?: number;
  /** Default 2 s. */
  retryPeriodMs?: number;
  /**
   * The work of the leader. Its signal is aborted on a stop and the moment leadership is no longer assured. When it
   * returns by itself, leadership is given up. Whatever it writes, it writes under the leadership of this term.
   */
  onStartedLeading: (signal: AbortSignal, leadership: Leadership) => Promise<void>;
}

/**
 * Leader election with the semantics of client-go (tools/leaderelection): clocks of different machines are never
 * compared; a candidate takes over a record that it has itself seen unchanged for the lease's duration.
 */
export class LeaderElector {
  readonly #options: Required<LeaderElectorOptions>;
  /** The record as last seen, and when this candidate first saw it so. */
  #observed: { fingerprint: string; atMs: number } | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = {
      random: Math.random,
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
      ...options,
    };
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options;
    if (renewDeadlineMs >= leaseDurationMs || retryPeriodMs >= renewDeadlineMs) {
      throw new RangeError('leader election needs retryPeriodMs < renewDeadlineMs < leaseDurationMs');
    }
  }

  /**
   * Takes part in the election until the signal is aborted or the leader's work ends by itself. After a lost
   * leadership it waits for the work to end and takes part again. Rejects only when the work does.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, identity } = this.#options;
    let ended = false;
    while (!signal.aborted && !ended) {
      const startedAt = clock.monotonic();
      if (await this.#tryAcquireOrRenew(signal)) {
        // Stopped in the meantime: the work does not even begin.
        if (isAborted(signal)) await this.#release();
        if (isAborted(signal)) return;
        log.info('became leader', { identity });
        ended = (await this.#lead(startedAt, signal)) === 'ended';
      } else {
        await this.#pause(signal);
      }
    }
  }

  async #lead(acquiredAt: number, stop: AbortSignal): Promise<'ended' | 'lost'> {
    const { clock, log, identity, onStartedLeading, renewDeadlineMs } = this.#options;
    // Counted from the moment the request was sent: the others saw the record change after that.
    const term = new Term(clock, acquiredAt + renewDeadlineMs);
    const leading = linkAbort(stop);
    const onLost = (): void => {
      leading.abort(term.lost.reason);
    };
    term.lost.addEventListener('abort', onLost, { once: true });
    const settled = new AbortController();
    const work = onStartedLeading(leading.signal, term).finally(() => {
      settled.abort();
    });
    // Renewed also while the work winds down after a stop: until it has ended nobody else may begin.
    const kept = await this.#keepRenewing(term, settled.signal);
    // Also before the lease is given back: what the work has left running must not write any more.
    term.end();
    if (!kept) log.warn('leadership lost', { identity });
    try {
      await work;
    } finally {
      leading.release();
      if (kept) await this.#release();
    }
    return kept ? 'ended' : 'lost';
  }

  /** True when the work settled while leadership was assured; false as soon as it is not. */
  async #keepRenewing(term: Term, settled: AbortSignal): Promise<boolean> {
    const { clock, renewDeadlineMs, retryPeriodMs } = this.#options;
    while (term.isAssured()) {
      if (!(await sleptThrough(clock, Math.min(retryPeriodMs, term.remainingMs()), settled))) return term.isAssured();
      const startedAt = clock.monotonic();
      if (!term.isAssured()) return false;
      const renewed = await this.#tryAcquireOrRenew(settled, term.remainingMs());
      if (isAborted(settled)) return term.isAssured();
      if (renewed) term.extendTo(startedAt + renewDeadlineMs);
      else if (this.#takenByOther) return false;
    }
    return false;
  }

  #takenByOther = false;

  /** True when the record says, as of this attempt, that we hold it. Never rejects. */
  async #tryAcquireOrRenew(signal: AbortSignal, deadlineMs = this.#options.renewDeadlineMs): Promise<boolean> {
    const { clock, log } = this.#options;
    try {
      const limits = { clock, ms: deadlineMs, what: 'renewing the lease', signal };
      return await withDeadline(limits, (attempt) => this.#acquireOrRenew(attempt));
    } catch (error) {
      if (!signal.aborted) log.warn('lease not acquired or renewed, will retry', { error });
      return false;
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { store, identity, clock, leaseDurationMs } = this.#options;
    const nowMs = clock.now();
    const fresh = { holderIdentity: identity, leaseDurationMs, acquireTimeMs: nowMs, renewTimeMs: nowMs };
    const found = await store.get(signal);
    if (found === undefined) {
      await store.create({ ...fresh, transitions: 0 }, signal);
      return true;
    }
    const { record, resourceVersion } = found;
    const mine = record.holderIdentity === identity;
    this.#takenByOther = !mine && record.holderIdentity !== '';
    if (this.#takenByOther && !this.#seenExpired(record)) return false;
    await store.update(
      mine
        ? { ...fresh, acquireTimeMs: record.acquireTimeMs, transitions: record.transitions }
        : { ...fresh, transitions: record.transitions + 1 },
      resourceVersion,
      signal,
    );
    this.#takenByOther = false;
    return true;
  }

  /** Whether this candidate has watched the record stand still for as long as both it and the record ask for. */
  #seenExpired(record: LeaseRecord): boolean {
    const nowMs = this.#options.clock.monotonic();
    const fingerprint = JSON.stringify(record);
    if (this.#observed?.fingerprint !== fingerprint) this.#observed = { fingerprint, atMs: nowMs };
    return nowMs - this.#observed.atMs >= Math.max(record.leaseDurationMs, this.#options.leaseDurationMs);
  }

  /** Gives the record back, so that the next leader need not wait for it to expire. */
  async #release(): Promise<void> {
    const { store, identity, clock, log, retryPeriodMs } = this.#options;
    try {
      await withDeadline({ clock, ms: retryPeriodMs, what: 'releasing the lease' }, async (signal) => {
        const found = await store.get(signal);
        if (found?.record.holderIdentity !== identity) return;
        const released = { ...found.record, holderIdentity: '', leaseDurationMs: 1_000, renewTimeMs: clock.now() };
        await store.update(released, found.resourceVersion, signal);
        log.info('released the lease', { identity });
      });
    } catch (error) {
      log.warn('lease not released, it will expire', { error });
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random, retryPeriodMs } = this.#options;
    // client-go's JitterFactor 1.2: between one and 2.2 periods, so that candidates do not knock together.
    await sleptThrough(clock, retryPeriodMs * (1 + 1.2 * random()), signal);
  }
}
