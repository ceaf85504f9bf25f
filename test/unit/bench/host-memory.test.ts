import type { Case } from '../../bench/cases';
import { CASES } from '../../bench/cases';
import type { Host } from '../../bench/host-memory';
import { bringInFor, measureNewMemory, touchMemory } from '../../bench/host-memory';

afterEach(() => {
  jest.restoreAllMocks();
});

/** A machine with so much available; how long each touch takes, or how it fails, is told in turn. */
function aHost(availableMiB: number, ...outcomes: (number | Error)[]): Host & { readonly touched: number[] } {
  const touched: number[] = [];
  const touch = (mib: number): Promise<number> => {
    touched.push(mib);
    const next = outcomes.shift() ?? new Error('touched too often');
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  return { availableMiB: () => availableMiB, touch, touched };
}

const caseOf = (id: string): Case => {
  const found = CASES.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no case ${id}`);
  return found;
};

async function broughtInFor(one: Case, availableMiB: number): Promise<number[]> {
  const host = aHost(availableMiB, 1);
  await bringInFor(one, host);
  return host.touched;
}

test('before a move twice its memory and a little more is brought in, of all containers together', async () => {
  const large = { ...caseOf('parallel-4'), workload: caseOf('memory-1024').workload };
  expect(await broughtInFor(caseOf('memory-1024'), 20_000)).toEqual([2 * 1024 + 512]);
  expect(await broughtInFor(caseOf('memory-4096'), 20_000)).toEqual([8 * 1024 + 512]);
  expect(await broughtInFor(large, 20_000)).toEqual([8 * 1024 + 512]);
  expect(await broughtInFor(caseOf('one'), 20_000)).toEqual([1024]);
});

test('2 GiB of what is available are left to the lab', async () => {
  expect(await broughtInFor(caseOf('memory-1024'), 3_048)).toEqual([1_000]);
  expect(await broughtInFor(caseOf('memory-1024'), 2_048)).toEqual([]);
  expect(await broughtInFor(caseOf('memory-1024'), 100)).toEqual([]);
});

test('how long new memory takes is measured twice', async () => {
  const host = aHost(20_000, 11_200, 1_760);
  expect(await measureNewMemory(host)).toEqual({ touchedMiB: 4096, msPerGiB: { before: 2_800, after: 440 } });
  expect(host.touched).toEqual([4096, 4096]);
  expect(await measureNewMemory(aHost(4_096, 1_000, 800))).toEqual({
    touchedMiB: 2048,
    msPerGiB: { before: 500, after: 400 },
  });
  expect(await measureNewMemory(aHost(2_048))).toBeUndefined();
});

test('when memory cannot be touched that is told, and nothing fails', async () => {
  const told = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  await bringInFor(caseOf('one'), aHost(20_000, new Error('killed')));
  expect(await measureNewMemory(aHost(20_000, 100, new Error('killed')))).toBeUndefined();
  expect(told.mock.calls).toEqual(Array(2).fill(['new memory could not be touched: killed']));
});

test('memory is really touched, and what cannot be is an error', async () => {
  expect(await touchMemory(8)).toBeGreaterThanOrEqual(0);
  await expect(touchMemory(0)).rejects.toThrow('touch-memory.cjs');
});
