import fc from 'fast-check';
import type { MigrationNodeStatus, NodeCondition, NodeDriver } from '../../../../src/api/migration-node';
import type { RequestedSpec } from '../../../../src/api/types';
import type { Candidate, TargetChoice, TargetLoad } from '../../../../src/protocol/controller/choose-target';
import { chooseTarget, loadsOf, whyUnfit } from '../../../../src/protocol/controller/choose-target';
import { ABLE, candidate, requested } from '../../../lib/candidate';
import { migration } from '../../../lib/migration';

const from = candidate('node-a');
const choose = (
  nodes: readonly Candidate[],
  target: RequestedSpec['target'] = {},
  loads: Record<string, TargetLoad> = {},
): TargetChoice => chooseTarget(requested(target).spec, { nodes, loads: new Map(Object.entries(loads)) });

const only = (nodeName: string): TargetChoice => ({ nodeName, because: 'the only node that fits' });
const report = (more: MigrationNodeStatus): Partial<Candidate> => ({ report: { ...ABLE, ...more } });

test.each<[what: string, Partial<Candidate>, why: string]>([
  ['is cordoned', { isCordoned: true }, 'cordoned'],
  ['has a taint', { taints: ['node.kubernetes.io/out-of-service'] }, 'tainted node.kubernetes.io/out-of-service'],
  ['has an agent that does not report', { agentAlive: false }, 'no agent reports'],
  ['has other labels', { labels: { zone: 'us' } }, 'no label zone=eu'],
  [
    'is not ready',
    report({
      conditions: [
        { type: 'Ready', status: 'False', reason: 'X', message: 'the volume hangs', lastTransitionTime: '' },
      ],
    }),
    'not ready: the volume hangs',
  ],
  ['has not looked yet', report({ conditions: [] }), 'not ready: its agent has not looked yet'],
  ['has another architecture', report({ machine: 'aarch64' }), 'another architecture (aarch64)'],
  ['has an older processor', report({ cpuFeatures: ['sse2'] }), 'its processor lacks avx'],
  [
    'cannot wake containers up by the driver that is asked for',
    report({
      drivers: [
        { name: 'runc', roles: ['Source'] },
        { name: 'docker', roles: ['Target'] },
      ],
    }),
    'no driver in common with the source (spec.driver is runc)',
  ],
])('a node that %s is not picked, and the reason is told', (_what, more, why) => {
  const nodes = [from, candidate('node-b', { labels: { zone: 'eu' }, ...more })];
  const selective = { nodeSelector: { zone: 'eu' } };
  expect(choose(nodes, selective)).toEqual({ noneFits: expect.stringContaining(`node-b: ${why}`) as string });
  expect(choose([...nodes, candidate('node-c', { labels: { zone: 'eu' } })], selective)).toEqual(only('node-c'));
});

test('a node whose agent has never said what it can do is not picked', () => {
  const { name, labels, isCordoned, taints, agentAlive } = candidate('node-b');
  const silent = { name, labels, isCordoned, taints, agentAlive };
  expect(choose([from, silent])).toEqual({ noneFits: 'node-b: no agent reports from there' });
  expect(choose([silent, candidate('node-c')])).toEqual({
    noneFits: 'the agent of node-a has not said yet what its node can do',
  });
});

test('with Auto, any driver in common will do', () => {
  const spec = requested({}, { spec: { driver: 'Auto' } }).spec;
  const byDocker = candidate('node-b', report({ drivers: [{ name: 'docker', roles: ['Target'] }] }));
  expect(chooseTarget(spec, { nodes: [from, byDocker], loads: new Map() })).toEqual(only('node-b'));
});

test('a newer processor than that of the source will do', () => {
  expect(choose([from, candidate('node-b', report({ cpuFeatures: ['avx', 'avx2', 'sse2'] }))])).toEqual(only('node-b'));
});

test('what is picked from those that fit, and what is said of it', () => {
  const nodes = ['node-d', 'node-a', 'node-c', 'node-b'].map((name) => candidate(name));
  const of = 'of 3 nodes that fit';
  expect(choose(nodes)).toEqual({ nodeName: 'node-b', because: `the first by name ${of}` });
  expect(choose(nodes, {}, { 'node-b': { underWay: 0, lastMs: 2 }, 'node-c': { underWay: 0, lastMs: 1 } })).toEqual({
    nodeName: 'node-d',
    because: `longest without a migration to it ${of}`,
  });
  expect(choose(nodes, {}, { 'node-b': { underWay: 2, lastMs: 1 }, 'node-d': { underWay: 2, lastMs: 1 } })).toEqual({
    nodeName: 'node-c',
    because: `fewest migrations under way ${of}`,
  });
});

test('of many nodes that do not fit, few are told', () => {
  const nodes = Array.from({ length: 40 }, (_, i) => candidate(`node-${i + 10}`, { isCordoned: i > 2 }));
  const { noneFits = '' } = choose([from, ...nodes], { nodeSelector: { zone: 'eu' } }) as { noneFits?: string };
  expect(noneFits).toBe(
    'node-10, node-11, node-12, node-13, node-14 and 35 more: no label zone=eu (spec.target.nodeSelector)',
  );
  expect(choose([from])).toEqual({ noneFits: 'there is no other node' });
});

test('what counts as load: what has not ended and goes there, and what was picked and is not told yet', () => {
  const to = (uid: string, nodeName: string, creationTimestamp: string, phase: 'Freezing' | 'Succeeded') =>
    migration({ phase }, { metadata: { uid, creationTimestamp }, spec: { target: { nodeName } } });
  const time = (second: number): string => `2026-01-01T00:00:0${second}Z`;
  const loads = loadsOf(
    [
      to('1', 'node-b', time(1), 'Freezing'),
      to('2', 'node-b', time(3), 'Succeeded'),
      to('3', 'node-c', time(2), 'Succeeded'),
      requested({}, { metadata: { uid: '4', creationTimestamp: time(5) } }),
      requested({}, { metadata: { uid: '5', creationTimestamp: time(6) } }),
      requested({}, { metadata: { uid: '6', creationTimestamp: time(7) } }),
    ],
    new Map([
      ['4', 'node-c'],
      ['5', 'node-b'],
    ]),
    '5',
  );
  expect(Object.fromEntries(loads)).toEqual({
    'node-b': { underWay: 1, lastMs: Date.parse(time(3)) },
    'node-c': { underWay: 1, lastMs: Date.parse(time(5)) },
  });
});

describe('whatever the nodes are like', () => {
  const drivers = fc.constantFrom<NodeDriver[]>(ABLE.drivers ?? [], [{ name: 'runc', roles: ['Source'] }]);
  const node = fc.record({
    isCordoned: fc.boolean(),
    taints: fc.constantFrom<string[]>([], [], ['dedicated']),
    agentAlive: fc.boolean(),
    labels: fc.constantFrom<Record<string, string>>({}, { zone: 'eu' }),
    report: fc.record({
      machine: fc.constantFrom<string>('x86_64', 'aarch64'),
      cpuFeatures: fc.subarray<string>(['avx', 'sse2']),
      conditions: fc.constant<NodeCondition[]>(ABLE.conditions ?? []),
      drivers,
    }),
  });
  const nodes = fc.array(node, { maxLength: 8 }).map((some) => some.map((more, i) => candidate(`node-${i}`, more)));
  const load = fc.record({ underWay: fc.nat(2), lastMs: fc.nat(2) });
  const pools = fc.record({
    nodes,
    loads: fc.array(load, { maxLength: 8 }).map((some) => new Map(some.map((one, i) => [`node-${i}`, one]))),
  });
  const specs = fc
    .constantFrom<RequestedSpec['target']>({}, { nodeSelector: { zone: 'eu' } })
    .map((target) => requested(target, { spec: { source: { nodeName: 'node-0', container: 'looper' } } }).spec);

  test('only a node that fits is picked, never the source, none with less to do is passed over, and the order is nothing', () => {
    fc.assert(
      fc.property(specs, pools, (spec, pool) => {
        const choice = chooseTarget(spec, pool);
        expect(chooseTarget(spec, { ...pool, nodes: pool.nodes.toReversed() })).toEqual(choice);
        const [source] = pool.nodes;
        const fit = pool.nodes.filter(
          (one) => one !== source && whyUnfit(spec, one, source?.report ?? {}) === undefined,
        );
        const underWay = (name: string): number => pool.loads.get(name)?.underWay ?? 0;
        if ('noneFits' in choice) {
          expect(fit).toEqual([]);
        } else {
          expect(fit.map(({ name }) => name)).toContain(choice.nodeName);
          expect(underWay(choice.nodeName)).toBe(Math.min(...fit.map(({ name }) => underWay(name))));
        }
      }),
    );
  });
});
