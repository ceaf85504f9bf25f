import type { Case } from '../../conformance/case';
import { GROUPS } from '../../conformance/cases/all';

const all = GROUPS.flatMap(({ cases }) => cases);
const runnable = all.filter((one): one is Case => 'run' in one);

test('every case has an id of its own, which can be part of the names of containers and objects', () => {
  const ids = all.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])$/);
});

test('every case that is run states what must be the same', () => {
  for (const { states } of runnable) expect(states.length).toBeGreaterThanOrEqual(10);
});

test('the fast part is a dozen cases or a few more, and needs no image but those that every lab has', () => {
  const fast = runnable.filter((one) => one.fast);
  expect(fast.length).toBeGreaterThanOrEqual(12);
  expect(fast.length).toBeLessThanOrEqual(18);
  for (const { run } of fast) expect(run.some((word) => word === 'transship-lab/servers:1')).toBe(false);
});
