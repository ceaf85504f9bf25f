import { compare } from '../../conformance/compare';

const before = { same: { born: 'a', limits: { memory: 1, pids: [1, 2] } }, grows: { count: 5 } };

test('what went on and is the same is well', () => {
  expect(compare(before, { same: { limits: { pids: [1, 2], memory: 1 }, born: 'a' }, grows: { count: 6 } })).toEqual(
    [],
  );
});

test('what differs is named by its path, with both values', () => {
  const after = { same: { born: 'a', limits: { memory: 2, pids: [1] } }, grows: { count: 6 } };
  expect(compare(before, after)).toEqual(['limits.memory: 1 before, 2 after', 'limits.pids: [1,2] before, [1] after']);
});

test('what is missing after, and what was not there before', () => {
  const after = { same: { limits: before.same.limits, more: true }, grows: { count: 6 } };
  expect(compare(before, after)).toEqual(['born: "a" before, nothing after', 'more: nothing before, true after']);
});

test('a count that stands still, begins anew or is missing has not gone on', () => {
  for (const grows of [{ count: 5 }, { count: 0 }, {}])
    expect(compare(before, { same: before.same, grows })).toEqual([
      expect.stringMatching(/^count: 5 before, .* not gone on$/),
    ]);
});

test('what differs on purpose is passed over, and nothing else', () => {
  const after = { same: { born: 'b', limits: { memory: 2, pids: [1, 2] } }, grows: { count: 6 } };
  expect(compare(before, after, ['limits'])).toEqual(['born: "a" before, "b" after']);
});

test('of many differences the first are shown, and the others counted', () => {
  const many = (value: number): { same: Record<string, number> } => ({
    same: Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`field${index}`, value])),
  });
  const said = compare(many(1), many(2));
  expect(said).toHaveLength(6);
  expect(said.at(-1)).toBe('and 3 more');
});
