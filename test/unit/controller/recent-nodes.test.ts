import { RecentNodes } from '../../../src/controller/recent-nodes';
import type { NodeView } from '../../../src/protocol/controller/step';
import { FakeClock } from '../../lib/fake-clock';

function setup(): {
  nodes: RecentNodes<NodeView>;
  clock: FakeClock;
  asked: string[];
  fail: (reason: Error | undefined) => void;
} {
  const clock = new FakeClock(0);
  const asked: string[] = [];
  let failure: Error | undefined;
  const ask = (name: string): Promise<NodeView> => {
    asked.push(name);
    const view = { exists: true, agentAlive: true, outOfService: asked.length > 1 };
    return failure === undefined ? Promise.resolve(view) : Promise.reject(failure);
  };
  return { nodes: new RecentNodes(clock, ask), clock, asked, fail: (reason) => (failure = reason) };
}

test('many share one look, also while it is under way', async () => {
  const { nodes, clock, asked } = setup();
  await Promise.all([nodes.recent('a'), nodes.recent('a'), nodes.recent('b')]);
  await clock.advance(4_999);
  await nodes.recent('a');
  expect(asked).toEqual(['a', 'b']);
});

test('a look holds for five seconds', async () => {
  const { nodes, clock } = setup();
  expect((await nodes.recent('a')).outOfService).toBe(false);
  await clock.advance(5_000);
  expect((await nodes.recent('a')).outOfService).toBe(true);
});

test('who wants to know how it is now is told so, and the others share that', async () => {
  const { nodes } = setup();
  await nodes.recent('a');
  expect((await nodes.look('a')).outOfService).toBe(true);
  expect((await nodes.recent('a')).outOfService).toBe(true);
});

test('a look that failed is not shared', async () => {
  const { nodes, fail } = setup();
  fail(new Error('the server is away'));
  await expect(nodes.recent('a')).rejects.toThrow('away');
  fail(undefined);
  expect((await nodes.recent('a')).exists).toBe(true);
});
