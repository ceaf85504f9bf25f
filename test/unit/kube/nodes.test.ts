import { NODES } from '../../../src/kube/nodes';

test('a node tells its taints, labels, and whether it is cordoned and ready', () => {
  const node = NODES.parse({
    metadata: { name: 'node-a', uid: 'u', labels: { zone: 'x' } },
    spec: { unschedulable: true, taints: [{ key: 'k', effect: 'NoSchedule' }] },
    status: {
      conditions: [
        { type: 'DiskPressure', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
  });
  const taints = [{ key: 'k', value: '', effect: 'NoSchedule' }];
  expect(node).toEqual({ name: 'node-a', uid: 'u', labels: { zone: 'x' }, taints, unschedulable: true, ready: true });
});

test('a node of which nobody reported anything', () => {
  const node = NODES.parse({ metadata: { name: 'node-a' } });
  expect(node).toMatchObject({ taints: [], labels: {}, unschedulable: false, ready: undefined });
});

test('a node whose kubelet went silent is not ready', () => {
  const status = { conditions: [{ type: 'Ready', status: 'Unknown' }] };
  expect(NODES.parse({ metadata: { name: 'node-a' }, status }).ready).toBe(false);
});

test('what has no name is no node', () => {
  expect(() => NODES.parse({ kind: 'Node' })).toThrow(TypeError);
});
