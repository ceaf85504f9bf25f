/** A container that was begun anew instead of woken up: it is never reported, and it goes. */
import type { TargetStatus } from '../../../src/api/types';
import { ReasonedError } from '../../../src/runtime/errors';
import { dockerAway, FRESH } from '../../lib/fake-docker';
import { FakeMove, MEMORY } from '../../lib/fake-move';
import type { FakeNode } from '../../lib/fake-node';
import { Killed } from '../../lib/fake-node';
import { CONTAINER_ID } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

// A small world for each place where an agent can be killed.
jest.setTimeout(30_000);

const directory = useTemporaryDirectory();
let move: FakeMove;

const target = (): TargetStatus | undefined => move.status.target;

/** What the next start on a node really is: the container's program from its beginning. */
const LIES: Record<string, (node: FakeNode) => void> = {
  'the wrapper says that it has restored': (node) => {
    node.meanwhile('driver.wake.after', () => {
      for (const { id, pid } of node.docker.containers) if (pid !== 0) node.docker.change(id, { memory: FRESH });
    });
  },
  'Docker has ignored the mark': (node) => {
    node.meanwhile('driver.wake', () => {
      startAnew(node);
      throw new ReasonedError('NotARestore', 'for the test');
    });
  },
  'somebody has removed the mark': (node) => {
    node.meanwhile('driver.wake', () => {
      startAnew(node);
      node.markers.clear();
      throw new ReasonedError('NotARestore', 'for the test');
    });
  },
};

function startAnew({ docker }: FakeNode): void {
  for (const { id, state } of docker.containers) if (state === 'created') docker.resume(id, FRESH);
}

describe.each(Object.entries(LIES))('on the target, when %s', (_what, lie) => {
  test('the claim is given back with nothing left here, and the original wakes up', async () => {
    move = await new FakeMove(directory()).toPublished();
    lie(move.target);
    await move.target.visit();
    expect(target()).toMatchObject({
      state: 'Failed',
      error: { reason: expect.stringMatching(/^(NotARestore|RestoreNotProven)$/) as string },
    });
    expect(target()?.restore).toBeUndefined();
    expect(move.target.docker.containers).toEqual([]);
    expect([...move.target.markers]).toEqual([]);
    expect(move.original).toMatchObject({ state: 'paused', memory: MEMORY });

    move.revoke();
    await move.untilDone(move.source);
    expect(move.status.source?.state).toBe('RolledBack');
    expect(move.original).toMatchObject({ state: 'running', memory: MEMORY });
  });

  test('it is never reported wherever the agent is killed', async () => {
    for (let boundaries = 0, finished = false; !finished; boundaries++) {
      move = await new FakeMove(`${directory()}/${boundaries}`).toPublished();
      lie(move.target);
      move.target.killAfter(boundaries);
      finished = await move.target.visit().then(
        () => true,
        () => false,
      );
      const wasLiedTo = move.target.docker.containers.some(({ memory }) => memory === FRESH);
      // The lie was told, or is still to come.
      move.target.calm();
      if (!wasLiedTo && !finished) continue;
      await move.untilDone(move.target);
      expect(target()?.state).toBe('Failed');
      expect(move.target.docker.containers).toEqual([]);
      expect(boundaries).toBeLessThan(200);
    }
  });

  test('it is not reported either while Docker does not remove it', async () => {
    move = await new FakeMove(directory()).toPublished();
    lie(move.target);
    move.target.fail('engine.remove', dockerAway());
    await expect(move.target.visit()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
    expect(target()?.state).toBe('Claimed');
    await move.untilDone(move.target);
    expect(target()?.state).toBe('Failed');
    expect(move.target.docker.containers).toEqual([]);
  });
});

describe('that a container was woken up', () => {
  test('is told with its processes', async () => {
    move = await new FakeMove(directory()).toRestored();
    const startedAt = new Date(move.clock.now()).toISOString();
    expect(target()?.restore).toEqual({
      processes: 1,
      threads: 1,
      found: 1,
      criu: { restore: '1ms', pagesRestored: 7 },
      tree: [{ pid: 1, ppid: 0, command: 'sh', threads: 1, startedAt }],
    });
    expect(move.status.source?.startedAt).toMatch(/^\d{4}-/);
    await move.untilDone(move.target);
    expect(target()).toMatchObject({ state: 'Settled', restore: { found: 1 } });
  });

  test('is looked for again when the volume did not answer, and the container runs on meanwhile', async () => {
    move = await new FakeMove(directory()).toPublished();
    move.target.fail('driver.prove', new ReasonedError('VolumeHung', 'for the test'));
    await move.target.visit();
    expect(target()).toMatchObject({ state: 'Claimed', retry: { failures: 1 }, error: { reason: 'VolumeHung' } });
    const running = { state: 'running', memory: MEMORY };
    expect(move.target.docker.containers).toMatchObject([running]);
    await move.target.visit();
    expect(target()?.state).toBe('Restored');
    expect(move.target.docker.containers).toMatchObject([running]);
    expect(move.volume.restores).toBe(1);
  });

  test('is told of one that has ended right after it', async () => {
    move = await new FakeMove(directory()).toPublished();
    move.target.meanwhile('driver.wake.after', () => {
      for (const { id } of move.target.docker.containers) move.target.docker.die(id);
    });
    await move.target.visit();
    expect(target()).toMatchObject({ state: 'Restored', restore: { processes: 1, found: 0 } });
  });
});

describe('an original that died frozen', () => {
  beforeEach(async () => {
    move = await new FakeMove(directory()).toPublished();
    move.source.docker.die(CONTAINER_ID);
    move.revoke();
  });

  test.each(Object.entries(LIES))('is not replaced by a container that was begun anew: %s', async (_what, lie) => {
    lie(move.source);
    await move.source.visit();
    expect(move.status.source).toMatchObject({ state: 'RolledBack', error: { reason: 'SourceLost' } });
    expect(move.status.source?.restoredContainerID).toBeUndefined();
    expect(move.source.docker.containers.map(({ id }) => id)).toEqual([CONTAINER_ID]);
    expect(move.volume.manifest).toBeDefined();
  });

  test('is not replaced either when the agent dies before it has looked', async () => {
    LIES['the wrapper says that it has restored']?.(move.source);
    move.source.meanwhile('driver.prove', () => {
      throw new Killed('for the test');
    });
    await expect(move.source.visit()).rejects.toThrow(Killed);
    await move.untilDone(move.source);
    expect(move.status.source).toMatchObject({ state: 'RolledBack', error: { reason: 'SourceLost' } });
    expect(move.source.docker.containers.map(({ id }) => id)).toEqual([CONTAINER_ID]);
  });
});
