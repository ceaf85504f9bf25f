import type { ContainerMigration } from '../../../src/api/types';
import { Reactions } from '../../bench-scale/reactions';
import { decision, migration, source, target } from '../../lib/migration';

const held = { metadata: { finalizers: ['transship.dev/settle'] } };
const admitted = { phase: 'Preflight', decision: decision('Preflight') } as const;

function after(...events: readonly (readonly [number, ContainerMigration])[]): Reactions {
  const reactions = new Reactions();
  for (const [atMs, seen] of events) reactions.seen('move', seen, atMs);
  return reactions;
}

test('the first write is timed from the creation, and the second of the admission is no reply', () => {
  const reactions = after([100, migration()], [130, migration({}, held)], [140, migration(admitted, held)]);
  expect(reactions.firstWriteMs).toBe(130);
  expect(reactions.take()).toEqual({ firstWrites: [30], replies: [] });
});

test('a reply is timed from the report that leaves the next write to the controller', () => {
  const source1 = { ...admitted, source: source('Preflighted') };
  const both = { ...source1, target: target('Preflighted') };
  const prepare = { ...both, phase: 'Preparing', decision: decision('Prepare') } as const;
  const reactions = after(
    [100, migration(admitted, held)],
    [200, migration(source1, held)],
    [300, migration(both, held)],
    [345, migration(prepare, held)],
  );
  expect(reactions.take()).toEqual({ firstWrites: [], replies: [45] });
});

test('further reports do not begin the time anew', () => {
  const freezing = { phase: 'Freezing', decision: decision('Freeze') } as const;
  const claimed = { ...freezing, source: source('Published'), target: target('Claimed') };
  const restored = { ...claimed, target: target('Restored') };
  const reactions = after(
    [100, migration({ ...freezing, source: source('Published'), target: target('Prepared') }, held)],
    [200, migration(claimed, held)],
    [250, migration(restored, held)],
    [280, migration({ ...restored, phase: 'Restoring' }, held)],
  );
  expect(reactions.take().replies).toEqual([80]);
});

test('an object that is gone is forgotten, and what was taken does not come twice', () => {
  const reactions = after([100, migration()], [130, migration({}, held)]);
  reactions.take();
  reactions.forget('move');
  reactions.seen('move', migration(), 200);
  expect(reactions.take()).toEqual({ firstWrites: [], replies: [] });
});
