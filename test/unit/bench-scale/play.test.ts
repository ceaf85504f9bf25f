import { play } from '../../bench-scale/play';
import { kindOf, mixOf } from '../../bench-scale/population';
import { migration, STARTED_AT } from '../../lib/migration';

const nowMs = Date.parse(STARTED_AT);

test('the protocol plays a migration to its success, with the parts of all three actors', () => {
  const { status } = play(migration(), nowMs);
  expect(status.phase).toBe('Succeeded');
  expect(status.source).toMatchObject({ state: 'Released', checkpoint: { driver: 'runc' } });
  expect(status.target).toMatchObject({ state: 'Settled', restore: { processes: 3 } });
});

test('it can be left in the middle', () => {
  const { status } = play(migration(), nowMs, ({ source }) => source?.state === 'Prepared');
  expect(status).toMatchObject({ phase: 'Preparing', target: { state: 'Preflighted' } });
});

test('the mix has a few of every kind at every size', () => {
  expect(mixOf(100)).toEqual({ finished: 94, waiting: 3, inFlight: 3 });
  expect(mixOf(5_000)).toEqual({ finished: 4_700, waiting: 150, inFlight: 150 });
  expect(kindOf(0)).toBe('waiting');
});
