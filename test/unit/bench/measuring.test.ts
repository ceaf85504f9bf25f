import { writesBetween, writesIn } from '../../bench/api-writes';
import type { Case } from '../../bench/cases';
import { CASES, commandOf, containersOf } from '../../bench/cases';
import { longestGap } from '../../bench/clients';
import { cpuTimesIn, idleBetween } from '../../bench/idle';
import { planOf } from '../../bench/plan';
import { summarize } from '../../bench/statistics';
import { gapOfFresh, gapOfSame, readTicks } from '../../bench/ticks';
import { phasesOf, readMarks, spanOf } from '../../bench/ways/marks';

describe('statistics', () => {
  test('the median lies between the two middle values, the 95th percentile between the last two', () => {
    expect(summarize([4, 1, 3, 2])).toEqual({ n: 4, median: 2.5, p95: 3.8499999999999996, min: 1, max: 4 });
    expect(summarize([7])).toEqual({ n: 1, median: 7, p95: 7, min: 7, max: 7 });
    expect(summarize([])).toBeUndefined();
  });
});

describe('how idle the machine is', () => {
  const before = cpuTimesIn('cpu  100 0 50 1000 20 0 0 30 7 0\ncpu0 100 0 50 1000 20 0 0 30 7 0\n');

  test('waiting for a disk is idle, and what the hypervisor gave to others is not', () => {
    expect(before).toEqual({ idle: 1020, total: 1200 });
    const after = cpuTimesIn('cpu  110 0 55 1900 50 0 0 85 7 0\n');
    expect(idleBetween(before, after)).toBe(0.93);
  });

  test('nothing is said when no time went by', () => {
    expect(idleBetween(before, before)).toBeUndefined();
  });
});

describe('the plan', () => {
  const small = { id: 'small' } as Case;
  const large = { id: 'large', fewer: 2 } as Case;

  test('every way moves every case in each round, and each round begins with another way', () => {
    const rounds = planOf([small], ['a', 'b', 'c'], 3, 1).map(({ way, round }) => `${round}${way}`);
    expect(rounds.join(' ')).toBe('0a 0b 0c 1b 1c 1a 2c 2a 2b 3a 3b 3c');
  });

  test('a case with fewer rounds has exactly those, spread over the run, and does not warm up', () => {
    const rounds = planOf([small, large], ['a'], 10, 1).filter(({ one }) => one === large);
    expect(rounds.map(({ round }) => round)).toEqual([5, 10]);
    expect(planOf([large], ['a'], 1, 0)).toHaveLength(1);
  });

  test('the cases have names of their own, and so have the containers', () => {
    const names = CASES.flatMap(containersOf);
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
    expect(new Set(names).size).toBe(names.length);
    expect(commandOf({ processes: 1, memoryMiB: 4, filesMiB: 0, smallFiles: 7, serves: true }, 'program')).toEqual([
      'python3',
      '-c',
      'program',
      '1',
      '4',
      '0',
      '7',
      '7000',
    ]);
  });
});

describe('what the program says', () => {
  // Times in microseconds; the header that Docker puts before a line in front of two of them.
  const source = readTicks('ready 1000\n\u0001\0\0\0\0\0\0\u0013at 1005000 1\nat 1105000 21\n');
  const target =
    '\u0001\0\0\0\0\0\0\u0015gap 1200000 1800500 40\nat 1805000 41\ngap 1900000 1930000 60\nat 1905000 61\n';
  const movedAtMs = 1150;

  test('the longest gap after the move began counts, from the last count before it to the first after it', () => {
    expect(gapOfSame({ before: source, after: readTicks(target), movedAtMs })).toBe(600.5);
    const both = readTicks(`ready 1000\ngap 100000 1100000 20\nat 1105000 21\n${target}`);
    expect(gapOfSame({ before: source, after: both, movedAtMs })).toBe(600.5);
  });

  test('a program that was begun anew, stands still or was never moved is no success', () => {
    const same = (text: string) => () => gapOfSame({ before: source, after: readTicks(text), movedAtMs });
    expect(same('ready 2000\nat 1805000 1\n')).toThrow('begun anew');
    expect(same('at 1805000 41\n')).toThrow('no gap');
    expect(same('gap 1200000 1800500 40\n')).toThrow('does not count on');
    expect(same('gap 1200000 1800500 2\nat 1805000 3\n')).toThrow('does not count on');
  });

  test('of a cold start the gap lies between two processes', () => {
    const before = readTicks('ready 1000\nat 1105000 21\nend 1110000 22\n');
    expect(gapOfFresh({ before, after: readTicks('ready 1500000\nat 1510000 1\n'), movedAtMs })).toBe(400);
    expect(() => gapOfFresh({ before, after: readTicks('ready 1000\nat 1510000 1\n'), movedAtMs })).toThrow(
      'not begun',
    );
    expect(() => gapOfFresh({ before: source, after: before, movedAtMs })).toThrow('did not say');
  });
});

test('a script tells its steps by the moments at which they end', () => {
  const marks = readMarks('begin 10.000000\nfreeze 10.050000\nnoise\ndump 10.300100\n');
  expect(phasesOf(marks)).toEqual({ freeze: 50, dump: 250.1 });
  expect(spanOf(marks)).toBe(300.1);
});

test('a client looks for the longest time between two answers, in whatever order they were noted', () => {
  expect(longestGap([30, 10, 20, 95, 100])).toBe(65);
  expect(longestGap([5])).toBe(0);
});

test('writes to the API are counted by their resource, whatever came of them, and reads are not', () => {
  const text = `
apiserver_request_total{code="200",resource="containermigrations",subresource="status",verb="PATCH"} 10
apiserver_request_total{code="409",resource="containermigrations",subresource="status",verb="PATCH"} 1
apiserver_request_total{code="200",resource="containermigrations",verb="GET"} 50
apiserver_request_total{code="201",resource="events",verb="POST"} 3
apiserver_request_total{code="200",resource="leases",verb="PUT"} 70
other_total{resource="events",verb="POST"} 9`;
  expect(writesIn(text)).toEqual({ objects: 11, events: 3 });
  expect(writesBetween({ objects: 4, events: 1 }, writesIn(text))).toEqual({ objects: 7, events: 2 });
});
