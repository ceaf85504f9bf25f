import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareRuns } from '../../bench/compare';
import { figureOf } from '../../bench/figures';
import { pageOf } from '../../bench/page';
import { plotsOf } from '../../bench/plots';
import { aroundGap } from '../../bench/plots/clients';
import { parseRun, printRun } from '../../bench/result';
import { isMet, targetsOf } from '../../bench/targets';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { project } from '../../lib/lab-tools';
import { aRun, sample } from './a-run';

const directoryOf = useTemporaryDirectory();

const run = aRun([
  sample('one', 'runc', 9_000, { round: 0 }),
  sample('one', 'runc', 250, { apiWrites: { objects: 14, events: 4 } }),
  sample('one', 'runc', 270, { apiWrites: { objects: 15, events: 4 } }),
  sample('one', 'runc', 1, { error: 'it broke | off', appGapMs: [] }),
  sample('one', 'script', 200),
  sample('memory-1024', 'runc', 1_900),
  sample('memory-1024', 'report', 47_100),
  sample('server', 'runc', 300, {
    clientGapMs: 310,
    probes: [
      [0, 1],
      [10, 1],
      [20, null],
      [30, 290],
    ],
  }),
]);

test('what warmed up and what failed is in no figure, and what failed is told', () => {
  const { app, failed, apiWrites } = figureOf(run, 'one', 'runc');
  expect(app).toMatchObject({ n: 2, median: 260, max: 270 });
  expect(apiWrites?.max).toBe(19);
  expect(failed).toHaveLength(1);
  const page = pageOf([run], () => []);
  expect(page).toContain('it broke \\| off');
  expect(page).toContain('260 ms (269 ms)');
});

test('targets are met, missed or not measured; ratios are taken within the run', () => {
  const found = targetsOf(run).map((target) => [target.measured, isMet(target)]);
  expect(found[0]).toEqual([260, true]);
  expect(found[1]).toEqual([1.3, true]);
  expect(found[2]).toEqual([undefined, undefined]);
  expect(found[6]?.[0]).toBeCloseTo(24.8, 1);
  const slower = aRun([sample('one', 'runc', 400), sample('one', 'script', 200)]);
  expect(targetsOf(slower).slice(0, 2).map(isMet)).toEqual([false, false]);
});

test('the page says so when the machine was busy before the run began', () => {
  const note = 'The machine was shared';
  expect(pageOf([run], () => [])).not.toContain(note);
  // One that was interrupted says so, too.
  expect(pageOf([run], () => [])).toContain('1 of 10 rounds');
  expect(pageOf([run], () => [])).toContain('1 round only');
  const load = { start: [0, 3, 3], end: [3, 3, 3] };
  expect(pageOf([aRun(run.samples, { load })], () => [])).toContain(note);
  // The load may be that of setting the lab up.
  const quiet = pageOf([aRun(run.samples, { load, idle: 0.85 })], () => []);
  expect(quiet).toContain('CPUs idle for 85 % of the 5 s before the run.');
  expect(quiet).not.toContain(note);
  expect(pageOf([aRun(run.samples, { idle: 0.84 })], () => [])).toContain(note);
});

test('the page says what new memory took, and when it came from the host', () => {
  const pageWith = (before: number, after: number): string => {
    const newMemory = { touchedMiB: 4_096, msPerGiB: { before, after } };
    return pageOf([aRun(run.samples, { machine: { ...run.machine, newMemory } })], () => []).replaceAll('\n', ' ');
  };
  expect(pageWith(2_800, 440)).toContain(
    'came back from the host at 2.80 s a GiB, 440 ms the second time; before each',
  );
  expect(pageWith(880, 440)).toContain('New memory took 880 ms a GiB; before each move');
  expect(pageWith(880, 440)).not.toContain('the host');
  expect(pageOf([run], () => [])).not.toMatch(/the host|New memory/);
});

test('two runs are compared by their medians, and by what each has above its own floor', () => {
  const other = aRun([sample('one', 'runc', 520), sample('one', 'script', 400)]);
  const row = compareRuns(run, other)
    .split('\n')
    .find((line) => line.startsWith('| one  | runc'));
  expect(row?.split('|').map((cell) => cell.trim())).toEqual([
    '',
    'one',
    'runc',
    '260 ms',
    '520 ms',
    '2.00 ×',
    '1.30 ×',
    '1.30 ×',
    '',
  ]);
});

test('a result is read back as it was printed, and nothing else is taken for one', () => {
  expect(parseRun(printRun(run))).toEqual(run);
  const newMemory = { touchedMiB: 4_096, msPerGiB: { before: 2_800, after: 440 } };
  const fuller = { ...run, idle: 0.97, machine: { ...run.machine, newMemory } };
  expect(parseRun(printRun(fuller))).toEqual(fuller);
  expect(() => parseRun('{"format":"transship-bench/1"}')).toThrow('not a result');
  expect(() => parseRun(printRun(aRun([sample('one', 'runc', 1, { bytes: -1 })])))).toThrow('/samples/0/bytes');
});

test('the gap of a client is drawn from its last answer before it', () => {
  expect(aroundGap(run.samples.at(-1)?.probes ?? [])).toEqual({ gapMs: 309, answers: [-10, 0, 309] });
});

test('every plot is drawn when there is something to show, and only then', () => {
  expect(plotsOf(run).map(({ id }) => id)).toEqual(['workload', 'memory', 'phases', 'clients']);
  expect(plotsOf(aRun([]))).toEqual([]);
});

test('page and pictures are made of the JSON alone, twice the same bytes', () => {
  const directory = directoryOf();
  writeFileSync(join(directory, 'docker28.json'), printRun(run));
  const made = (): Record<string, string> => {
    const program = [
      join(project, 'node_modules/.bin/ts-node'),
      'test/bench/main.ts',
      '--render',
      '--output',
      directory,
    ];
    execFileSync(join(project, 'node_modules/node/bin/node'), program, { cwd: project, timeout: 60_000 });
    const files = readdirSync(directory).filter((name) => /\.(svg|md)$/.test(name));
    return Object.fromEntries(files.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
  };
  const first = made();
  expect(Object.keys(first).sort()).toEqual([
    'README.md',
    ...['clients', 'memory', 'phases', 'workload'].map((plot) => `docker28-${plot}.svg`),
  ]);
  for (const [name, text] of Object.entries(first))
    if (name.endsWith('.svg')) expect(text).toMatch(/^<svg .*<\/svg>\n$/s);
  for (const name of Object.keys(first)) rmSync(join(directory, name));
  expect(made()).toEqual(first);
}, 120_000);
