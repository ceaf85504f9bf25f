import type { TargetStatus } from '../../../src/api/types';
import { KubeError } from '../../../src/kube/errors';
import { reasonOf, ReasonedError } from '../../../src/runtime/errors';
import { dockerAway, dockerHungUp, NO_RESTART } from '../../lib/fake-docker';
import { FakeMove, MEMORY } from '../../lib/fake-move';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;

beforeEach(async () => {
  move = await new FakeMove(directory()).toPublished();
});

const reason = (name: string): ReasonedError => new ReasonedError(name, 'for the test');
const woken = { name: 'looper', state: 'running', memory: MEMORY };
const state = (): TargetStatus['state'] | undefined => move.status.target?.state;

describe('the claim', () => {
  test('and the wake-up are one visit', async () => {
    expect(await move.target.visit()).toEqual({});
    expect(state()).toBe('Restored');
    expect(move.target.docker.containers).toMatchObject([{ ...woken, restartPolicy: NO_RESTART }]);
    expect(move.volume.restores).toBe(1);
  });

  test('is made on the object as it is now when something besides changed meanwhile', async () => {
    move.target.meanwhile('store.verify.after', () => move.api.set({ message: 'waiting for node-b' }));
    // A second look at every file would be downtime.
    move.target.meanwhile('store.verify.after', () => {
      throw reason('VolumeHung');
    });
    await move.target.visit();
    expect(state()).toBe('Restored');
    expect(move.status.message).toBe('waiting for node-b');
  });

  test.each<[string, () => unknown]>([
    ['was revoked', () => move.revoke()],
    ['is another attempt', () => move.decide('Freeze', { attempt: 2 })],
    [
      'has another checkpoint',
      () => {
        const { source } = move.status;
        if (source?.checkpoint === undefined) throw new Error('it was published');
        move.api.set({ source: { ...source, checkpoint: { ...source.checkpoint, digest: 'sha256:other' } } });
      },
    ],
    ['ended', () => move.api.set({ phase: 'Failed' })],
    ['was cancelled', () => move.api.change({ spec: { ...move.api.object.spec, cancel: true } })],
  ])('is not made when the migration %s while it was verified', async (_what, happens) => {
    move.target.meanwhile('store.verify.after', happens);
    expect(await move.target.visit()).toEqual({ requeueAfterMs: 1 });
    expect(state()).toBe('Prepared');
    expect(move.target.docker.containers).toMatchObject([{ state: 'created' }]);
  });

  test('that nobody knows of whether it arrived wakes nothing up before it is read again', async () => {
    const late = new KubeError('ApiServerTimeout', 'for the test');
    move.target.fail('migrations.writeTarget.after', late);
    await expect(move.target.visit()).rejects.toBe(late);
    expect(state()).toBe('Claimed');
    expect(move.target.docker.containers).toMatchObject([{ state: 'created' }]);
    await move.target.visit();
    expect(state()).toBe('Restored');
    expect(move.volume.restores).toBe(1);
  });

  test('stands when Docker dies in the wake-up: the container may run', async () => {
    move.target.meanwhile('driver.wake.after', () => {
      move.target.fail('engine.inspect', dockerAway(), 9);
      throw dockerHungUp();
    });
    await expect(move.target.visit()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
    expect(state()).toBe('Claimed');
    move.target.calm();
    await move.target.visit();
    expect(state()).toBe('Restored');
    expect(move.volume.restores).toBe(1);
  });

  test('is not made for memory that is damaged, though the files are in place; nothing of it stays', async () => {
    move.volume.arePagesDamaged = true;
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'CheckpointCorrupt' } });
    expect(move.target.docker.containers).toMatchObject([{ state: 'created' }]);
    move.revoke();
    await move.target.visit();
    expect(state()).toBe('Withdrawn');
    expect(move.target.docker.containers).toEqual([]);
    expect(move.volume.restores).toBe(0);
  });

  test('waits for the files that are being put in place, also when it is refused', async () => {
    const seen: string[] = [];
    move.target.meanwhile('store.verify.after', () => {
      seen.push('verified');
      throw reason('CheckpointCorrupt');
    });
    move.target.meanwhile('store.placeLogs.after', () => seen.push('placed'));
    move.target.meanwhile('migrations.writeTarget', () => seen.push('reported'));
    await move.target.visit();
    expect(seen).toEqual(['verified', 'placed', 'reported']);
    expect(state()).toBe('Failed');
  });

  test.each([
    ['store.verify', reason('VolumeHung'), 'Prepared'],
    ['store.verify', reason('CheckpointCorrupt'), 'Failed'],
    ['store.verify', new Error('a fault of ours'), 'Failed'],
  ])('that fails at %s (%p) is %s', async (at, error, then) => {
    move.target.fail(at, error);
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: then, error: { reason: reasonOf(error, 'InternalError') } });
    expect(move.status.target?.retry?.failures).toBe(then === 'Prepared' ? 1 : undefined);
    expect(move.volume.restores).toBe(0);
  });
});
