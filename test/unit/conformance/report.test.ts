import type { CaseResult } from '../../conformance/case';
import type { Run } from '../../conformance/report';
import { countsOf, lineOf, pageOf } from '../../conformance/report';

const result = (id: string, more: Partial<CaseResult> = {}): CaseResult => ({
  id,
  title: `the ${id}`,
  origin: 'features',
  heading: 'Memory',
  states: 'every byte',
  outcome: 'passed',
  tookMs: 4_321,
  ...more,
});

const results = [
  result('tmpfs', { downtime: '744ms' }),
  result('memfd', { outcome: 'failed', why: 'born: 1 before,\n2 | after' }),
  result('tcp-refuse', { heading: 'Connections', outcome: 'refused', why: 'EstablishedConnections' }),
  result('user', { outcome: 'not run', why: 'no CAP_SYS_RESOURCE', states: '' }),
];

const runOn = (profile: string, some = results): Run => ({
  profile,
  date: '2026-11-23',
  minutes: 7.4,
  driver: 'runc',
  versions: `Docker of ${profile}`,
  machine: '2 cores',
  loadAverage: 19.6,
  results: some,
});

test('what was not run is counted as such, never as passed', () => {
  expect(countsOf(results)).toBe('1 passed, 1 failed, 1 refused as they should be, 1 not run');
});

test('a line for each case, with its outcome, downtime and cause', () => {
  expect(lineOf(results[0] ?? result(''))).toMatch(/^✓ tmpfs +744ms +4\.3 s {2}passed$/);
  expect(lineOf(results[1] ?? result(''))).toMatch(/^✗ memfd .*failed: born: 1 before/);
  expect(lineOf(results[3] ?? result(''))).toMatch(/^· user .*not run: no CAP_SYS_RESOURCE$/);
});

test('the page has a row for each case and profile, with case, driver, profile, result and downtime', () => {
  const page = pageOf([runOn('docker28'), runOn('docker26')]);
  expect(page).toMatch(
    /\| the tmpfs +\| runc +\| docker28 +\| passed +\| 744ms +\|\n\| the tmpfs +\| runc +\| docker26 +\|/,
  );
  expect(page).toContain('| **failed**: born: 1 before, 2 \\| after');
  expect(page).toContain('refused, as it should be: EstablishedConnections');
  expect(page).toContain('not run: no CAP_SYS_RESOURCE');
  expect(page).toContain('**docker28: 1 passed, 1 failed, 1 refused as they should be, 1 not run.**');
  expect(page).toContain('- docker26: 2026-11-23, 7 minutes. Docker of docker26. 2 cores. Load average 20.');
  expect(page.match(/^## Memory$/gm)).toHaveLength(1);
});

test('the page says once what each case states, and nothing of a case that could not be stated', () => {
  const page = pageOf([runOn('docker28'), runOn('docker26')]);
  expect(page.match(/^\| tmpfs +\| the tmpfs +\| every byte +\|/gm)).toHaveLength(1);
  expect(page).not.toMatch(/^\| user +\|/m);
});

test('a case that only one profile had is shown for that one', () => {
  const page = pageOf([runOn('docker28'), runOn('docker26', results.slice(1))]);
  expect(page.match(/^\| the tmpfs /gm)).toHaveLength(1);
});
