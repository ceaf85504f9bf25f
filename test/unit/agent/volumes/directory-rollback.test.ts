/** What is left of a host directory that was to be copied, whatever happens on the way. */
import { ReasonedError } from '../../../../src/runtime/errors';
import { Killed } from '../../../lib/fake-node';
import type { FakeMove } from '../../../lib/fake-move';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';
import { preflight, state } from './shop';
import { expectNothingLeft, noted, onTarget, PAGES, site, SITE } from './site';

const directory = useTemporaryDirectory();
const moveWith = (more: Parameters<typeof site>[1] = {}): FakeMove => site(directory(), more);

describe('an empty directory that is there', () => {
  const FOUND = { uid: 70, gid: 71, mode: '1777' };
  const withDirectory = (): FakeMove => {
    const move = moveWith();
    move.target.directories.add(SITE);
    move.target.directories.owners.set(SITE, FOUND);
    return move;
  };

  test('is filled', async () => {
    const move = await withDirectory().toRestored();
    expect(onTarget(move)).toEqual(PAGES);
  });

  test.each(['before', 'after'] as const)('is as it was after a rollback %s it is filled', async (moment) => {
    const move = await withDirectory().toPublished();
    if (moment === 'after') {
      move.target.fail('driver.wake', new ReasonedError('RestoreFailed', 'for the test'));
      await move.target.visit();
      expect(onTarget(move)).toEqual(PAGES);
    }
    move.revoke();
    await move.untilDone(move.target);
    expect(onTarget(move)).toEqual({});
    expect(move.target.directories.owners.get(SITE)).toEqual(FOUND);
    expect(noted(move)).toBeUndefined();
  });
});

describe('a rollback', () => {
  test.each(['toFreeze', 'toPublished'] as const)('leaves nothing (%s)', async (moment) => {
    const move = await moveWith()[moment]();
    expect(onTarget(move)).toEqual({});
    move.revoke();
    await move.untilDone(move.target);
    await move.untilDone(move.source);
    expect(state(move)).toEqual(['RolledBack', 'Withdrawn']);
    expectNothingLeft(move);
    expect(move.source.mounts.files.get(SITE)).toEqual(PAGES);
  });

  test('leaves a directory above in which somebody has put something', async () => {
    const move = await moveWith().toPublished();
    move.target.directories.add('/data/theirs');
    move.revoke();
    await move.untilDone(move.target);
    expect(move.target.directories.has('/data/theirs')).toBe(true);
    expect(move.target.directories.has('/data/shop')).toBe(false);
  });

  test.each([false, true])('that is killed anywhere ends the same (the files are in place: %s)', async (filled) => {
    for (let boundaries = 0; ; boundaries++) {
      const move = await moveWith().toPublished();
      if (filled) {
        move.target.fail('driver.wake', new ReasonedError('RestoreFailed', 'for the test'));
        await move.target.visit();
      }
      move.revoke();
      move.target.killAfter(boundaries);
      const killed = await visited(move);
      await move.untilDone(move.target);
      expectNothingLeft(move);
      if (!killed) break;
    }
  });
});

/** One visit of the target, which may be killed; says whether it was. */
async function visited(move: FakeMove): Promise<boolean> {
  const killed = await move.target.visit().then(
    () => false,
    (error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      return true;
    },
  );
  move.target.calm();
  return killed;
}

test('a wake-up that fails of something that may pass fills it anew', async () => {
  const move = await moveWith().toPublished();
  move.target.fail('driver.wake', new ReasonedError('EngineTimedOut', 'for the test'));
  await move.target.visit();
  expect(move.status.target?.retry?.failures).toBe(1);
  Object.assign(onTarget(move) ?? {}, { half: 'of an earlier try' });
  await move.clock.advance(30_000);
  await move.target.visit();
  expect(move.status.target?.state).toBe('Restored');
  expect(onTarget(move)).toEqual(PAGES);
});

test('a target that is killed anywhere goes on, and never fills it once more when the container runs', async () => {
  for (let boundaries = 0; ; boundaries++) {
    const move = await moveWith().toPublished();
    move.target.killAfter(boundaries);
    const killed = await visited(move);
    const woken = move.target.docker.containers.some(({ pid }) => pid !== 0);
    if (woken) Object.assign(onTarget(move) ?? {}, { page: 'changed' });
    await move.untilDone(move.target);
    expect(move.status.target?.state).toBe('Settled');
    expect(onTarget(move)).toEqual(woken ? { ...PAGES, page: 'changed' } : PAGES);
    expect(noted(move)).toBeUndefined();
    if (!killed) break;
  }
});

test('a target that is killed anywhere while it prepares leaves nothing after a rollback', async () => {
  for (let boundaries = 0; ; boundaries++) {
    const move = await preflight(moveWith());
    move.decide('Prepare');
    await move.source.visit();
    move.target.killAfter(boundaries);
    const killed = await visited(move);
    // By what is noted before alone it is known to be ours.
    if (move.target.directories.has('/data')) expect(noted(move)).toBeDefined();
    move.revoke();
    await move.untilDone(move.target);
    expectNothingLeft(move);
    if (!killed) break;
  }
});
