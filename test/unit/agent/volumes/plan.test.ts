import { copied, planMounts, provided, shared } from '../../../../src/agent/volumes/plan';
import type { Spec } from '../../../../src/api/types';
import type { MountInfo } from '../../../../src/docker/mounts';

const volume = (name: string, destination = `/${name}`): MountInfo => ({
  ...{ type: 'volume', name, destination, writable: true },
  source: `/var/lib/docker/volumes/${name}/_data`,
});
const bind = (name: string, destination = name): MountInfo => ({
  ...{ type: 'bind', name, destination, writable: true },
  source: name,
});

type Said = Pick<Spec, 'volumes' | 'volumeOverrides'>;
const COPY: Said = { volumes: 'Copy', volumeOverrides: [] };
const plan = (mounts: MountInfo[], said: Partial<Said> = {}): [string, string][] =>
  planMounts(mounts, { ...COPY, ...said }).planned.map(({ name, policy }) => [name, policy]);

const MOUNTS = [volume('data'), bind('/srv')];

test.each<[string, Partial<Said>, [string, string][]]>([
  [
    'volumes are copied, host directories are their owner’s',
    {},
    [
      ['data', 'Copy'],
      ['/srv', 'Skip'],
    ],
  ],
  [
    'both must be shared',
    { volumes: 'RequireShared' },
    [
      ['data', 'RequireShared'],
      ['/srv', 'RequireShared'],
    ],
  ],
  [
    'nothing is carried',
    { volumes: 'Skip' },
    [
      ['data', 'Skip'],
      ['/srv', 'Skip'],
    ],
  ],
  [
    'a volume by its name',
    { volumeOverrides: [{ name: 'data', policy: 'Skip' }] },
    [
      ['data', 'Skip'],
      ['/srv', 'Skip'],
    ],
  ],
  [
    'a host directory by where it is mounted',
    { volumeOverrides: [{ name: '/srv', policy: 'RequireShared' }] },
    [
      ['data', 'Copy'],
      ['/srv', 'RequireShared'],
    ],
  ],
  [
    'the place wins over the name',
    {
      volumeOverrides: [
        { name: 'data', policy: 'Skip' },
        { name: '/data', policy: 'RequireShared' },
      ],
    },
    [
      ['data', 'RequireShared'],
      ['/srv', 'Skip'],
    ],
  ],
])('%s', (_what, said, expected) => {
  expect(plan(MOUNTS, said)).toEqual(expected);
});

test('a volume that is mounted twice counts once, and an override of either place counts', () => {
  const twice = [volume('data', '/a'), volume('data', '/b')];
  expect(plan(twice)).toEqual([['data', 'Copy']]);
  for (const name of ['/a', '/b']) {
    expect(plan(twice, { volumeOverrides: [{ name, policy: 'Skip' }] })).toEqual([['data', 'Skip']]);
  }
});

test('an override that names nothing is told', () => {
  const volumeOverrides = ['data', 'dtaa', '/srv/'].map((name) => ({ name, policy: 'Skip' as const }));
  expect(planMounts(MOUNTS, { ...COPY, volumeOverrides }).strays).toEqual(['dtaa', '/srv/']);
});

test('what the target does about each', () => {
  const policies = ['Copy', 'RequireShared', 'Skip'] as const;
  const volumes = policies.map((policy) => ({ name: policy, destination: '/', policy }));
  const mounts = [...volumes, { name: '/srv', destination: '/', policy: 'RequireShared' as const }];
  const names = (found: readonly { name: string }[]): string[] => found.map(({ name }) => name);
  expect(names(copied(mounts))).toEqual(['Copy']);
  expect(names(provided(mounts))).toEqual(['Copy', 'Skip']);
  expect(names(shared(mounts))).toEqual(['RequireShared', '/srv']);
  expect([...copied(undefined), ...provided(undefined), ...shared(undefined)]).toEqual([]);
});
