import type { TargetStatus } from '../../../src/api/types';
import { reasonOf, ReasonedError } from '../../../src/runtime/errors';
import { dockerAway } from '../../lib/fake-docker';
import { ALWAYS, FakeMove, MEMORY } from '../../lib/fake-move';
import { CONTAINER_ID, decision, revoked } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;

beforeEach(async () => {
  move = await new FakeMove(directory()).toPublished();
});

const reason = (name: string): ReasonedError => new ReasonedError(name, 'for the test');
const fenced = { reason: 'TargetFenced', message: 'for the test', at: revoked.at, fenced: 'node-b' } as const;
const woken = { name: 'looper', state: 'running', memory: MEMORY };
const state = (): TargetStatus['state'] | undefined => move.status.target?.state;

describe('what was prepared is withdrawn', () => {
  test.each([
    ['driver.disarm', reason('RuncFailed')],
    ['engine.remove', dockerAway()],
    ['driver.forget', new Error('a fault of ours')],
  ])('when the migration is revoked, and tried again when it fails at %s', async (at, error) => {
    move.revoke();
    move.target.fail(at, error, 2);
    for (let i = 0; i < 2; i++) await expect(move.target.visit()).rejects.toBe(error);
    expect(move.status.target).toMatchObject({
      state: 'Prepared',
      error: { reason: reasonOf(error, 'InternalError') },
    });
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
    expect(move.status.target).toMatchObject({
      state: 'Restored',
      error: { reason: reasonOf(error, 'InternalError') },
    });
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
] as const)(
  'a container with the policy %s that died with its daemon before it was settled is %s then',
  async (name, then) => {
    const policy = { name, maximumRetryCount: 0 };
    move = await new FakeMove(`${directory()}/policy`, policy).toRestored();
    move.target.docker.die(move.status.target?.containerID ?? '');
    await move.target.visit();
    expect(state()).toBe('Settled');
    expect(move.target.docker.containers).toMatchObject([{ state: then, restartPolicy: policy }]);
  },
);

test('the original is not touched by anything that happens on the target', async () => {
  await move.target.visit();
  await move.target.visit();
  expect(move.original).toMatchObject({ id: CONTAINER_ID, state: 'paused', memory: MEMORY });
  expect(move.status.decision).toEqual(decision('Freeze'));
});
