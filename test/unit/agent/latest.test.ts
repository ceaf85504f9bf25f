import { follow } from '../../../src/agent/latest';
import type { ContainerMigration } from '../../../src/api/types';
import { migration } from '../../lib/migration';

const version = (resourceVersion: string, more: object = {}): ContainerMigration =>
  migration({}, { metadata: { resourceVersion, ...more } });

/** What is written on when the cache has this at the beginning and that at the end of a step. */
function followed(seen: ContainerMigration, from?: ContainerMigration, to?: ContainerMigration): ContainerMigration {
  let cache = from;
  const latest = follow(seen, { cached: () => cache });
  cache = to;
  return latest();
}

test('what the watch has told of since is written on', () => {
  expect(followed(version('7'), version('7'), version('9'))).toEqual(version('9'));
});

test('a cache that lagged behind at the beginning, and does still, is not', () => {
  const seen = version('7');
  expect(followed(seen, version('5'), version('5'))).toBe(seen);
});

test.each([
  ['is not known any more', undefined],
  ['is another one by the same name', version('9', { uid: 'another' })],
])('an object that %s is not', (_what, now) => {
  const seen = version('7');
  expect(followed(seen, seen, now)).toBe(seen);
});
