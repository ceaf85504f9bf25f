import type { Ended } from '../../chaos/report';
import { lineOf, markdownTable, pageOf, tableOf } from '../../chaos/report';

const ended = (change: Partial<Ended> & { violations?: string[]; outcome?: string; gapMs?: number }): Ended => ({
  cell: { actor: 'source', boundary: 'engine.pause.before', occurrence: 1, fault: 'criu' },
  injected: 'kill -9 criu on node-a',
  migration: { metadata: { name: 'chaos-1' }, status: { phase: 'Succeeded', reason: 'Migrated' } },
  tookMs: 4_200,
  workload: 'server',
  verdict: {
    outcome: change.outcome ?? 'Succeeded',
    violations: change.violations ?? [],
    longestGapMs: change.gapMs ?? 340,
    counted: 500,
  },
  ...change,
});

describe('the line of a case', () => {
  it('shows what was done and what came of it', () => {
    const line = lineOf(ended({}), 7);
    for (const part of ['✓   7', 'source:engine.pause.before#1×criu', 'server', 'Succeeded', '340 ms', '4.2 s'])
      expect(line).toContain(part);
  });

  it('shows each violation', () => {
    expect(lineOf(ended({ violations: ['two running: seen 1 times', 'stuck'] }), 1).split('\n')).toEqual([
      expect.stringMatching(/^✗ +1/),
      expect.stringContaining('two running'),
      expect.stringContaining('stuck'),
    ]);
  });

  it('marks a case in which nothing was injected', () => {
    expect(lineOf(ended({ injected: undefined }), 1)).toMatch(/^· .*not injected: Succeeded/);
  });
});

describe('the table', () => {
  const cases = [
    ended({ gapMs: 100 }),
    ended({ gapMs: 5_000, outcome: 'RolledBack' }),
    ended({ gapMs: 300, violations: ['stuck'] }),
    ended({ injected: undefined }),
    ended({ cell: { actor: 'target', boundary: 'engine.pause.before', occurrence: 1, fault: 'volume-full' } }),
  ];
  const rows = tableOf(cases)
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()));

  it('has a row for each kind of fault that was injected, with counts, outcomes, gaps and violations', () => {
    expect(rows.slice(2)).toEqual([
      ['', '`kill -9` criu', 'source 3', '3', 'Succeeded 2, RolledBack 1', '0.3 s / 5.0 s', '1', ''],
      ['', 'volume full for 10–20 s', 'target 1', '1', 'Succeeded 1', '0.3 s / 0.3 s', '0', ''],
    ]);
  });

  it('has columns of one width', () => {
    expect(
      new Set(
        markdownTable([
          ['a', 'bb'],
          ['ccc', 'd'],
        ])
          .split('\n')
          .map(({ length }) => length),
      ).size,
    ).toBe(1);
  });

  it('stands on the page with the sums, and a loss is never hidden', () => {
    const facts = {
      date: '2026-11-22',
      seed: 5,
      cells: 2_380,
      boundaries: 140,
      minutes: 42,
      versions: ['Docker 28.5.2'],
      machine: '2 cores',
      samplerPercent: 3,
      samplerEveryMs: 4.2,
      samplerLongestPauseMs: 30,
      sabotageMs: 100,
    };
    const page = pageOf([...cases, ended({ outcome: 'lost, said so' })], facts);
    expect(page).toContain('**5 faults were injected into 5 migrations; 1 violated an invariant.**');
    expect(page).toContain('1 containers were lost, which the object said each time');
    expect(page).toContain('seed 5, 42 minutes. 2 cores. Docker 28.5.2.');
    expect(pageOf(cases, facts)).toContain('No container was lost.');
  });
});
