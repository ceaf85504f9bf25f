import { ReasonedError } from '../../../src/runtime/errors';
import { dockerAway, dockerHungUp, NO_RESTART } from '../../lib/fake-docker';
import { ALWAYS, FakeMove, LOG, MEMORY } from '../../lib/fake-move';
import { CONTAINER_ID } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

// A small world for each place where an agent can be killed.
jest.setTimeout(30_000);

const directory = useTemporaryDirectory();
let move: FakeMove;

const reason = (name: string): ReasonedError => new ReasonedError(name, 'for the test');

/** The original died frozen, and the migration is given up. */
async function died(
  published: boolean,
  where = directory(),
  spec: ConstructorParameters<typeof FakeMove>[2] = {},
): Promise<void> {
  move = new FakeMove(where, ALWAYS, spec);
  await move.toFreeze();
  if (!published) move.source.fail('store.publishManifest', reason('VolumeHung'));
  await move.source.visit();
  expect(move.volume.manifest !== undefined).toBe(published);
  move.source.docker.die(CONTAINER_ID);
  move.revoke();
}

/** One container in the original's place, which knows all that it knew, restored once. */
async function expectRestored(): Promise<void> {
  expect(move.status.source?.state).toBe('RolledBack');
  expect(move.status.source?.error).toBeUndefined();
  expect(move.source.docker.containers).toEqual([
    expect.objectContaining({ name: 'looper', state: 'running', memory: MEMORY, log: LOG, restartPolicy: ALWAYS }),
  ]);
  expect(move.source.docker.containers[0]?.id).toBe(move.status.source?.restoredContainerID);
  expect(move.volume).toMatchObject({ dumps: 1, restores: 1 });
  expect([...move.source.markers]).toEqual([]);
  expect(await move.source.journal.read(CONTAINER_ID)).toBeUndefined();
}

describe.each([
  ['published', true],
  ['dumped, but not published', false],
])('an original that died %s', (_what, published) => {
  test('is woken up from its checkpoint in its own place', async () => {
    await died(published);
    await move.source.visit();
    await expectRestored();
    expect(move.status.source?.checkpoint?.digest).toBe(move.volume.manifest?.published.digest);
  });

  test('has its own log with spec.logs: Skip too, which leaves it out of the checkpoint', async () => {
    await died(published, directory(), { logs: 'Skip' });
    expect([move.volume.logAhead, move.volume.log]).toEqual([undefined, undefined]);
    await move.source.visit();
    await expectRestored();
  });

  test.each([
    ['engine.create', dockerAway()],
    ['engine.create.after', dockerHungUp()],
    ['store.verify', reason('VolumeHung')],
    ['driver.arm', reason('VolumeHung')],
    ['driver.wake', reason('RestoreInterrupted')],
  ])('is tried again after a passing failure at %s, which leaves nothing behind', async (at, error) => {
    await died(published);
    move.source.fail(at, error);
    await expect(move.source.visit()).rejects.toBe(error);
    expect(move.source.docker.containers).toEqual([move.original]);
    expect([...move.source.markers]).toEqual([]);
    expect(move.status.source?.error?.reason).toBe(error.reason);
    await move.source.visit();
    await expectRestored();
  });

  test.each([
    ['driver.wake', reason('CriuRestoreFailed')],
    ['store.verify', reason('CheckpointCorrupt')],
    ['engine.create', reason('ImageMissing')],
  ])('is lost after a lasting failure at %s, and its checkpoint is kept', async (at, error) => {
    await died(published);
    move.source.fail(at, error);
    await move.source.visit();
    expect(move.status.source).toMatchObject({ state: 'RolledBack', error: { reason: 'SourceLost' } });
    expect(move.status.source?.error?.message).toContain('its last state is kept in default/move-01234567/1');
    expect(move.status.source?.error?.message).toContain('for the test');
    expect(move.volume).toMatchObject({ images: { memory: MEMORY }, restores: 0 });
    expect(move.volume.manifest).toBeDefined();
    expect(move.source.docker.containers).toEqual([move.original]);
  });

  test.each([
    ['engine.remove', dockerAway()],
    ['engine.remove.after', dockerHungUp()],
    ['engine.rename', dockerAway()],
    ['engine.rename.after', dockerHungUp()],
    ['engine.setRestartPolicy', dockerAway()],
    ['driver.forget', new Error('a fault of ours')],
    ['driver.wake.after', reason('RestoreInterrupted')],
    ['driver.wake.after', reason('StartFailed')],
  ])('is kept once it runs: a failure at %s does not restore it a second time', async (at, error) => {
    await died(published);
    move.source.fail(at, error);
    await expect(move.source.visit()).rejects.toBe(error);
    expect(move.volume.restores).toBe(1);
    // It counts on: what it knows now is in no checkpoint.
    const running = move.source.docker.containers.find(({ state }) => state === 'running');
    move.source.docker.change(running?.id ?? '', { memory: 'counted to 50' });
    await move.untilDone(move.source);
    expect(move.status.source?.state).toBe('RolledBack');
    expect(move.source.docker.containers).toMatchObject([
      { name: 'looper', memory: 'counted to 50', restartPolicy: ALWAYS },
    ]);
  });

  test('ends the same wherever its agent is killed', async () => {
    for (let boundaries = 0, finished = false; !finished; boundaries++) {
      await died(published, `${directory()}/${boundaries}`);
      move.source.killAfter(boundaries);
      finished = await move.source.visit().then(
        () => true,
        () => false,
      );
      move.source.calm();
      await move.untilDone(move.source);
      await expectRestored();
      expect(boundaries).toBeLessThan(200);
    }
  });

  test('is kept once it runs, even when the volume does not answer any more', async () => {
    await died(published);
    move.source.fail('engine.rename', dockerAway());
    await expect(move.source.visit()).rejects.toThrow();
    for (const call of ['readManifest', 'verify', 'publishManifest'])
      move.source.fail(`store.${call}`, reason('VolumeHung'), 9);
    await move.untilDone(move.source);
    expect(move.status.source?.state).toBe('RolledBack');
    expect(move.source.docker.containers).toMatchObject([{ name: 'looper', state: 'running', memory: MEMORY }]);
  });

  test('is kept once it runs, even when its checkpoint is removed already', async () => {
    await died(published, directory(), { retainCheckpoint: 'Never' });
    // The answer to the report does not come: the checkpoint is gone, and the next visit looks again.
    move.source.fail('migrations.writeSource', new Error('a fault of ours'));
    await expect(move.source.visit()).rejects.toThrow();
    expect(move.volume.manifest).toBeUndefined();
    await move.source.visit();
    await expectRestored();
  });
});

test('a replacement that ended right after it ran on is not restored a second time', async () => {
  await died(true);
  move.source.meanwhile('engine.remove', () => {
    const [replacement] = move.source.docker.containers.filter(({ id }) => id !== CONTAINER_ID);
    move.source.docker.die(replacement?.id ?? '');
    throw dockerHungUp();
  });
  await expect(move.source.visit()).rejects.toThrow();
  await move.untilDone(move.source);
  expect(move.status.source?.state).toBe('RolledBack');
  expect(move.source.docker.containers).toMatchObject([{ name: 'looper', state: 'exited' }]);
  expect(move.volume.restores).toBe(1);
});

test('a replacement that ran before the node was started again is not restored a second time', async () => {
  await died(true);
  move.source.fail('engine.remove', dockerAway());
  await expect(move.source.visit()).rejects.toThrow();
  const [replacement] = move.source.docker.containers.filter(({ id }) => id !== CONTAINER_ID);
  move.source.docker.die(replacement?.id ?? '');
  move.source.markers.clear();
  await move.source.journal.release(CONTAINER_ID);
  await move.untilDone(move.source);
  expect(move.volume.restores).toBe(1);
  expect(move.status.source).toMatchObject({ state: 'RolledBack', error: { reason: 'SourceLost' } });
  expect(move.volume.manifest).toBeDefined();
});

test('the replacement has no restart policy and another name while the original is there', async () => {
  await died(true);
  move.source.fail('engine.remove', dockerAway());
  await expect(move.source.visit()).rejects.toThrow();
  expect(move.source.docker.containers).toMatchObject([
    { id: CONTAINER_ID, name: 'looper', state: 'exited', restartPolicy: NO_RESTART },
    { name: 'looper-transship-01234567', state: 'running', restartPolicy: NO_RESTART },
  ]);
});
