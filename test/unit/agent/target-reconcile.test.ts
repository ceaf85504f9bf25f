import type { TargetStatus } from '../../../src/api/types';
import { KubeError } from '../../../src/kube/errors';
import { reasonOf, ReasonedError } from '../../../src/runtime/errors';
import { dockerAway, dockerHungUp, NO_RESTART } from '../../lib/fake-docker';
import { ALWAYS, FakeMove, MEMORY } from '../../lib/fake-move';
import { CONTAINER_ID, decision, revoked } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;

beforeEach(async () => {
  move = await new FakeMove(directory()).toPublished();
});

const reason = (name: string): ReasonedError => new ReasonedError(name, 'for the test');
const conflict = (): KubeError => new KubeError('Conflict', 'for the test', { statusCode: 409 });
const fenced = { reason: 'TargetFenced', message: 'for the test', at: revoked.at, fenced: 'node-b' } as const;
const woken = { name: 'looper', state: 'running', memory: MEMORY };
const state = (): TargetStatus['state'] | undefined => move.status.target?.state;

/** The claim stands in the object, and the agent was killed before it went on. */
async function claimed(): Promise<void> {
  move.target.fail('migrations.writeTarget.after', new KubeError('ApiServerTimeout', 'for the test'));
  await expect(move.target.visit()).rejects.toThrow();
  expect(state()).toBe('Claimed');
}

/** So many wake-ups failed of something that may pass. */
async function failedToWake(times: number): Promise<void> {
  move.target.fail('driver.wake', reason('RestoreInterrupted'), times);
  for (let i = 0; i < times; i++) {
    await move.target.visit();
    await move.clock.advance(3_000);
  }
  expect(move.status.target).toMatchObject({ state: 'Claimed', retry: { failures: times } });
}

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

  test.each<[string, () => void]>([
    ['was revoked', () => void move.revoke()],
    ['is another attempt', () => void move.decide('Freeze', { attempt: 2 })],
    [
      'has another checkpoint',
      () => {
        const { source } = move.status;
        if (source?.checkpoint === undefined) throw new Error('it was published');
        move.api.set({ source: { ...source, checkpoint: { ...source.checkpoint, digest: 'sha256:other' } } });
      },
    ],
    ['ended', () => void move.api.set({ phase: 'Failed' })],
    ['was cancelled', () => void move.api.change({ spec: { ...move.api.object.spec, cancel: true } })],
  ])('is not made when the migration %s while it was verified', async (_what, happens) => {
    move.target.meanwhile('store.verify.after', happens);
    expect(await move.target.visit()).toEqual({ requeueAfterMs: 1 });
    expect(state()).toBe('Prepared');
    expect(move.target.docker.containers).toMatchObject([{ state: 'created' }]);
  });

  test('that nobody knows of whether it arrived wakes nothing up before it is read again', async () => {
    await claimed();
    expect(move.target.docker.containers).toMatchObject([{ state: 'created' }]);
    await move.target.visit();
    expect(state()).toBe('Restored');
    expect(move.volume.restores).toBe(1);
  });

  test('stands although the look after it fails', async () => {
    move.target.meanwhile('migrations.writeTarget.after', () => {
      move.target.fail('engine.inspect', dockerAway());
    });
    await expect(move.target.visit()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
    expect(move.status.target).toMatchObject({ state: 'Claimed' });
    expect(move.status.target?.error).toBeUndefined();
    await move.target.visit();
    expect(state()).toBe('Restored');
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

describe('a wake-up in another visit than the claim', () => {
  beforeEach(claimed);

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
    move.target.killAfter(40);
    await move.target.visit().catch(() => undefined);
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
  const beforeWrite = (n: number, happens: () => void): void => {
    for (let i = 1; i < n; i++) move.target.meanwhile('migrations.writeTarget', () => undefined);
    move.target.meanwhile('migrations.writeTarget', happens);
  };

  test.each<[string, () => void]>([
    ['a message', () => void move.api.set({ message: 'waiting for node-b' })],
    ['a cancellation, too late', () => void move.api.change({ spec: { ...move.api.object.spec, cancel: true } })],
  ])('is written whatever changed in the object meanwhile: %s', async (_what, happens) => {
    beforeWrite(2, happens);
    await move.target.visit();
    expect(state()).toBe('Restored');
  });

  test('is written over as many conflicts as there are', async () => {
    beforeWrite(2, () => move.api.set({ message: 'one' }));
    beforeWrite(1, () => undefined);
    move.target.fail('migrations.writeTarget', conflict());
    await move.target.visit();
    await move.target.visit();
    expect(['Restored', 'Settled']).toContain(state());
    expect(move.volume.restores).toBe(1);
  });

  test('is not written when the node was fenced meanwhile: the container goes', async () => {
    beforeWrite(2, () => void move.revoke(fenced));
    expect(await move.target.visit()).toEqual({ requeueAfterMs: 1 });
    expect(state()).toBe('Claimed');
    await move.target.visit();
    expect(state()).toBe('Withdrawn');
    expect(move.target.docker.containers).toEqual([]);
  });
});

describe('a wake-up that fails', () => {
  const passing: [string, Error][] = [
    ['driver.wake', reason('RestoreInterrupted')],
    ['driver.arm', reason('VolumeHung')],
    ['store.prepareDirectories', reason('VolumeStale')],
    ['store.readManifest', reason('VolumeHung')],
  ];

  test.each(passing)('at %s of something that may pass leaves nothing here, and is tried again', async (at, error) => {
    move.target.fail(at, error);
    const { requeueAfterMs = 0 } = await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Claimed', error: { reason: reasonOf(error, '') }, retry: { failures: 1 } });
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
  });

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

  test.each([reason('EngineTimedOut'), reason('NotARestore')])(
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
    move.target.fail('engine.list', dockerAway());
    move.target.meanwhile('node.isOutOfService', () => undefined);
    // The look goes well; the removal does not.
    move.target.calm();
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

describe('what was prepared is withdrawn', () => {
  test.each([
    ['driver.disarm', reason('RuncFailed')],
    ['engine.remove', dockerAway()],
    ['driver.forget', new Error('a fault of ours')],
  ])('when the migration is revoked, and tried again when it fails at %s', async (at, error) => {
    move.revoke();
    move.target.fail(at, error, 2);
    for (let i = 0; i < 2; i++) await expect(move.target.visit()).rejects.toBe(error);
    expect(move.status.target).toMatchObject({ state: 'Prepared', error: { reason: reasonOf(error, 'InternalError') } });
    await move.target.visit();
    expect(state()).toBe('Withdrawn');
    expect(move.target.docker.containers).toEqual([]);
  });

  test('even when it runs here, once this node was fenced', async () => {
    await move.target.visit();
    expect(state()).toBe('Restored');
    move.revoke(fenced);
    await move.target.visit();
    expect(state()).toBe('Withdrawn');
    expect(move.target.docker.containers).toEqual([]);
  });

  test('but nothing that somebody else has made', async () => {
    const theirs = { id: 'd'.repeat(64), name: 'theirs', labels: { 'transship.dev/migration-uid': 'another' } };
    move.target.docker.add(theirs);
    move.revoke();
    await move.target.visit();
    expect(move.target.docker.containers).toMatchObject([theirs]);
  });
});

describe('a container that runs here for good', () => {
  beforeEach(async () => {
    await move.target.visit();
  });

  test('gets its restart policy, and nothing of the wake-up is left', async () => {
    await move.target.visit();
    expect(state()).toBe('Settled');
    expect(move.target.docker.containers).toMatchObject([{ ...woken, restartPolicy: ALWAYS }]);
    expect([...move.target.markers]).toEqual([]);
  });

  test.each([
    ['engine.setRestartPolicy', dockerAway()],
    ['driver.forget', new Error('a fault of ours')],
  ])('is settled at a later try when that fails at %s', async (at, error) => {
    move.target.fail(at, error, 2);
    for (let i = 0; i < 2; i++) await expect(move.target.visit()).rejects.toBe(error);
    expect(move.status.target).toMatchObject({ state: 'Restored', error: { reason: reasonOf(error, 'InternalError') } });
    await move.target.visit();
    expect(move.status.target?.error).toBeUndefined();
    expect(state()).toBe('Settled');
  });

  test('may be removed by its owner', async () => {
    await move.target.docker.remove(move.status.target?.containerID ?? '');
    await move.target.visit();
    expect(state()).toBe('Settled');
  });
});

test.each([
  ['always', 'running'],
  ['unless-stopped', 'running'],
  ['on-failure', 'exited'],
  ['no', 'exited'],
] as const)('a container with the policy %s that died with its daemon before it was settled is %s then', async (name, then) => {
  const policy = { name, maximumRetryCount: 0 };
  move = await new FakeMove(`${directory()}/policy`, policy).toRestored();
  move.target.docker.die(move.status.target?.containerID ?? '');
  await move.target.visit();
  expect(state()).toBe('Settled');
  expect(move.target.docker.containers).toMatchObject([{ state: then, restartPolicy: policy }]);
});

test('the original is not touched by anything that happens on the target', async () => {
  await move.target.visit();
  await move.target.visit();
  expect(move.original).toMatchObject({ id: CONTAINER_ID, state: 'paused', memory: MEMORY });
  expect(move.status.decision).toEqual(decision('Freeze'));
});
