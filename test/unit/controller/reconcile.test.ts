import { ADMITTED_UID, FINALIZER } from '../../../src/api/types';
import { checkpoint, decision, error, migration, source, STARTED_AT, target, UID } from '../../lib/migration';
import { setup } from './setup';

const ours = { finalizers: [FINALIZER], annotations: { [ADMITTED_UID]: UID } };
const since = { phaseTransitions: [{ phase: 'Freezing', at: STARTED_AT }] };

test('an object that is gone needs nothing', async () => {
  const { store, visit } = setup(migration());
  store.get = () => undefined;
  expect(await visit()).toEqual({});
});

test('admission holds the object before it lets anybody look', async () => {
  const { store, visit, events } = setup(
    migration({}, { metadata: { finalizers: ['other/finalizer'], annotations: { mine: 'yes' } } }),
  );
  await visit();
  expect(store.object.metadata.finalizers).toEqual(['other/finalizer', FINALIZER]);
  expect(store.object.metadata.annotations).toEqual({ mine: 'yes', [ADMITTED_UID]: UID });
  expect(store.object.status).toMatchObject({
    phase: 'Preflight',
    decision: { step: 'Preflight', migrationUID: UID },
    startedAt: STARTED_AT,
  });
  expect(events).toEqual(['Normal Preflight']);
});

test('nobody may look when the object could not be held', async () => {
  const { store, visit } = setup(migration());
  const write = store.writeMetadata;
  store.writeMetadata = (...args) => write(...args).then(() => Promise.reject(new Error('the answer was lost')));
  await expect(visit()).rejects.toThrow('the answer was lost');
  expect(store.object.metadata.finalizers).toEqual([FINALIZER]);
  expect(store.object.status.decision).toBeUndefined();
  // The next visit finds it held, and goes on.
  store.writeMetadata = () => Promise.reject(new Error('written a second time'));
  await visit();
  expect(store.object.status.decision?.step).toBe('Preflight');
});

test('an object that has the finalizer alone is marked too', async () => {
  const { store, visit } = setup(migration({}, { metadata: { finalizers: [FINALIZER] } }));
  await visit();
  expect(store.object.metadata).toMatchObject(ours);
});

test('a copy of an admitted object is refused and not admitted under its own UID', async () => {
  const { store, visit, events } = setup(migration({}, { metadata: { annotations: { [ADMITTED_UID]: 'another' } } }));
  await visit();
  expect(store.object.status).toMatchObject({ phase: 'Failed', reason: 'CopyOfMigration' });
  expect(store.object.metadata.annotations).toEqual({ [ADMITTED_UID]: 'another' });
  expect(store.object.status.decision).toBeUndefined();
  expect(events).toEqual(['Warning CopyOfMigration']);
});

describe('a wait', () => {
  const frozen = migration({
    decision: decision('Freeze'),
    source: source('Prepared'),
    target: target('Prepared'),
    ...since,
  });

  test('is written once, and asks to be looked at again', async () => {
    const { store, visit, clock } = setup(frozen);
    expect(await visit()).toEqual({ requeueAfterMs: 10_000 });
    const { resourceVersion } = store.object.metadata;
    expect(store.object.status.message).toContain('node-a to freeze the container');
    await clock.advance(10_000);
    expect(await visit()).toEqual({ requeueAfterMs: 10_000 });
    // Nothing new to say: a write would take the claim's resourceVersion away.
    expect(store.object.metadata.resourceVersion).toBe(resourceVersion);
  });

  test('is not written between publishing and claiming', async () => {
    const { store, visit } = setup(frozen);
    await visit();
    store.object = { ...store.object, status: { ...store.object.status, source: source('Published', { checkpoint }) } };
    const { resourceVersion } = store.object.metadata;
    await visit();
    expect(store.object.metadata.resourceVersion).toBe(resourceVersion);
  });

  test('is written when there is news: another reason, another message, another generation', async () => {
    const { store, visit, clock } = setup(frozen, {});
    await visit();
    await clock.advance(3_000);
    store.object = {
      ...store.object,
      status: {
        ...store.object.status,
        source: source('Prepared', { error, retry: { failures: 1, notBefore: STARTED_AT } }),
      },
    };
    await visit();
    expect(store.object.status.message).toContain('the dump failed');
    store.object = { ...store.object, metadata: { ...store.object.metadata, generation: 2 } };
    await visit();
    expect(store.object.status.observedGeneration).toBe(2);
  });

  test('is not told in other words before its phase has lasted for three seconds', async () => {
    const { store, visit, clock } = setup(frozen);
    await visit();
    const { resourceVersion } = store.object.metadata;
    const retry = { failures: 1, notBefore: STARTED_AT };
    const failed = { ...store.object.status, source: source('Prepared', { error, retry }) };
    store.object = { ...store.object, status: failed };
    await clock.advance(400);
    expect(await visit()).toEqual({ requeueAfterMs: 2_600 });
    expect(store.object.metadata.resourceVersion).toBe(resourceVersion);
    await clock.advance(2_600);
    expect(await visit()).toEqual({ requeueAfterMs: 10_000 });
    expect(store.object.status.message).toContain('the dump failed');
  });

  test('is told at once when another clock dated the beginning of its phase later', async () => {
    const later = { phaseTransitions: [{ phase: 'Freezing', at: '2026-01-01T00:01:00.000Z' }] };
    const before = {
      ...frozen.status,
      ...later,
      phase: 'Freezing',
      reason: 'Freezing',
      observedGeneration: 1,
    } as const;
    const { store, visit } = setup({ ...frozen, status: before });
    await visit();
    expect(store.object.status.message).toContain('node-a to freeze the container');
  });

  test('ends with a deadline at the right moment', async () => {
    const { visit, clock, store, events } = setup(frozen);
    await clock.advance(295_000);
    expect(await visit()).toEqual({ requeueAfterMs: 5_000 });
    await clock.advance(5_000);
    await visit();
    expect(store.object.status).toMatchObject({
      phase: 'RollingBack',
      reason: 'FreezeTimedOut',
      decision: { revoked: { reason: 'FreezeTimedOut' } },
    });
    expect(events).toEqual(['Warning FreezeTimedOut']);
  });

  test('for a target that does not report says so, and is no failure', async () => {
    const claimed = migration({
      decision: decision('Freeze'),
      source: source('Published', { checkpoint }),
      target: target('Claimed'),
    });
    const { visit, store, events } = setup(claimed, { 'node-b': { agentAlive: false } });
    await visit();
    expect(store.object.status).toMatchObject({ phase: 'Restoring', reason: 'TargetUnreachable' });
    expect(events).toEqual(['Normal TargetUnreachable']);
  });
});

test('a step that is granted tells at once what is then waited for, and needs no further write for it', async () => {
  const prepared = migration({
    phase: 'Preparing',
    decision: decision('Prepare'),
    source: source('Prepared'),
    target: target('Prepared'),
  });
  const { store, visit, events } = setup(prepared);
  await visit();
  expect(store.object.status).toMatchObject({
    phase: 'Freezing',
    decision: { step: 'Freeze' },
    message: 'waiting for node-a to freeze the container and node-b to claim it',
  });
  const { resourceVersion } = store.object.metadata;
  await visit();
  expect(store.object.metadata.resourceVersion).toBe(resourceVersion);
  expect(events).toEqual(['Normal Freezing']);
});

describe('a lost race', () => {
  const published = migration({
    decision: decision('Freeze'),
    source: source('Published', { checkpoint }),
    target: target('Prepared'),
    ...since,
  });

  test('changes nothing, and is looked at again soon', async () => {
    const { store, visit, events, clock, log } = setup(published);
    store.cached = published;
    // The target has claimed meanwhile; this controller is too late with its revocation.
    store.object = {
      ...published,
      metadata: { ...published.metadata, resourceVersion: '77' },
      status: { ...published.status, target: target('Claimed') },
    };
    await clock.advance(300_000);
    expect(await visit()).toEqual({ requeueAfterMs: 100 });
    expect(store.object.status.decision?.revoked).toBeUndefined();
    expect(events).toEqual([]);
    expect(log.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
    store.cached = undefined;
    await visit();
    expect(store.object.status.decision?.revoked).toBeUndefined();
    expect(store.object.status.phase).toBe('Restoring');
  });

  test('is told from another failure of the API server', async () => {
    const { store, visit } = setup(published);
    store.refuse = new Error('away');
    await expect(visit()).rejects.toThrow('away');
  });
});

test('a fence takes the claim away, and names the node', async () => {
  const claimed = migration({
    decision: decision('Freeze'),
    source: source('Published', { checkpoint }),
    target: target('Claimed'),
  });
  const { visit, store, events } = setup(claimed, { 'node-b': { agentAlive: false, outOfService: true } });
  await visit();
  expect(store.object.status).toMatchObject({ phase: 'RollingBack', decision: { revoked: { fenced: 'node-b' } } });
  expect(events).toEqual(['Warning TargetFenced']);
});

describe('at the end', () => {
  const ended = { phase: 'Succeeded', observedGeneration: 1, decision: decision('Freeze') } as const;

  test('a deleted object loses our finalizer and no other', async () => {
    const metadata = { ...ours, finalizers: ['other/finalizer', FINALIZER], deletionTimestamp: STARTED_AT };
    const { store, visit } = setup(migration(ended, { metadata }));
    expect(await visit()).toEqual({});
    expect(store.object.metadata.finalizers).toEqual(['other/finalizer']);
  });

  test.each([[undefined], [['other/finalizer']]])('one that does not have it is left alone: %j', async (finalizers) => {
    const metadata = { deletionTimestamp: STARTED_AT, ...(finalizers && { finalizers }) };
    const { store, visit } = setup(migration(ended, { metadata }));
    await visit();
    expect(store.object.metadata.resourceVersion).toBe('1');
  });

  test('nothing is written any more', async () => {
    const { store, visit, events } = setup(migration(ended, { metadata: ours }));
    expect(await visit()).toEqual({});
    expect(store.object.metadata.resourceVersion).toBe('1');
    expect(events).toEqual([]);
  });

  test('a change of the spec is acknowledged and does nothing', async () => {
    const { store, visit } = setup(migration(ended, { metadata: { ...ours, generation: 2 } }));
    await visit();
    expect(store.object.status).toMatchObject({ phase: 'Succeeded', observedGeneration: 2 });
    const { resourceVersion } = store.object.metadata;
    await visit();
    expect(store.object.metadata.resourceVersion).toBe(resourceVersion);
  });

  test('success is a normal event, a rollback a warning', async () => {
    const success = setup(
      migration({ decision: decision('Freeze'), source: source('Released'), target: target('Settled') }),
    );
    await success.visit();
    expect(success.events).toEqual(['Normal Migrated']);
    const { events, visit, log } = setup(
      migration({
        decision: decision('Freeze', { revoked: { ...error, at: STARTED_AT } }),
        source: source('RolledBack'),
        target: target('Withdrawn'),
      }),
    );
    await visit();
    expect(events).toEqual(['Warning DumpFailed']);
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        message: 'phase changed',
        fields: expect.objectContaining({ phase: 'RolledBack', because: 'FinishRolledBack' }) as unknown,
      }),
    );
  });
});
