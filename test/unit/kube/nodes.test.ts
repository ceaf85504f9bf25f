import { NODES } from '../../../src/kube/nodes';

const metadata = { name: 'node-a', uid: 'u' };
const taint = (key: string, effect = 'NoExecute'): object => ({ key, value: 'nodeshutdown', effect });
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

test('a node is known by its name', () => {
  expect(NODES.parse({ metadata, spec: {} })).toEqual({
    name: 'node-a',
    uid: 'u',
    outOfService: false,
    isCordoned: false,
    taints: [],
    labels: {},
    annotations: {},
  });
});

test.each<[string, unknown, boolean]>([
  ['no spec', undefined, false],
  ['no taints', { taints: null }, false],
  ['other taints', { taints: [taint('node.kubernetes.io/unreachable'), taint('dedicated')] }, false],
  ['a taint that only begins so', { taints: [taint(`${OUT_OF_SERVICE}-soon`)] }, false],
  ['something that is no taint', { taints: ['nonsense', null, {}] }, false],
  ['the taint', { taints: [taint(OUT_OF_SERVICE)] }, true],
  ['the taint after others', { taints: [taint('dedicated'), taint(OUT_OF_SERVICE)] }, true],
  ['the taint with another effect', { taints: [taint(OUT_OF_SERVICE, 'NoSchedule')] }, true],
  ['the taint without a value', { taints: [{ key: OUT_OF_SERVICE, effect: 'NoExecute' }] }, true],
])('a node with %s', (_what, spec, outOfService) => {
  expect(NODES.parse({ metadata, spec })).toMatchObject({ name: 'node-a', uid: 'u', outOfService });
});

test.each<[string, unknown, { isCordoned: boolean; taints: string[] }]>([
  ['cordoned', { unschedulable: true }, { isCordoned: true, taints: [] }],
  ['not cordoned', { unschedulable: false }, { isCordoned: false, taints: [] }],
  [
    'tainted',
    { taints: [taint('dedicated', 'NoSchedule'), taint('quiet', 'PreferNoSchedule'), taint('gone'), {}, null] },
    { isCordoned: false, taints: ['dedicated', 'gone'] },
  ],
  [
    'out of service, with whatever effect',
    { taints: [taint(OUT_OF_SERVICE, 'PreferNoSchedule')] },
    { isCordoned: false, taints: [OUT_OF_SERVICE] },
  ],
])('a node that is %s: whether something new may come to it', (_what, spec, expected) => {
  expect(NODES.parse({ metadata, spec })).toMatchObject(expected);
});

test('the labels of a node', () => {
  const labels = { zone: 'eu', nonsense: 7 };
  expect(NODES.parse({ metadata: { ...metadata, labels } }).labels).toEqual({ zone: 'eu' });
});

test('what is noted on a node', () => {
  const noted = { ...metadata, annotations: { 'transship.dev/daemon-json': 'external' } };
  expect(NODES.parse({ metadata: noted }).annotations).toEqual({ 'transship.dev/daemon-json': 'external' });
});

test('what has no name is no node', () => {
  expect(() => NODES.parse({ kind: 'Node' })).toThrow(TypeError);
});
