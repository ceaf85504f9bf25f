import type { Evidence } from '../../chaos/judge';
import { judge } from '../../chaos/judge';

/** What a container wrote: numbers from `first` on, one every 10 ms, beginning at that second. */
const written = (first: number, last: number, atSeconds: number): string =>
  Array.from(
    { length: last - first + 1 },
    (_, index) => `${first + index} ${(atSeconds + index / 100).toFixed(2)}\n`,
  ).join('');

const beforeFreeze = written(0, 99, 50);
const whole = beforeFreeze + written(100, 199, 52);

const home = { node: 'node-b', id: 'copy', name: 'moved', state: 'running', restartPolicy: 'always', labels: [] };
const away = { ...home, node: 'node-a', id: 'original' };

/** A migration that went well. */
const well: Evidence = {
  fault: 'source-agent',
  from: 'node-a',
  to: 'node-b',
  container: 'moved',
  phase: 'Succeeded',
  reason: 'Migrated',
  isFinal: true,
  errors: [],
  remaining: [home],
  leftovers: [],
  copies: [
    { node: 'node-a', id: 'original', changes: [], count: beforeFreeze },
    { node: 'node-b', id: 'copy', changes: [], count: whole },
  ],
  overlaps: 0,
  goesOn: true,
  server: undefined,
  undeletable: undefined,
};

/** One that was rolled back. */
const back: Evidence = {
  ...well,
  phase: 'RolledBack',
  reason: 'CriuDumpFailed',
  remaining: [away],
  copies: [{ node: 'node-a', id: 'original', changes: [], count: whole }],
};

const withCount = (count: string): Partial<Evidence> => ({
  copies: [{ node: 'node-b', id: 'copy', changes: [], count }],
});

describe('the judge', () => {
  it('finds nothing wrong with a migration that went well, and says how long the container stood still', () => {
    const { longestGapMs, ...verdict } = judge(well);
    expect(verdict).toEqual({ outcome: 'Succeeded', violations: [], counted: 200 });
    expect(longestGapMs).toBeCloseTo(1_010);
  });

  it('finds nothing wrong with one that was rolled back', () => {
    expect(judge(back)).toMatchObject({ outcome: 'RolledBack', violations: [] });
  });

  it('takes no offence at a line that is just being written', () => {
    expect(judge({ ...well, ...withCount(`${whole}200 5`) }).violations).toEqual([]);
  });

  it.each<[string, Partial<Evidence>, string]>([
    ['has no end', { isFinal: false, phase: 'Freezing' }, 'stuck: Freezing (Migrated)'],
    ['ran twice at a time', { overlaps: 3 }, 'two running: seen 3 times'],
    [
      'left a marker',
      { leftovers: ['node-b:/run/transship/restore/copy'] },
      'left over: node-b:/run/transship/restore/copy',
    ],
    ['left a checkpoint', { leftovers: ['volume:default/moved'] }, 'left over: volume:default/moved'],
    ['cannot be deleted', { undeletable: 'its finalizer still holds it' }, 'not deleted: its finalizer'],
    ['left no container', { remaining: [] }, 'none left'],
    ['left a second container', { remaining: [home, { ...away, state: 'exited' }] }, 'second container: '],
    ['is not where the object says', { phase: 'RolledBack' }, 'not at home: RolledBack means node-a'],
    ['stands still', { remaining: [{ ...home, state: 'paused' }] }, 'not at home'],
    ['has another name', { remaining: [{ ...home, name: 'other' }] }, 'not at home'],
    [
      'lost its restart policy',
      { remaining: [{ ...home, restartPolicy: 'no' }] },
      'restart policy: no instead of always',
    ],
    ['lost a number', withCount(beforeFreeze + written(101, 199, 52)), 'counter: 101 after 99, line 101'],
    ['counted twice', withCount(beforeFreeze + written(99, 199, 52)), 'counter: 99 after 99, line 101'],
    ['lost its beginning', withCount(written(5, 9, 50)), 'counter: 5 after nothing'],
    ['wrote into the past', withCount(beforeFreeze + written(100, 199, 40)), 'counter: 100 was written before 99'],
    ['was started afresh', withCount(beforeFreeze + written(0, 99, 52)), 'counter: started afresh, 1 times'],
    ['counts no more', { goesOn: false }, 'counter: it has stopped'],
    ['has not been seen', { copies: [] }, 'counter: nothing that the remaining container wrote'],
    ['forgot', { server: { before: '1', after: '2' } }, 'server: answers 2 instead of 1'],
  ])('objects to one that %s', (_what, change, violation) => {
    expect(judge({ ...well, ...change }).violations).toContainEqual(expect.stringContaining(violation));
  });

  it('objects to an original with labels of the operator', () => {
    const labelled = {
      ...back,
      remaining: back.remaining.map((one) => ({ ...one, labels: ['transship.dev/migration'] })),
    };
    expect(judge(labelled).violations).toEqual(['labels: the original has transship.dev/migration']);
  });

  it('objects to a copy that ran on for a single number from the same checkpoint', () => {
    const copies = [
      { node: 'node-a', id: 'original', changes: [], count: `${beforeFreeze}100 51.50\n` },
      { node: 'node-b', id: 'copy', changes: [], count: whole },
    ];
    expect(judge({ ...well, copies }).violations).toEqual([
      'two lives: the copy on node-a wrote 1 numbers that the one on node-b does not have',
    ]);
  });

  it('accepts a checkpoint that stays when the object says so, and counts it as an outcome of its own', () => {
    const kept = { ...back, errors: ['CheckpointNotRemoved'], leftovers: ['volume:default/moved'] };
    expect(judge(kept)).toMatchObject({ outcome: 'RolledBack, checkpoint left, said so', violations: [] });
  });

  it('accepts no marker that stays, whatever the object says', () => {
    const kept = { ...back, errors: ['CheckpointNotRemoved'], leftovers: ['node-a:/run/transship/source/x'] };
    expect(judge(kept).violations).toEqual(['left over: node-a:/run/transship/source/x']);
  });

  it('shows a container that is lost as an outcome of its own when the object says so', () => {
    const lost: Evidence = { ...back, phase: 'Failed', reason: 'SourceLost', remaining: [], goesOn: false };
    expect(judge(lost)).toMatchObject({ outcome: 'lost, said so', violations: [] });
    expect(judge({ ...lost, reason: 'EngineUnreachable' }).violations).not.toEqual([]);
  });

  it('accepts a fresh start only where a daemon without live-restore was killed, and only one', () => {
    const restarted = {
      ...back,
      copies: [{ node: 'node-a', id: 'original', changes: [], count: whole + written(0, 9, 60) }],
    };
    expect(judge({ ...restarted, fault: 'source-dockerd-plain' })).toMatchObject({
      outcome: 'restarted by Docker',
      violations: [],
    });
    expect(judge({ ...restarted, fault: 'source-dockerd' }).violations).toEqual(['counter: started afresh, 1 times']);
    const twice = [
      { node: 'node-a', id: 'original', changes: [], count: whole + written(0, 9, 60) + written(0, 9, 61) },
    ];
    expect(judge({ ...restarted, fault: 'source-dockerd-plain', copies: twice }).violations).not.toEqual([]);
  });
});
