import fc from 'fast-check';
import type { ContainerMigration, Status } from '../../../../src/api/types';
import type { Gate } from '../../../../src/protocol/controller/line';
import { gateBefore, holdsPlace, lineUp, PASSED_FOR_MS } from '../../../../src/protocol/controller/line';
import { decision, migration } from '../../../lib/migration';
import { at, atMs, moments } from './observations';

interface One {
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
  readonly namespace?: string;
  readonly priority?: number;
  /** In seconds. */
  readonly created?: number;
}

/** A migration that waits for its admission, unless its status says otherwise. */
function one(
  { name, from = 'a', to = 'b', namespace = 'default', priority, created = 0 }: One,
  status: Status = {},
): ContainerMigration {
  const nodes = { source: { nodeName: from, container: name }, target: { nodeName: to } };
  return migration(status, {
    spec: { ...nodes, ...(priority === undefined ? {} : { priority }) },
    metadata: { name, namespace, uid: `uid-${namespace}-${name}`, creationTimestamp: at(created) },
  });
}

/** One that is past the admission since a second. */
function begun(given: One, since = 0): ContainerMigration {
  const asked = one(given);
  const phaseTransitions = [{ phase: 'Preflight', at: at(since) } as const];
  return {
    ...asked,
    status: { decision: decision('Preflight', { migrationUID: asked.metadata.uid }), phaseTransitions },
  };
}

const ended = (object: ContainerMigration): ContainerMigration => ({
  ...object,
  status: { ...object.status, phase: 'Succeeded' },
});

const waitingSince = (seconds: number): Status => ({ queue: { gate: 'Admission', since: at(seconds), ahead: 0 } });

function names(
  migrations: readonly ContainerMigration[],
  limit: number,
  seconds = 0,
  gate: Gate = 'Admission',
): string[] {
  const now = { nowMs: atMs(seconds), granted: new Set<string>() };
  return [...lineUp(gate, migrations, { Admission: limit, Freeze: limit }, now).goes.values()];
}

describe('which gate a migration stands before', () => {
  test.each<[string, ContainerMigration, Gate | undefined]>([
    ['nobody has seen it', moments.created(), 'Admission'],
    ['it only looks', moments.created({ spec: { mode: 'Preflight' } }), undefined],
    ['it has ended', moments.created({}, { phase: 'Failed' }), undefined],
    ['its agents prepare it', moments.preparing(), undefined],
    ['both are ready', moments.prepared(), 'Freeze'],
    [
      'it is given up',
      moments.prepared({}, { decision: decision('Prepare', { revoked: { reason: 'X', message: 'x', at: at(0) } }) }),
      undefined,
    ],
    ['it is frozen', moments.freezing(), undefined],
  ])('%s', (_title, object, gate) => {
    expect(gateBefore(object)).toBe(gate);
  });
});

describe('which places a migration takes', () => {
  test.each<[string, ContainerMigration, Gate[]]>([
    ['nobody has seen it', moments.created(), []],
    ['it begins', moments.preflight(), ['Admission']],
    ['it only looks', moments.preflight({ spec: { mode: 'Preflight' } }), []],
    ['both are ready', moments.prepared(), ['Admission']],
    ['it is frozen', moments.freezing(), ['Admission', 'Freeze']],
    ['the target has it', moments.claimed(), ['Admission', 'Freeze']],
    ['it runs on the target', moments.restored(), ['Admission']],
    ['it is being woken up again', moments.revoked(), ['Admission', 'Freeze']],
    ['it runs on the source again', moments.rolledBack(), ['Admission']],
    ['it has ended', moments.released({}, { phase: 'Succeeded' }), []],
    ['nobody knows when it ends', moments.claimed({}, { reason: 'TargetUnreachable' }), []],
  ])('%s', (_title, object, gates) => {
    expect((['Admission', 'Freeze'] as const).filter((gate) => holdsPlace(object, gate))).toEqual(gates);
  });
});

describe('the order', () => {
  test('is by age, then by name', () => {
    const line = [one({ name: 'late', created: 9 }), one({ name: 'b' }), one({ name: 'a' })];
    expect(names(line, 2)).toEqual(['default/a', 'default/b']);
  });

  test('is by priority first: then age and turns do not count', () => {
    const line = [
      one({ name: 'old', namespace: 'new' }),
      one({ name: 'urgent', priority: 1, created: 9 }),
      one({ name: 'low', priority: -1 }),
    ];
    expect(names([begun({ name: 'other', from: 'a', to: 'b' }), ...line], 2)).toEqual(['default/urgent']);
  });

  test('namespaces take turns, however many one asks for', () => {
    const many = Array.from({ length: 9 }, (_, i) => one({ name: `m${i}`, namespace: 'greedy', created: i }));
    const few = [
      one({ name: 'x', namespace: 'modest', created: 100 }),
      one({ name: 'y', namespace: 'modest', created: 101 }),
    ];
    expect(names([...many, ...few], 5)).toEqual(['greedy/m0', 'modest/x', 'greedy/m1', 'modest/y', 'greedy/m2']);
  });

  test('namespaces take turns even if only one place is ever free', () => {
    const last = ended(begun({ name: 'm0', namespace: 'greedy' }, 50));
    const line = [one({ name: 'm1', namespace: 'greedy' }), one({ name: 'x', namespace: 'modest', created: 99 })];
    expect(names([last, ...line], 1, 100)).toEqual(['modest/x']);
    const then = ended(begun({ name: 'x', namespace: 'modest' }, 100));
    expect(names([last, then, ...line], 1, 200)).toEqual(['greedy/m1']);
  });

  test('one whose nodes are free passes a head that is stuck', () => {
    const line = [
      begun({ name: 'long' }),
      one({ name: 'head' }),
      one({ name: 'free', from: 'c', to: 'd', created: 5 }),
    ];
    expect(names(line, 1)).toEqual(['default/free']);
  });

  test.each([
    [PASSED_FOR_MS / 1000 - 1, ['default/passing']],
    [PASSED_FOR_MS / 1000, []],
  ])('after a minute a place is kept for one that others have passed: %i s', (seconds, goes) => {
    const head = one({ name: 'head', from: 'a', to: 'c' }, waitingSince(0));
    const line = [begun({ name: 'long', from: 'a', to: 'x' }), head, one({ name: 'passing', from: 'c', to: 'd' })];
    expect(names(line, 1, seconds)).toEqual(goes);
  });

  test('a long line that waits for one node keeps one place of another, not all', () => {
    const line = Array.from({ length: 4 }, (_, i) => one({ name: `head-${i}`, from: 'a', to: 'c' }, waitingSince(0)));
    const long = [begun({ name: 'l0', from: 'a', to: 'x' }), begun({ name: 'l1', from: 'a', to: 'y' })];
    const passing = one({ name: 'passing', from: 'c', to: 'd', created: 5 });
    expect(names([...long, ...line, passing], 2, 100)).toEqual(['default/passing']);
  });

  test.each<[string, ContainerMigration]>([
    ['deleted', migration({}, { metadata: { deletionTimestamp: at(0) } })],
    ['cancelled', migration({}, { spec: { cancel: true } })],
    ['waiting for an agent', migration({ reason: 'NodeWithoutAgent' })],
  ])('no place is kept for one that is %s, but it may ask', (_title, object) => {
    const limits = { Admission: 1, Freeze: 1 };
    const now = { nowMs: atMs(0), granted: new Set<string>() };
    expect(lineUp('Admission', [object], limits, now).goes.size).toBe(0);
    expect(lineUp('Admission', [object], limits, { ...now, asking: object.metadata.uid }).goes.size).toBe(1);
  });

  test('a place says how many come before that share a node, in steps', () => {
    const many = Array.from({ length: 15 }, (_, i) => one({ name: `m${String(i).padStart(2, '0')}` }));
    const other = one({ name: 'other', from: 'c', to: 'd' });
    const now = { nowMs: atMs(0), granted: new Set<string>() };
    const { waits } = lineUp('Admission', [...many, other], { Admission: 1, Freeze: 1 }, now);
    const ahead = many.map(({ metadata }) => waits.get(metadata.uid)?.ahead);
    expect(ahead).toEqual([undefined, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 10, 10, 10, 10]);
  });
});

const nodes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 2, maxLength: 2 });
const asked = fc
  .record({
    nodes,
    namespace: fc.constantFrom('x', 'y'),
    priority: fc.option(fc.integer({ min: -1, max: 1 }), { nil: undefined }),
    created: fc.integer({ min: 0, max: 50 }),
  })
  .map(({ nodes: [from = 'a', to = 'b'], priority, ...more }) => ({
    from,
    to,
    ...more,
    ...(priority === undefined ? {} : { priority }),
  }));
const all = fc.array(asked, { maxLength: 25 }).map((list) => list.map((given, i) => ({ ...given, name: `m${i}` })));

test('whatever is asked for: nobody goes beyond the limit, nobody goes and waits, and all go in the end', () => {
  fc.assert(
    fc.property(all, fc.integer({ min: 1, max: 3 }), (list, limit) => {
      let left = list.map((given) => one(given));
      let running: ContainerMigration[] = [];
      for (let round = 0; left.length > 0; round++) {
        const now = { nowMs: atMs(round), granted: new Set<string>() };
        const { goes, waits } = lineUp('Admission', [...left, ...running], { Admission: limit, Freeze: limit }, now);
        expect([...goes.keys(), ...waits.keys()].toSorted()).toEqual(
          left.map(({ metadata }) => metadata.uid).toSorted(),
        );
        // Half of what runs ends before the next round, and at least one.
        const isGoing = ({ metadata }: ContainerMigration): boolean => goes.has(metadata.uid);
        running = [
          ...running,
          ...left.filter(isGoing).map((object) => ({
            ...begun(list.find(({ name }) => name === object.metadata.name) ?? { name: '' }, round),
          })),
        ];
        for (const node of ['a', 'b', 'c', 'd']) {
          const there = running.filter(({ spec }) => [spec.source.nodeName, spec.target.nodeName].includes(node));
          expect(there.length).toBeLessThanOrEqual(limit);
        }
        expect(running.length).toBeGreaterThan(0);
        left = left.filter((object) => !isGoing(object));
        running = running.slice(Math.ceil(running.length / 2));
      }
    }),
  );
});

test('among those that compete for the same node nobody of a higher priority waits behind one of a lower', () => {
  fc.assert(
    fc.property(all, fc.integer({ min: 1, max: 3 }), (list, limit) => {
      const line = list.map((given) => one({ ...given, from: 'a', to: 'b' }));
      const now = { nowMs: atMs(0), granted: new Set<string>() };
      const { goes } = lineUp('Admission', line, { Admission: limit, Freeze: limit }, now);
      const priorities = (isGoing: boolean): number[] =>
        line.filter(({ metadata }) => goes.has(metadata.uid) === isGoing).map(({ spec }) => spec.priority ?? 0);
      expect(goes.size).toBe(Math.min(limit, line.length));
      expect(Math.min(...priorities(true))).toBeGreaterThanOrEqual(Math.max(...priorities(false)));
    }),
  );
});

test.each(['default', 'other'])(
  'a migration between two busy nodes is not passed for ever by those of %s',
  (namespace) => {
    // On each of its nodes one migration follows another, so that they are never free at the same second.
    const head = one({ name: 'head', from: 'a', to: 'b' }, waitingSince(0));
    let running: { object: ContainerMigration; until: number }[] = [
      { object: begun({ name: 'a-0', from: 'a', to: 'c', namespace }), until: 3 },
      { object: begun({ name: 'b-0', from: 'b', to: 'd', namespace }), until: 2 },
    ];
    for (let second = 1; second < 120; second++) {
      running = running.filter(({ until }) => until > second);
      const line = [
        head,
        one({ name: `a-${second}`, from: 'a', to: 'c', created: second, namespace }),
        one({ name: `b-${second}`, from: 'b', to: 'd', created: second, namespace }),
      ];
      const went = names([...running.map(({ object }) => object), ...line], 1, second);
      if (went.includes('default/head')) {
        expect(second).toBeGreaterThanOrEqual(PASSED_FOR_MS / 1000);
        return;
      }
      for (const key of went) {
        const name = key.replace(`${namespace}/`, '');
        running.push({
          object: begun(
            { name, ...(name.startsWith('a') ? { from: 'a', to: 'c' } : { from: 'b', to: 'd' }), namespace },
            second,
          ),
          until: second + 3,
        });
      }
    }
    throw new Error('the head never went');
  },
);
