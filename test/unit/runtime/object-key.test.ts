import { formatKey } from '../../../src/runtime/object-key';

test.each([
  ['an object in a namespace', { namespace: 'apps', name: 'web' }, 'apps/web'],
  ['an object in no namespace', { namespace: '', name: 'node-a' }, 'node-a'],
])('the key of %s', (_name, object, key) => {
  expect(formatKey(object)).toBe(key);
});
