import type { JournalEntry } from '../../../src/agent/ports';
import type { RestartPolicy } from '../../../src/api/types';
import { reasonOf, ReasonedError } from '../../../src/runtime/errors';
import { dockerAway, dockerHungUp, FRESH, NO_RESTART } from '../../lib/fake-docker';
import { ALWAYS, FakeMove, MEMORY } from '../../lib/fake-move';
import { CONTAINER_ID } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;

beforeEach(() => {
  move = new FakeMove(directory());
});

const reason = (name: string): ReasonedError => new ReasonedError(name, 'for the test');
const journal = (): Promise<JournalEntry | undefined> => move.source.journal.read(CONTAINER_ID);
const asBefore = { state: 'running', memory: MEMORY, restartPolicy: ALWAYS, name: 'looper' };

/** How far the move got when it was revoked. */
const moments: Record<string, () => Promise<unknown>> = {
  'was prepared': () => move.toFreeze(),
  'was paused': async () => {
    await move.toFreeze();
    move.source.meanwhile('engine.pause.after', () => {
      move.source.killAfter(0);
    });
    await move.source.visit().catch(() => undefined);
    move.source.calm();
    expect(move.original.state).toBe('paused');
    expect(move.volume.dumps).toBe(0);
  },
  'was dumped': async () => {
    await move.toFreeze();
    move.source.fail('store.publishManifest', reason('VolumeHung'));
    await move.source.visit();
  },
  'was published': () => move.toPublished(),
};

describe.each(Object.entries(moments))('an original that %s', (_what, reach) => {
  test('runs on as if nothing had happened', async () => {
    await reach();
    move.revoke();
    await move.source.visit();
    expect(move.original).toMatchObject(asBefore);
    expect(move.status.source?.state).toBe('RolledBack');
    expect(move.status.source?.error).toBeUndefined();
    expect(move.status.source?.retry).toBeUndefined();
    expect(await journal()).toBeUndefined();
  });

  test('does so however often its agent is killed on the way', async () => {
    await reach();
    move.revoke();
    for (let boundaries = 0; move.status.source?.state !== 'RolledBack'; boundaries++) {
      move.source.killAfter(boundaries);
      await move.source.visit().catch(() => undefined);
      expect(boundaries).toBeLessThan(100);
    }
    expect(move.original).toMatchObject(asBefore);
    // The reservation is given back once the object says the end, by the next life if need be.
    move.source.calm();
    await move.source.visit();
    expect(await journal()).toBeUndefined();
  });
});

test('nothing is done to a container that somebody else paused before it was reserved', async () => {
  move.source.docker.change(CONTAINER_ID, { state: 'paused' });
  await move.source.visit();
  move.revoke();
  await move.source.visit();
  expect(move.status.source?.state).toBe('RolledBack');
  expect(move.original).toMatchObject({ state: 'paused', restartPolicy: ALWAYS });
});

test.each([
  ['engine.unpause', dockerAway()],
  ['engine.setRestartPolicy', dockerHungUp()],
  ['driver.abandonDump', reason('RuncFailed')],
])('a wake-up that fails at %s says so once, and is tried again until it succeeds', async (at, error) => {
  await move.toPublished();
  move.revoke();
  move.source.fail(at, error, 3);
  const told = reasonOf(error, 'InternalError');
  const versions = new Set<string>();
  for (let tries = 0; tries < 3; tries++) {
    await expect(move.source.visit()).rejects.toThrow();
    expect(move.status.source).toMatchObject({ state: 'Published', error: { reason: told } });
    expect(move.status.source?.retry).toBeUndefined();
    versions.add(move.api.object.metadata.resourceVersion);
  }
  expect(versions.size).toBe(1);
  await move.source.visit();
  expect(move.status.source?.state).toBe('RolledBack');
  expect(move.status.source?.error).toBeUndefined();
  expect(move.original).toMatchObject(asBefore);
});

describe('the dump of an original that is woken up for good', () => {
  /** What the world looks like when the order to unpause is given. */
  const atUnpause = (): Promise<JournalEntry | undefined> =>
    new Promise((resolve) => {
      move.source.meanwhile('engine.unpause', () => journal().then(resolve));
    });

  test('is void before it runs', async () => {
    await move.toPublished();
    move.revoke();
    const entry = atUnpause();
    await move.source.visit();
    expect(await entry).not.toHaveProperty('dumpedAt');
    expect(await entry).not.toHaveProperty('publishedAt');
  });

  const failures: [string, string, Error, (() => unknown) | undefined, 'good' | 'void'][] = [
    ['nobody took the order', 'engine.unpause', dockerAway(), undefined, 'good'],
    ['Docker refused', 'engine.unpause', reason('EngineRefused'), undefined, 'good'],
    ['a dump could not be ended', 'driver.abandonDump', reason('RuncFailed'), undefined, 'good'],
    ['it was unpaused all the same', 'engine.unpause.after', reason('EngineTimedOut'), undefined, 'void'],
    ['it died right after', 'engine.unpause.after', dockerHungUp(), () => move.source.docker.die(CONTAINER_ID), 'void'],
    ['Docker went away right after', 'engine.setRestartPolicy', dockerAway(), undefined, 'void'],
  ];

  test.each(failures)('when %s (%s) is good only if it never ran', async (_what, at, error, happens, dump) => {
    await move.toPublished();
    const entry = await journal();
    move.revoke();
    move.source.meanwhile(at, () => {
      happens?.();
      throw error;
    });
    await expect(move.source.visit()).rejects.toBe(error);
    if (dump === 'good') expect(await journal()).toEqual(entry);
    else expect(await journal()).not.toHaveProperty('dumpedAt');

    // And when it dies then, it is restored from a dump that is good, and from no other.
    move.source.docker.die(CONTAINER_ID);
    await move.untilDone(move.source);
    expect(move.volume.restores).toBe(dump === 'good' ? 1 : 0);
    expect(move.status.source?.error?.reason).toBe(dump === 'good' ? undefined : 'SourceLost');
  });

  test('when nobody knows whether the order arrived is not trusted', async () => {
    await move.toPublished();
    move.revoke();
    move.source.fail('engine.unpause', dockerHungUp());
    const original = move.original;
    move.source.meanwhile('driver.abandonDump', () => {
      move.source.fail('engine.inspect', dockerAway());
    });
    await expect(move.source.visit()).rejects.toThrow();
    expect(move.original).toEqual(original);
    expect(await journal()).not.toHaveProperty('dumpedAt');
  });

  test('is void also when somebody else has unpaused the original', async () => {
    await move.toPublished();
    move.revoke();
    move.source.docker.change(CONTAINER_ID, { state: 'running', memory: 'counted to 50' });
    move.source.fail('engine.setRestartPolicy', dockerAway());
    await expect(move.source.visit()).rejects.toThrow();
    move.source.docker.die(CONTAINER_ID);
    await move.untilDone(move.source);
    expect(move.volume.restores).toBe(0);
    expect(move.status.source?.error?.reason).toBe('SourceLost');
  });
});

test('an original that does not run after its unpause is not said to run', async () => {
  await move.toPublished();
  move.revoke();
  move.source.meanwhile('engine.unpause.after', () => {
    move.source.docker.die(CONTAINER_ID);
  });
  await expect(move.source.visit()).rejects.toMatchObject({ reason: 'OriginalNotAwake' });
  expect(move.status.source?.state).toBe('Published');
});

describe('an original that is lost', () => {
  const policies: [RestartPolicy['name'], boolean][] = [
    ['always', true],
    ['unless-stopped', true],
    ['on-failure', false],
    ['no', false],
  ];

  test.each(policies)('with the restart policy %s is started anew: %s', async (name, anew) => {
    const policy = { name, maximumRetryCount: name === 'on-failure' ? 3 : 0 };
    move = new FakeMove(directory(), policy);
    await moments['was paused']?.();
    move.revoke();
    move.source.docker.die(CONTAINER_ID);
    await move.source.visit();
    expect(move.status.source).toMatchObject({ state: 'RolledBack', error: { reason: 'SourceLost' } });
    expect(move.status.source?.error?.message).toContain(anew ? 'was started anew' : 'start it again');
    expect(move.original).toMatchObject({ state: anew ? 'running' : 'exited', restartPolicy: policy });
    expect(move.original.memory).toBe(anew ? FRESH : undefined);
    expect(await journal()).toBeUndefined();
  });

  test('and was removed is said to be', async () => {
    await move.toPublished();
    move.revoke();
    await move.source.docker.remove(CONTAINER_ID);
    await move.source.visit();
    expect(move.status.source).toMatchObject({ state: 'RolledBack', error: { reason: 'SourceLost' } });
    expect(move.status.source?.error?.message).toContain('was removed');
    expect(move.source.docker.containers).toEqual([]);
    expect(move.volume.manifest).toBeDefined();
  });

  test('is started anew at the next try when Docker is away', async () => {
    await moments['was paused']?.();
    move.revoke();
    move.source.docker.die(CONTAINER_ID);
    move.source.fail('engine.start', dockerAway());
    await expect(move.source.visit()).rejects.toThrow();
    expect(move.status.source).toMatchObject({ state: 'Prepared', error: { reason: 'EngineUnreachable' } });
    await move.source.visit();
    expect(move.status.source).toMatchObject({ state: 'RolledBack', error: { reason: 'SourceLost' } });
    expect(move.original).toMatchObject({ memory: FRESH });
  });
});

describe('the end of a migration that succeeded', () => {
  beforeEach(() => move.toRestored());

  test('removes the frozen original and the checkpoint', async () => {
    await move.source.visit();
    expect(move.status.source?.state).toBe('Released');
    expect(move.source.docker.containers).toEqual([]);
    expect(move.volume).toMatchObject({ images: undefined, manifest: undefined });
    expect(await journal()).toBeUndefined();
  });

  test.each([
    ['engine.kill', dockerAway()],
    ['engine.kill.after', dockerHungUp()],
    ['engine.remove', dockerAway()],
    ['driver.killFrozen', reason('RuncFailed')],
  ])('is tried again when it fails at %s; the original never runs', async (at, error) => {
    move.source.fail(at, error);
    await expect(move.source.visit()).rejects.toBe(error);
    expect(move.status.source?.state).toBe('Published');
    expect(move.source.docker.containers.map(({ state }) => state)).not.toContain('running');
    await move.source.visit();
    expect(move.status.source?.state).toBe('Released');
    expect(move.source.docker.containers).toEqual([]);
  });

  test('gives the reservation back once the object says the end, and tries that again', async () => {
    const error = new Error('a fault of ours');
    move.source.fail('journal.release', error);
    await expect(move.source.visit()).rejects.toBe(error);
    expect(move.status.source?.state).toBe('Released');
    await move.source.visit();
    expect(await journal()).toBeUndefined();
  });

  test('does not wait for a volume that cannot be written, but says what it left', async () => {
    move.source.fail('store.discard', reason('VolumeReadOnly'));
    await move.source.visit();
    expect(move.status.source).toMatchObject({ state: 'Released', error: { reason: 'CheckpointNotRemoved' } });
  });
});

test('the policy of an original stays off while the target may have it', async () => {
  await move.toRestored();
  expect(move.original).toMatchObject({ state: 'paused', restartPolicy: NO_RESTART });
});
