import { NODES } from '../../../src/kube/nodes';

test('a node is known by its name', () => {
  expect(NODES.parse({ metadata: { name: 'node-a', uid: 'u' }, spec: {} })).toEqual({ name: 'node-a' });
});

test('what has no name is no node', () => {
  expect(() => NODES.parse({ kind: 'Node' })).toThrow(TypeError);
});
