import { formatKey, parseKey } from '../../../src/runtime/object-key';

test.each([
  ['an object in a namespace', 'apps/web', { namespace: 'apps', name: 'web' }],
  ['an object in no namespace', 'node-a', { namespace: '', name: 'node-a' }],
])('the key of %s', (_name, text, key) => {
  expect(formatKey(key)).toBe(text);
  expect(parseKey(text)).toEqual(key);
});
