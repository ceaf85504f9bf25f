import type { TargetStatus } from '../../../src/api/types';
import { reasonOf, ReasonedError } from '../../../src/runtime/errors';
import { dockerAway } from '../../lib/fake-docker';
import { ALWAYS, FakeMove, LOG, MEMORY } from '../../lib/fake-move';
import { Killed } from '../../lib/fake-node';
import { revoked } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;

beforeEach(async () => {
  move = await new FakeMove(directory()).toPublished();
});

const reason = (name: string): ReasonedError => new ReasonedError(name, 'for the test');
const fenced = { reason: 'TargetFenced', message: 'for the test', at: revoked.at, fenced: 'node-b' } as const;
const woken = { name: 'looper', state: 'running', memory: MEMORY, log: LOG };
const state = (): TargetStatus['state'] | undefined => move.status.target?.state;

/** So many wake-ups failed of something that may pass. */
async function failedToWake(times: number): Promise<void> {
  move.target.fail('driver.wake', reason('RestoreInterrupted'), times);
  for (let i = 0; i < times; i++) {
    await move.target.visit();
    await move.clock.advance(3_000);
  }
  expect(move.status.target).toMatchObject({ state: 'Claimed', retry: { failures: times } });
}

describe('a wake-up in another visit than the claim', () => {
  beforeEach(async () => {
    move = await new FakeMove(directory()).toClaimed();
    expect(state()).toBe('Claimed');
  });

  test('shows first that this node lives: whoever was about to fence it finds the object changed', async () => {
    let seen: TargetStatus | undefined;
    move.target.meanwhile('driver.arm', () => {
      seen = move.status.target;
    });
    await move.clock.advance(60_000);
    await move.target.visit();
    expect(seen).toMatchObject({ state: 'Claimed', wakeStartedAt: new Date(move.clock.now()).toISOString() });
    expect(state()).toBe('Restored');
  });

  test('does not happen when the node was fenced a moment before', async () => {
    move.target.meanwhile('migrations.writeTarget', () => {
      move.revoke(fenced);
    });
    expect(await move.target.visit()).toEqual({ requeueAfterMs: 1 });
    expect(move.target.docker.containers).toMatchObject([{ state: 'created' }]);
    await move.target.visit();
    expect(state()).toBe('Withdrawn');
    expect(move.target.docker.containers).toEqual([]);
    expect(move.volume.restores).toBe(0);
  });

  test('does not happen while the node carries the taint', async () => {
    move.target.outOfService = true;
    await move.target.visit();
    expect(state()).toBe('Claimed');
    expect(move.target.docker.containers).toMatchObject([{ state: 'created' }]);
    move.target.outOfService = false;
    await move.target.visit();
    expect(state()).toBe('Restored');
  });

  test('that happened in an earlier life is reported, taint or not', async () => {
    move.target.meanwhile('driver.wake.after', () => {
      move.target.killAfter(0);
    });
    await expect(move.target.visit()).rejects.toThrow(Killed);
    move.target.calm();
    expect(move.volume.restores).toBe(1);
    expect(state()).toBe('Claimed');
    move.target.outOfService = true;
    await move.target.visit();
    expect(state()).toBe('Restored');
    expect(move.volume.restores).toBe(1);
  });
});

describe('that the container runs here', () => {
  /** Somebody changes the object just before the agent writes for the n-th time. */
  const beforeWrite = (n: number, happens: () => unknown): void => {
    for (let i = 1; i < n; i++) move.target.meanwhile('migrations.writeTarget', () => undefined);
    move.target.meanwhile('migrations.writeTarget', happens);
  };

  test.each<[string, () => unknown]>([
    ['a message', () => move.api.set({ message: 'waiting for node-b' })],
    ['a cancellation, too late', () => move.api.change({ spec: { ...move.api.object.spec, cancel: true } })],
  ])('is written whatever changed in the object meanwhile: %s', async (_what, happens) => {
    beforeWrite(2, happens);
    await move.target.visit();
    expect(state()).toBe('Restored');
  });

  test('is written over as many conflicts as there are', async () => {
    beforeWrite(2, () => move.api.set({ message: 'one' }));
    beforeWrite(1, () => move.api.set({ message: 'two' }));
    beforeWrite(1, () => move.api.set({ message: 'three' }));
    await move.target.visit();
    expect(move.status).toMatchObject({ message: 'three', target: { state: 'Restored' } });
  });

  test('is not written when the node was fenced meanwhile: the container goes', async () => {
    beforeWrite(2, () => move.revoke(fenced));
    expect(await move.target.visit()).toEqual({ requeueAfterMs: 1 });
    expect(state()).toBe('Claimed');
    await move.target.visit();
    expect(state()).toBe('Withdrawn');
    expect(move.target.docker.containers).toEqual([]);
  });
});

describe('a wake-up that fails', () => {
  // What is done while the claim is written fails twice: the wake-up does it again.
  const passing: [string, Error, number][] = [
    ['driver.wake', reason('RestoreInterrupted'), 1],
    ['driver.arm', reason('VolumeHung'), 1],
    ['store.prepareDirectories', reason('VolumeStale'), 2],
    ['store.placeLogs', reason('VolumeHung'), 2],
  ];

  test.each(passing.filter(([, , times]) => times > 1))(
    'at %s while the claim was written is made good at once',
    async (at, error) => {
      move.target.fail(at, error);
      await move.target.visit();
      expect(move.status.target).toMatchObject({ state: 'Restored' });
      expect(move.status.target?.retry).toBeUndefined();
      expect(move.target.docker.containers).toMatchObject([{ ...woken, id: move.status.target?.containerID }]);
    },
  );

  test('reads the manifest again when nothing could be put in place while the claim was written', async () => {
    move.target.fail('store.placeLogs', reason('VolumeHung'));
    move.target.fail('store.readManifest', reason('VolumeHung'));
    await move.target.visit();
    expect(move.status.target).toMatchObject({
      state: 'Claimed',
      error: { reason: 'VolumeHung' },
      retry: { failures: 1 },
    });
    expect(move.target.docker.containers).toEqual([]);
  });

  test.each(passing)(
    'at %s of something that may pass leaves nothing here, and is tried again',
    async (at, error, times) => {
      move.target.fail(at, error, times);
      const { requeueAfterMs = 0 } = await move.target.visit();
      expect(move.status.target).toMatchObject({
        state: 'Claimed',
        error: { reason: reasonOf(error, '') },
        retry: { failures: 1 },
      });
      expect(requeueAfterMs).toBeGreaterThanOrEqual(200);
      expect(requeueAfterMs).toBeLessThanOrEqual(400);
      expect(move.target.docker.containers).toEqual([]);
      expect([...move.target.markers]).toEqual([]);

      await move.clock.advance(requeueAfterMs - 1);
      expect(await move.target.visit()).toEqual({ requeueAfterMs: 1 });
      expect(move.target.docker.containers).toEqual([]);

      await move.clock.advance(1);
      await move.target.visit();
      expect(state()).toBe('Restored');
      expect(move.status.target?.error).toBeUndefined();
      expect(move.status.target?.retry).toBeUndefined();
      expect(move.target.docker.containers).toMatchObject([{ ...woken, id: move.status.target?.containerID }]);
    },
  );

  test('for good gives the claim back, with nothing left that could run', async () => {
    move.target.fail('driver.wake', reason('CriuRestoreFailed'));
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'CriuRestoreFailed' } });
    expect(move.target.docker.containers).toEqual([]);
    expect([...move.target.markers]).toEqual([]);
  });

  test('for good does not give the claim back as long as the container cannot be removed', async () => {
    move.target.fail('driver.wake', reason('CriuRestoreFailed'));
    move.target.fail('engine.remove', dockerAway());
    await expect(move.target.visit()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
    expect(state()).toBe('Claimed');
  });

  test.each([reason('EngineTimedOut'), reason('StartFailed')])(
    'although the container ran on is not given back: it is restored (%p)',
    async (error) => {
      move.target.fail('driver.wake.after', error);
      await move.target.visit();
      expect(move.status.target).toMatchObject({ state: 'Claimed', retry: { failures: 1 } });
      await move.target.visit();
      expect(state()).toBe('Restored');
      expect(move.target.docker.containers).toMatchObject([woken]);
      expect(move.volume.restores).toBe(1);
    },
  );

  test('goes to the same end wherever the agent is killed, and restores once', async () => {
    for (let boundaries = 0, finished = false; !finished; boundaries++) {
      move = await new FakeMove(`${directory()}/${boundaries}`).toPublished();
      move.target.killAfter(boundaries);
      finished = await move.target.visit().then(
        () => true,
        () => false,
      );
      move.target.calm();
      await move.untilDone(move.target);
      expect(state()).toBe('Settled');
      expect(move.target.docker.containers).toMatchObject([{ ...woken, restartPolicy: ALWAYS }]);
      expect(move.volume.restores).toBe(1);
      expect(boundaries).toBeLessThan(200);
    }
  });
});

describe('a claim is given back', () => {
  test('after more tries than spec.backoffLimit allows, with what they failed of', async () => {
    await failedToWake(4);
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'RestoreInterrupted' } });
    expect(move.status.target?.retry).toBeUndefined();
    expect(move.target.docker.containers).toEqual([]);
  });

  test('when a wake-up failed of a migration that nobody wants any more', async () => {
    await failedToWake(1);
    move.api.change({ spec: { ...move.api.object.spec, cancel: true } });
    await move.target.visit();
    expect(state()).toBe('Failed');
  });

  test('and not woken up instead when that fails at first', async () => {
    await failedToWake(4);
    // The look goes well; the removal does not.
    move.target.meanwhile('engine.list.after', () => {
      move.target.fail('engine.inspect', dockerAway());
    });
    await expect(move.target.visit()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
    expect(move.status.target).toMatchObject({ state: 'Claimed', retry: { failures: 4 } });
    await move.target.visit();
    expect(state()).toBe('Failed');
    expect(move.volume.restores).toBe(0);
  });
});
