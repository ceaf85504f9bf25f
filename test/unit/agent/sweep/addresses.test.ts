import type { HookRequest } from '../../../../src/agent/move-hook/port';
import type { JournalEntry } from '../../../../src/agent/ports';
import { settle } from '../../../../src/agent/sweep/act';
import { judge } from '../../../../src/agent/sweep/decide';
import type { SweepWorld } from '../../../../src/agent/sweep/look';
import { FakeMove } from '../../../lib/fake-move';
import { CONTAINER_ID, UID } from '../../../lib/migration';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';
import { FROZEN, REPORTED } from './examples';

const VIP = '10.0.0.100';
const LIMITS = { wakeMs: 1, scrapMs: 1, configMs: 1, attemptMs: 1 };
const request: HookRequest = {
  ...{ version: 1, action: 'acquire', attempt: 1, role: 'source', node: 'node-a', peerNode: 'node-b' },
  ...{ migration: { namespace: 'default', name: 'move', uid: UID }, container: 'looper', addresses: [VIP] },
};

const directory = useTemporaryDirectory();

/** The original of a migration that is gone, whose addresses the node was about to give up. */
async function leftBehind(state: 'paused' | 'running', noted: JournalEntry): Promise<FakeMove> {
  const move = new FakeMove(directory());
  move.source.docker.change(CONTAINER_ID, { state });
  await move.source.journal.reserve(CONTAINER_ID, { ...noted, addressesGivenUp: { moveHook: 'vip', request } });
  return move;
}

/** What a sweep does that finds it. */
async function sweep({ source }: FakeMove): Promise<void> {
  const entry = await source.journal.read(CONTAINER_ID);
  if (entry === undefined) return;
  const container = source.docker.get(CONTAINER_ID).state;
  const find = { kind: 'reservation', containerID: CONTAINER_ID, entry, container } as const;
  const verdict = judge(find, { is: 'gone' }, LIMITS, 'node-a');
  const { engine, driver, moveHooks } = source.deps();
  const world = { engine, driver, moveHooks, journal: source.journal } as unknown as SweepWorld;
  if (verdict.do === 'Thaw' || verdict.do === 'GivePolicyBack') await settle(find, verdict, world);
}

test('are had back before the container that stands frozen is woken up', async () => {
  const move = await leftBehind('paused', FROZEN);
  await sweep(move);
  expect([...move.source.addresses.held]).toEqual([VIP]);
  expect(move.original.state).toBe('running');
  expect(await move.source.journal.read(CONTAINER_ID)).toBeUndefined();
});

test('are asked for until they are, while it runs', async () => {
  const move = await leftBehind('paused', FROZEN);
  move.source.addresses.failures = 1;
  await expect(sweep(move)).rejects.toMatchObject({ reason: 'MoveHookFailed' });
  expect(move.original.state).toBe('running');
  await sweep(move);
  expect([...move.source.addresses.held]).toEqual([VIP]);
});

test('are left alone where a target may have them', async () => {
  const move = await leftBehind('running', REPORTED);
  await sweep(move);
  expect([...move.source.addresses.held]).toEqual([]);
});
