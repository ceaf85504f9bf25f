import { parseUntrustedJson } from '../../../src/runtime/untrusted-json';

test('ordinary JSON is read as it is', () => {
  const value = { a: [1, null, { constructor: 'x' }], b: 'c' };
  expect(parseUntrustedJson(JSON.stringify(value))).toEqual(value);
});

test.each([
  ['a prototype at the top', '{"__proto__":{"a":1}}', '__proto__'],
  ['a prototype deep inside', '{"a":[{"b":{"__proto__":1}}]}', '__proto__'],
  ['endless nesting', `${'['.repeat(33)}${']'.repeat(33)}`, 'nested deeper'],
  ['no JSON', '{', 'JSON'],
])('%s is refused', (_what, text, message) => {
  expect(() => parseUntrustedJson(text)).toThrow(message);
});
