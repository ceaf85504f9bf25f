import fc from 'fast-check';
import { onceAborted } from '../../../src/runtime/deadline';
import { LeaderElector } from '../../../src/runtime/leader-elector';
import { FakeClock } from '../../lib/fake-clock';
import { FakeLease, FakeLeaseStore } from '../../lib/fake-lease-store';
import { recordingLogger } from '../../lib/recording-logger';

interface Candidate {
  store: FakeLeaseStore;
  elector: LeaderElector;
  stop: AbortController;
  ended: Promise<void>;
  /** True from the moment its work begins until it was told to end. */
  leads(): boolean;
  /** How often its work began. */
  terms(): number;
}

/** Lease 15 s, renew deadline 10 s, retry 2 s: the defaults. Clocks of candidates differ by minutes. */
class Election {
  readonly clock = new FakeClock();
  readonly lease = new FakeLease();
  readonly candidates: Candidate[] = [];
  /** How long the work takes to end after it was told to. */
  windDownMs = 0;

  join(identity: string, wallOffsetMs = 0): Candidate {
    const store = new FakeLeaseStore(this.lease, this.clock);
    const stop = new AbortController();
    let term: AbortSignal | undefined;
    let terms = 0;
    const elector = new LeaderElector({
      store,
      identity,
      clock: this.clock.withWallOffset(wallOffsetMs),
      log: recordingLogger(),
      random: () => 0.5,
      onStartedLeading: async (signal) => {
        const other = this.candidates.find((candidate) => candidate.leads());
        if (other !== undefined) throw new Error('two leaders');
        term = signal;
        terms += 1;
        await onceAborted(signal);
        await this.clock.sleep(this.windDownMs);
      },
    });
    const candidate = {
      store,
      elector,
      stop,
      ended: elector.run(stop.signal),
      leads: () => term !== undefined && !term.aborted,
      terms: () => terms,
    };
    this.candidates.push(candidate);
    return candidate;
  }

  async end(): Promise<void> {
    for (const candidate of this.candidates) candidate.stop.abort();
    await this.clock.advance(this.windDownMs + 30_000);
    await Promise.all(this.candidates.map(({ ended }) => ended));
  }
}

test('the first candidate leads, and goes on leading as long as it renews', async () => {
  const election = new Election();
  const [a, b] = [election.join('a'), election.join('b')];
  await election.clock.advance(600_000);
  expect([a.leads(), a.terms(), b.leads(), b.terms()]).toEqual([true, 1, false, 0]);
  expect(election.lease.stored?.record).toMatchObject({ holderIdentity: 'a', transitions: 0 });
  await election.end();
});

test('after a clean stop the other leads within a few seconds', async () => {
  const election = new Election();
  const [a, b] = [election.join('a'), election.join('b')];
  await election.clock.advance(10_000);
  a.stop.abort();
  await election.clock.advance(5_000);
  await a.ended;
  expect([a.leads(), b.leads(), election.lease.stored?.record.transitions]).toEqual([false, true, 1]);
  await election.end();
  expect(election.lease.stored?.record.holderIdentity).toBe('');
});

test('the lease is held until the work has ended, also after a stop', async () => {
  const election = new Election();
  election.windDownMs = 60_000;
  const [a, b] = [election.join('a'), election.join('b')];
  await election.clock.advance(10_000);
  a.stop.abort();
  await election.clock.advance(59_000);
  expect([a.leads(), b.leads(), election.lease.stored?.record.holderIdentity]).toEqual([false, false, 'a']);
  await election.clock.advance(10_000);
  expect(b.leads()).toBe(true);
  await election.end();
});

test('the other takes over from a leader that died, once it has seen the record unchanged for 15 s', async () => {
  const election = new Election();
  const a = election.join('a');
  await election.clock.advance(10_000);
  const b = election.join('b');
  await election.clock.advance(1_000);
  a.store.hanging = true;
  await election.clock.advance(13_000);
  expect(b.leads()).toBe(false);
  await election.clock.advance(7_000);
  expect(b.leads()).toBe(true);
  await election.end();
});

test.each([
  ['the connection refuses', 'broken' as const],
  ['the connection hangs', 'hanging' as const],
])(
  'a leader that cannot renew stops within 10 s of its last renewal, before another may begin: %s',
  async (_n, fault) => {
    const election = new Election();
    const a = election.join('a');
    await election.clock.advance(10_000);
    const renewedAtMs = election.lease.stored?.record.renewTimeMs ?? 0;
    a.store[fault] = true;
    await election.clock.advance(renewedAtMs + 10_000 - election.clock.now() - 1);
    expect(a.leads()).toBe(true);
    await election.clock.advance(1);
    expect(a.leads()).toBe(false);
    a.store[fault] = false;
    await election.clock.advance(20_000);
    expect([a.leads(), a.terms()]).toEqual([true, 2]);
    await election.end();
  },
);

test('a renewal counts from when it was asked for, not from when the answer came', async () => {
  const election = new Election();
  const a = election.join('a');
  await election.clock.advance(10_000);
  a.store.updateAnswerMs = 7_000;
  const before = election.lease.stored?.resourceVersion;
  while (election.lease.stored?.resourceVersion === before) await election.clock.advance(10);
  const renewedAtMs = election.lease.stored?.record.renewTimeMs ?? 0;
  await election.clock.advance(7_500);
  a.store.broken = true;
  expect(a.leads()).toBe(true);
  await election.clock.advance(renewedAtMs + 10_000 - election.clock.now());
  expect(a.leads()).toBe(false);
  await election.end();
});

test('a leader survives a short outage without a new term', async () => {
  const election = new Election();
  const a = election.join('a');
  await election.clock.advance(10_000);
  a.store.broken = true;
  await election.clock.advance(7_000);
  a.store.broken = false;
  await election.clock.advance(60_000);
  expect([a.leads(), a.terms()]).toEqual([true, 1]);
  await election.end();
});

test('a leader that finds another in the record stops at once', async () => {
  const election = new Election();
  const a = election.join('a');
  await election.clock.advance(10_000);
  const record = election.lease.stored?.record;
  if (record === undefined) throw new Error('nobody leads');
  election.lease.write({ ...record, holderIdentity: 'intruder' });
  await election.clock.advance(2_100);
  expect(a.leads()).toBe(false);
  await election.end();
});

test('clocks that are wrong by hours change nothing', async () => {
  const election = new Election();
  const a = election.join('a', -7_200_000);
  await election.clock.advance(1_000);
  const b = election.join('b', 7_200_000);
  await election.clock.advance(120_000);
  expect([a.leads(), b.terms()]).toEqual([true, 0]);
  a.stop.abort();
  await election.clock.advance(10_000);
  expect(b.leads()).toBe(true);
  await election.end();
});

test('a candidate that restarts under the same identity goes on with its own lease', async () => {
  const election = new Election();
  const before = election.join('a');
  await election.clock.advance(10_000);
  before.store.hanging = true;
  await election.clock.advance(11_000);
  const after = election.join('a');
  await election.clock.advance(100);
  expect(after.leads()).toBe(true);
  await election.end();
});

test('when the work ends by itself, the lease is given back and the election is over', async () => {
  const clock = new FakeClock();
  const lease = new FakeLease();
  const common = { store: new FakeLeaseStore(lease, clock), identity: 'a', clock, log: recordingLogger() };
  await new LeaderElector({ ...common, onStartedLeading: () => Promise.resolve() }).run(new AbortController().signal);
  expect([lease.stored?.record.holderIdentity, clock.pendingSleeps]).toEqual(['', 0]);
  const failing = new LeaderElector({ ...common, onStartedLeading: () => Promise.reject(new Error('work failed')) });
  await expect(failing.run(new AbortController().signal)).rejects.toThrow('work failed');
  expect(lease.stored?.record.holderIdentity).toBe('');
});

test('times that cannot be safe are refused', () => {
  const clock = new FakeClock();
  const common = { store: new FakeLeaseStore(new FakeLease(), clock), identity: 'a', clock, log: recordingLogger() };
  const make = (renewDeadlineMs: number): LeaderElector =>
    new LeaderElector({ ...common, renewDeadlineMs, onStartedLeading: () => Promise.resolve() });
  expect(() => make(15_000)).toThrow(RangeError);
  expect(() => make(1_000)).toThrow(RangeError);
});

test('there are never two leaders, and one again soon after all faults are over', async () => {
  const fault = fc.record({
    who: fc.integer({ min: 0, max: 2 }),
    what: fc.constantFrom('broken', 'hanging', 'slow', 'healed', 'stopped', 'joined'),
    requestMs: fc.integer({ min: 0, max: 12_000 }),
    answerMs: fc.integer({ min: 0, max: 12_000 }),
    thenMs: fc.integer({ min: 0, max: 25_000 }),
  });
  const heal = (store: FakeLeaseStore): void => {
    Object.assign(store, { broken: false, hanging: false, requestMs: 0, answerMs: 0 });
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 30 }),
      fc.integer({ min: 0, max: 3_000 }),
      async (faults, windDownMs) => {
        const election = new Election();
        election.windDownMs = windDownMs;
        for (const [i, identity] of ['a', 'b', 'c'].entries()) election.join(identity, i * 60_000);
        for (const { who, what, requestMs, answerMs, thenMs } of faults) {
          const candidate = election.candidates[who];
          if (candidate === undefined) continue;
          if (what === 'broken' || what === 'hanging') candidate.store[what] = true;
          if (what === 'slow') Object.assign(candidate.store, { requestMs, answerMs });
          if (what === 'healed') heal(candidate.store);
          if (what === 'stopped') candidate.stop.abort();
          if (what === 'joined' && election.candidates.length < 6) election.join(`late-${election.candidates.length}`);
          await election.clock.advance(thenMs);
          expect(election.candidates.filter((one) => one.leads()).length).toBeLessThanOrEqual(1);
        }
        for (const { store } of election.candidates) heal(store);
        election.join('last');
        await election.clock.advance(60_000);
        expect(election.candidates.filter((one) => one.leads()).length).toBe(1);
        await election.end();
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);
