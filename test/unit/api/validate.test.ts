import { specDigest } from '../../../src/api/spec-digest';
import { InvalidObject, parseMigration, parseRequest, ruleBroken } from '../../../src/api/validate';
import { migration } from '../../lib/migration';

const raw = {
  apiVersion: 'transship.dev/v1alpha1',
  kind: 'ContainerMigration',
  metadata: { name: 'move', namespace: 'default', uid: 'u', resourceVersion: '1' },
  spec: { source: { nodeName: 'node-a', container: 'looper' }, target: { nodeName: 'node-b' } },
};

test('defaults are filled in, and the object that came is not changed', () => {
  const parsed = parseMigration(raw);
  expect(parsed.spec).toMatchObject({
    afterSuccess: 'Remove',
    retainCheckpoint: 'OnFailure',
    activeDeadlineSeconds: 600,
    backoffLimit: 3,
    volumes: 'Copy',
    volumeOverrides: [],
    cancel: false,
  });
  expect(parsed.status).toEqual({});
  expect(raw.spec).not.toHaveProperty('afterSuccess');
});

test('the target may be left to be picked, but nobody takes such an object for one that has a target', () => {
  const { source } = raw.spec;
  expect(parseRequest({ ...raw, spec: { source } }).spec.target).toEqual({});
  const selective = { ...raw, spec: { source, target: { nodeSelector: { zone: 'eu' } } } };
  expect(parseRequest(selective).spec.target).toEqual({ nodeSelector: { zone: 'eu' } });
  expect(() => parseMigration(selective)).toThrow(/spec\.target\.nodeName is absent/);
  expect(ruleBroken(parseRequest(selective).spec)).toBeUndefined();
});

test('a target that was removed from an object that is under way is what it reports to be', () => {
  const status = { target: { nodeName: 'node-b', state: 'Prepared' } };
  const removed = parseRequest({ ...raw, spec: { source: raw.spec.source, target: {} }, status });
  expect(removed.spec.target).toEqual({ nodeName: 'node-b' });
  expect(specDigest(removed.spec)).toBe(specDigest(parseRequest(raw).spec));
});

test('who wrote which field is not kept: nothing reads it, and it is as long as all the rest', () => {
  const managed = { ...raw, metadata: { ...raw.metadata, managedFields: [{ manager: 'kubectl' }] } };
  expect(parseMigration(managed).metadata).toEqual(raw.metadata);
  expect(managed.metadata).toHaveProperty('managedFields');
});

test.each<[string, unknown, RegExp]>([
  ['nothing', undefined, /not an object/],
  ['an object without metadata', { spec: raw.spec }, /not an object/],
  ['no target', { ...raw, spec: { source: raw.spec.source } }, /spec\.target\.nodeName is absent/],
  [
    'a container name with a slash',
    { ...raw, spec: { ...raw.spec, source: { nodeName: 'a', container: '../x' } } },
    /spec\.source\.container/,
  ],
  ['a word that is none of the enum', { ...raw, spec: { ...raw.spec, afterSuccess: 'Burn' } }, /afterSuccess/],
  ['more tries than are allowed', { ...raw, spec: { ...raw.spec, backoffLimit: 21 } }, /backoffLimit/],
  ['a policy for volumes that there is not', { ...raw, spec: { ...raw.spec, volumes: 'Move' } }, /volumes/],
  ['an override without a policy', { ...raw, spec: { ...raw.spec, volumeOverrides: [{ name: 'a' }] } }, /policy/],
  ['an option of CRIU that is none', { ...raw, spec: { ...raw.spec, criu: ['leave-running'] } }, /criu/],
  ['an option with another one behind it', { ...raw, spec: { ...raw.spec, criu: ['ghost-limit=1\nroot /'] } }, /criu/],
  ['a cancellation that is no yes or no', { ...raw, spec: { ...raw.spec, cancel: 'please' } }, /cancel/],
  [
    'a state of the other role',
    { ...raw, status: { source: { nodeName: 'node-a', state: 'Settled' } } },
    /status\.source\.state/,
  ],
  [
    'a retry after no failure',
    {
      ...raw,
      status: {
        target: { nodeName: 'b', state: 'Claimed', retry: { failures: 0, notBefore: '2026-01-01T00:00:00Z' } },
      },
    },
    /status\.target\.retry\.failures/,
  ],
  [
    'a digest that is none',
    { ...raw, status: { decision: { step: 'Freeze', attempt: 1, specDigest: 'x' } } },
    /specDigest/,
  ],
])('%s is refused by name', (_name, value, message) => {
  expect(() => parseMigration(value)).toThrow(InvalidObject);
  expect(() => parseMigration(value)).toThrow(message);
});

test('what CEL refuses on a new server is refused on an old one', () => {
  expect(ruleBroken(migration().spec)).toBeUndefined();
  expect(ruleBroken(migration({}, { spec: { target: { nodeName: 'node-a' } } }).spec)).toMatchObject({
    reason: 'SourceEqualsTarget',
  });
});

test('the digest of a spec does not depend on the order of its fields, and on every value', () => {
  const { spec } = migration();
  const reversed = Object.fromEntries(Object.entries(spec).reverse()) as typeof spec;
  expect(specDigest(reversed)).toBe(specDigest(spec));
  expect(specDigest({ ...spec, activeDeadlineSeconds: 601 })).not.toBe(specDigest(spec));
  expect(specDigest({ ...spec, backoffLimit: 4 })).not.toBe(specDigest(spec));
});

test('a cancellation is no change of the spec', () => {
  const { spec } = migration();
  expect(specDigest({ ...spec, cancel: true })).toBe(specDigest(spec));
});
