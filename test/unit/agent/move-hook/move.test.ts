import { ReasonedError } from '../../../../src/runtime/errors';
import { FakeMove } from '../../../lib/fake-move';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const VIP = '10.0.0.100';
const hookFailed = (): ReasonedError => new ReasonedError('MoveHookFailed', 'for the test');

/** A move of a container behind an address that the source has, and that moves along. */
function moveWithHook(connections: 'Keep' | 'Close' = 'Keep'): FakeMove {
  const network = { moveHook: 'vip', addresses: [VIP] } as const;
  const move = new FakeMove(directory(), undefined, { connections, network: { ...network, addresses: [VIP] } });
  move.source.addresses.held.add(VIP);
  return move;
}

const holders = (move: FakeMove): string[] =>
  [move.source, move.target].filter(({ addresses }) => addresses.held.has(VIP)).map((node) => node.deps().node.name);
const anyShut = ({ source, target }: FakeMove): boolean => source.addresses.shut.size + target.addresses.shut.size > 0;

test('the addresses are given up after the dump, taken before the start, and shut all the while', async () => {
  const move = await moveWithHook().toFreeze();
  expect(move.source.addresses.asked).toEqual(['check']);
  expect(move.target.addresses.asked).toEqual(['check']);
  // Of a move that brought it here.
  move.source.addresses.answers.set(move.original.id, []);
  let before: unknown;
  move.source.meanwhile('driver.dump', () => (before = [holders(move), move.source.addresses.shut.size]));
  await move.source.visit();
  // The source has them until its dump is good, and hears nothing by them.
  expect(before).toEqual([['node-a'], 1]);
  expect(move.status.source?.state).toBe('Published');
  expect([holders(move), move.source.addresses.shut.size]).toEqual([[], 1]);
  let atStart: unknown;
  move.target.meanwhile('driver.wake', () => (atStart = [holders(move), move.target.addresses.shut.size]));
  await move.target.visit();
  expect(atStart).toEqual([['node-b'], 1]);
  expect(move.status.target?.state).toBe('Restored');
  expect(move.target.addresses.shut.size).toBe(0);
  await move.source.visit();
  expect(move.status.source?.state).toBe('Released');
  expect(holders(move)).toEqual(['node-b']);
  expect(anyShut(move)).toBe(false);
  expect(move.source.addresses.answers.size).toBe(0);
  expect(move.source.addresses.requests.at(-1)).toMatchObject({
    ...{ version: 1, action: 'release', role: 'source', node: 'node-a', peerNode: 'node-b', addresses: [VIP] },
  });
});

test('connections that are closed hear of it: the source keeps nothing back', async () => {
  const move = await moveWithHook('Close').toFreeze();
  move.source.meanwhile('node.closeConnections', () => {
    expect(anyShut(move)).toBe(false);
  });
  await move.source.visit();
  await move.target.visit();
  await move.source.visit();
  expect(move.status.source?.state).toBe('Released');
  expect(holders(move)).toEqual(['node-b']);
  expect(anyShut(move)).toBe(false);
});

test('a node whose hook is not willing refuses', async () => {
  const move = moveWithHook();
  move.source.fail('moveHooks.run', hookFailed());
  await move.source.visit();
  expect(move.status.source?.checks).toContainEqual({
    reason: 'MoveHookFailed',
    message: 'for the test',
    blocking: true,
  });
});

test('a hook that does not give them up ends the migration, and the source has them as before', async () => {
  const move = await moveWithHook().toFreeze();
  move.source.fail('moveHooks.run.after', hookFailed());
  await move.source.visit();
  expect(move.status.source).toMatchObject({ state: 'Failed', error: { reason: 'MoveHookFailed' } });
  move.revoke();
  await move.untilDone(move.source);
  expect(move.original.state).toBe('running');
  expect(holders(move)).toEqual(['node-a']);
  expect(anyShut(move)).toBe(false);
});

test('a wake-up that fails gives them back before the source takes them', async () => {
  const move = await moveWithHook().toPublished();
  move.target.fail('driver.wake', new ReasonedError('CriuRestoreFailed', 'for the test'));
  await move.target.visit();
  expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'CriuRestoreFailed' } });
  expect(holders(move)).toEqual([]);
  move.revoke();
  await move.untilDone(move.source);
  expect(move.status.source?.state).toBe('RolledBack');
  expect(move.original.state).toBe('running');
  expect(holders(move)).toEqual(['node-a']);
  await move.untilDone(move.target);
  expect(anyShut(move)).toBe(false);
  expect(move.target.addresses.asked).toEqual(['check', 'acquire', 'release']);
});

test('a target that cannot give them back has not failed yet: the source must not take them', async () => {
  const move = await moveWithHook().toPublished();
  move.target.fail('driver.wake', new ReasonedError('CriuRestoreFailed', 'for the test'));
  move.target.meanwhile('driver.wake', () => undefined);
  move.target.meanwhile('moveHooks.run', () => {
    move.target.fail('moveHooks.run', hookFailed());
  });
  await move.target.visit();
  expect(move.status.target?.state).toBe('Claimed');
  expect(holders(move)).toEqual(['node-b']);
});

test('the original is woken up though its addresses cannot be had back, and they are asked for again', async () => {
  const move = await moveWithHook().toPublished();
  move.revoke();
  move.source.fail('moveHooks.run', hookFailed());
  await move.source.visit().catch(() => undefined);
  expect(move.original.state).toBe('running');
  expect(move.status.source).toMatchObject({ error: { reason: 'MoveHookFailed' } });
  expect(move.status.source?.state).not.toBe('RolledBack');
  await move.untilDone(move.source);
  expect(move.status.source?.state).toBe('RolledBack');
  expect(holders(move)).toEqual(['node-a']);
  expect(anyShut(move)).toBe(false);
});

test('what was never given up is not asked for', async () => {
  const move = await moveWithHook().toFreeze();
  move.source.fail('driver.dump', new ReasonedError('CriuDumpFailed', 'for the test'));
  await move.source.visit();
  move.revoke();
  await move.untilDone(move.source);
  expect(move.source.addresses.asked).toEqual(['check']);
  expect(anyShut(move)).toBe(false);
});

describe('an agent that is killed at any moment', () => {
  test.each(Array.from({ length: 60 }, (_, boundaries) => boundaries))(
    'of the source’s freeze, after %d calls, gives them up before the target may take them',
    async (boundaries) => {
      const move = await moveWithHook().toFreeze();
      move.source.killAfter(boundaries);
      await move.source.visit().catch(() => undefined);
      if (move.status.source?.state === 'Published') expect(holders(move)).toEqual([]);
      move.source.calm();
      await move.untilDone(move.source);
      expect(move.status.source?.state).toBe('Published');
      expect(holders(move)).toEqual([]);
      await move.untilDone(move.target);
      await move.untilDone(move.source);
      expect(holders(move)).toEqual(['node-b']);
      expect(anyShut(move)).toBe(false);
    },
  );

  test.each(Array.from({ length: 60 }, (_, boundaries) => boundaries))(
    'of the wake-up, after %d calls, leaves the addresses where the container runs',
    async (boundaries) => {
      const move = await moveWithHook().toPublished();
      move.target.killAfter(boundaries);
      await move.target.visit().catch(() => undefined);
      move.target.calm();
      await move.untilDone(move.target);
      await move.untilDone(move.source);
      expect(move.status.target?.state).toMatch(/Restored|Settled/);
      expect(holders(move)).toEqual(['node-b']);
      expect(anyShut(move)).toBe(false);
    },
  );

  test.each(Array.from({ length: 40 }, (_, boundaries) => boundaries))(
    'of the rollback, after %d calls, leaves them at the source',
    async (boundaries) => {
      const move = await moveWithHook().toPublished();
      move.revoke();
      move.source.killAfter(boundaries);
      await move.source.visit().catch(() => undefined);
      move.source.calm();
      await move.untilDone(move.source);
      expect(move.status.source?.state).toBe('RolledBack');
      expect(move.original.state).toBe('running');
      expect(holders(move)).toEqual(['node-a']);
      expect(anyShut(move)).toBe(false);
    },
  );
});
