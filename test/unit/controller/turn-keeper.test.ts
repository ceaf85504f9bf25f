import fc from 'fast-check';
import type { ContainerMigration } from '../../../src/api/types';
import { keyOf } from '../../../src/api/types';
import { TurnKeeper } from '../../../src/controller/turn-keeper';
import type { Limits } from '../../../src/protocol/controller/line';
import { gateBefore, holdsPlace } from '../../../src/protocol/controller/line';
import type { ControllerStep } from '../../../src/protocol/controller/step';
import { FakeClock } from '../../lib/fake-clock';
import { decision, migration, source, STARTED_AT, target } from '../../lib/migration';

const ADMIT: ControllerStep = { do: 'Admit', because: 'Admit' };
const FREEZE: ControllerStep = { do: 'Advance', because: 'AdvanceToFreeze', to: 'Freeze' };
const WAIT: ControllerStep = { do: 'Wait', because: 'AwaitStep', waitsFor: 'x', untilMs: 0 };
const NODES = ['a', 'b', 'c'];

function created(name: string, [from, to]: readonly [string, string], priority = 0): ContainerMigration {
  return migration(
    {},
    {
      spec: { source: { nodeName: from, container: name }, target: { nodeName: to }, priority },
      metadata: { name, uid: `uid-${name}` },
    },
  );
}

/** The same object after a step of somebody. */
function after(
  object: ContainerMigration,
  event: 'Admit' | 'Prepare' | 'Freeze' | 'Restore' | 'End',
): ContainerMigration {
  const { uid } = object.metadata;
  const made = (step: 'Preflight' | 'Prepare' | 'Freeze'): object => ({
    decision: decision(step, { migrationUID: uid }),
  });
  const ready = { source: source('Prepared'), target: target('Prepared') };
  const status = {
    Admit: made('Preflight'),
    Prepare: { ...made('Prepare'), ...ready },
    Freeze: { ...made('Freeze'), ...ready },
    Restore: { ...made('Freeze'), source: source('Published'), target: target('Restored') },
    End: { ...object.status, phase: 'Succeeded' as const },
  }[event];
  const resourceVersion = String(Number(object.metadata.resourceVersion) + 1);
  return { ...object, metadata: { ...object.metadata, resourceVersion }, status: { startedAt: STARTED_AT, ...status } };
}

const next = (object: ContainerMigration): 'Prepare' | 'Restore' | 'End' | undefined => {
  if (object.status.phase === 'Succeeded' || gateBefore(object) !== undefined) return undefined;
  if (object.status.decision?.step === 'Preflight') return 'Prepare';
  return object.status.target?.state === 'Restored' ? 'End' : 'Restore';
};

/** An API server, a cache of it that is behind, and workers that decide by the cache and write to the server. */
class World {
  readonly server = new Map<string, ContainerMigration>();
  readonly #cache = new Map<string, ContainerMigration>();
  readonly #told: ContainerMigration[] = [];
  readonly #writing = new Map<string, { readonly seen: ContainerMigration; readonly next: ContainerMigration }>();
  #nowMs = Date.parse(STARTED_AT);
  readonly #keeper: TurnKeeper;

  constructor(objects: readonly ContainerMigration[], limits: Limits) {
    for (const object of objects) {
      this.server.set(keyOf(object), object);
      this.#cache.set(keyOf(object), object);
    }
    const now = (): number => this.#nowMs;
    const clock = { now, monotonic: now, sleep: () => Promise.resolve() };
    this.#keeper = new TurnKeeper({ list: () => this.#cache.values(), limits, clock });
  }

  /** A worker looks at what the cache has, and begins to write. One object is never with two workers. */
  decide(key: string): void {
    const seen = this.#cache.get(key);
    if (seen === undefined || this.#writing.has(key)) return;
    const gate = gateBefore(seen);
    const isOpen = this.#keeper.placeOf(seen) === undefined;
    const step = gate === undefined || !isOpen ? WAIT : gate === 'Admission' ? ADMIT : FREEZE;
    this.#keeper.decided(seen, step);
    if (step === WAIT) return;
    this.#writing.set(key, { seen, next: after(seen, step === ADMIT ? 'Admit' : 'Freeze') });
  }

  /** The write of a worker arrives; `isLost`: the answer does not, and the worker cannot know. */
  arrive(key: string, isLost: boolean): void {
    const write = this.#writing.get(key);
    if (write === undefined) return;
    this.#writing.delete(key);
    const isRefused = this.server.get(key)?.metadata.resourceVersion !== write.seen.metadata.resourceVersion;
    if (!isRefused) this.#put(write.next);
    this.#keeper.written(write.seen, { isRefused: isRefused && !isLost });
  }

  /** Somebody creates it. */
  create(object: ContainerMigration): void {
    if (!this.server.has(keyOf(object))) this.#put(object);
  }

  /** An agent takes its step, or writes something that changes nothing for the line. */
  agent(key: string, isStep: boolean): void {
    const object = this.server.get(key);
    if (object === undefined) return;
    const event = isStep ? next(object) : undefined;
    const { metadata } = object;
    const resourceVersion = String(Number(metadata.resourceVersion) + 1);
    this.#put(event === undefined ? { ...object, metadata: { ...metadata, resourceVersion } } : after(object, event));
  }

  /** The watch tells of one change more. @returns whether it had one to tell of */
  tell(): boolean {
    const object = this.#told.shift();
    if (object === undefined) return false;
    this.#cache.set(keyOf(object), object);
    for (const key of this.#keeper.changed(keyOf(object), object)) this.decide(key);
    return true;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  #put(object: ContainerMigration): void {
    this.server.set(keyOf(object), object);
    this.#told.push(object);
  }
}

const objects = fc
  .array(
    fc.record({
      between: fc.constantFrom<readonly [string, string]>(['a', 'b'], ['b', 'c'], ['c', 'a']),
      priority: fc.nat(2),
      isLate: fc.boolean(),
    }),
    { minLength: 2, maxLength: 8 },
  )
  .map((list) =>
    list.map(({ between, priority, isLate }, i) => ({ object: created(`m${i}`, between, priority), isLate })),
  );
const happenings = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'decide',
      'decide',
      'arrive',
      'arrive',
      'lose',
      'create',
      'step',
      'touch',
      'tell',
      'tell',
      'pass',
    ),
    who: fc.nat(7),
  }),
  { maxLength: 200 },
);

/** How many more there are behind a gate on a node than may be. */
function excess(world: World, limits: Limits): number {
  let most = 0;
  for (const gate of ['Admission', 'Freeze'] as const) {
    for (const node of NODES) {
      const isThere = (one: ContainerMigration): boolean =>
        holdsPlace(one, gate) && (one.spec.source.nodeName === node || one.spec.target.nodeName === node);
      most = Math.max(most, [...world.server.values()].filter(isThere).length - limits[gate]);
    }
  }
  return most;
}

test('whatever comes between deciding, writing and being told: no limit is exceeded, and all end', () => {
  fc.assert(
    fc.property(
      objects,
      fc.record({ Admission: fc.integer({ min: 1, max: 3 }), Freeze: fc.integer({ min: 1, max: 2 }) }),
      happenings,
      (asked, limits, happened) => {
        const world = new World(
          asked.filter(({ isLate }) => !isLate).map(({ object }) => object),
          limits,
        );
        const keys = asked.map(({ object }) => keyOf(object));
        let exceeded = 0;
        for (const { kind, who } of happened) {
          const key = keys[who % keys.length] ?? '';
          if (kind === 'decide') world.decide(key);
          if (kind === 'create') for (const { object } of asked) if (keyOf(object) === key) world.create(object);
          if (kind === 'arrive' || kind === 'lose') world.arrive(key, kind === 'lose');
          if (kind === 'step' || kind === 'touch') world.agent(key, kind === 'step');
          if (kind === 'tell') world.tell();
          if (kind === 'pass') world.pass(1_000);
          exceeded = Math.max(exceeded, excess(world, limits));
        }
        // Then all goes as it should.
        for (const { object } of asked) world.create(object);
        for (let round = 0; round < 8 * keys.length; round++) {
          while (world.tell());
          for (const key of keys) world.decide(key);
          for (const key of keys) world.arrive(key, false);
          exceeded = Math.max(exceeded, excess(world, limits));
          while (world.tell());
          for (const key of keys) world.agent(key, true);
          exceeded = Math.max(exceeded, excess(world, limits));
          world.pass(1_000);
        }
        expect(exceeded).toBe(0);
        expect([...world.server.values()].map(({ status }) => status.phase)).toEqual(keys.map(() => 'Succeeded'));
      },
    ),
    { numRuns: 300 },
  );
});

function keeperOf(objects: ContainerMigration[], limits: Limits): TurnKeeper {
  return new TurnKeeper({ list: () => objects, limits, clock: new FakeClock() });
}

test('tells who comes next when one that held the place has ended, is gone, or waits for an agent', () => {
  const first = after(created('first', ['a', 'b']), 'Admit');
  const second = created('second', ['a', 'b']);
  const objects = [first, second];
  const keeper = keeperOf(objects, { Admission: 1, Freeze: 1 });
  expect(keeper.placeOf(second)).toMatchObject({ gate: 'Admission', ahead: 0, nodes: ['a', 'b'], limit: 1 });
  expect(keeper.waiting()).toEqual({ Admission: 1, Freeze: 0 });
  expect(keeper.changed(keyOf(first), first)).toEqual([]);
  objects[0] = after(first, 'End');
  expect(keeper.changed(keyOf(first), objects[0])).toEqual(['default/second']);
  expect(keeper.placeOf(second)).toBeUndefined();

  // The place was kept for the second, which is gone.
  const third = created('third', ['b', 'c']);
  objects.splice(0, 2, third, second);
  keeper.changed('default/any', undefined);
  expect(keeper.placeOf(third)).toMatchObject({ ahead: 0 });
  objects.splice(1, 1);
  expect(keeper.changed(keyOf(second), undefined)).toEqual(['default/third']);
});

test('one that is ready and whose node does not report keeps no place from others', () => {
  const held = after(created('held', ['a', 'b']), 'Prepare');
  const other = after(created('other', ['b', 'c']), 'Prepare');
  const objects = [held, other];
  const keeper = keeperOf(objects, { Admission: Infinity, Freeze: 1 });
  expect(keeper.placeOf(other)).toMatchObject({ gate: 'Freeze' });
  objects[0] = { ...held, status: { ...held.status, reason: 'NodeWithoutAgent' } };
  expect(keeper.changed(keyOf(held), objects[0])).toEqual(['default/other']);
  expect(keeper.placeOf(other)).toBeUndefined();
  // It may ask all the same, as its node may report by now.
  expect(keeper.placeOf(objects[0])).toBeUndefined();
});

test('without limits nobody waits, and nothing is remembered', () => {
  const objects = Array.from({ length: 9 }, (_, i) => created(`m${i}`, ['a', 'b']));
  const keeper = keeperOf(objects, { Admission: Infinity, Freeze: Infinity });
  for (const object of objects) {
    expect(keeper.placeOf(object)).toBeUndefined();
    keeper.decided(object, ADMIT);
  }
  expect(keeper.waiting()).toEqual({ Admission: 0, Freeze: 0 });
});

test('a place that may be given away already is kept until the object tells; one that surely is not is free', () => {
  const first = created('first', ['a', 'b']);
  const urgent = created('urgent', ['a', 'b'], 1);
  const whatIfDone = (outcomes: readonly ('written' | 'refused' | 'waits')[]): boolean => {
    const objects = [first];
    const keeper = keeperOf(objects, { Admission: 1, Freeze: 1 });
    for (const outcome of outcomes) {
      expect(keeper.placeOf(first)).toBeUndefined();
      keeper.decided(first, outcome === 'waits' ? WAIT : ADMIT);
      keeper.written(first, { isRefused: outcome === 'refused' });
    }
    objects.push(urgent);
    return keeper.placeOf(urgent) === undefined;
  };
  expect(whatIfDone([])).toBe(true);
  expect(whatIfDone(['written'])).toBe(false);
  expect(whatIfDone(['refused'])).toBe(true);
  // The watch is behind: it is decided a second time, and refused because of what was written before.
  expect(whatIfDone(['written', 'refused'])).toBe(false);
  expect(whatIfDone(['written', 'waits'])).toBe(false);
});
