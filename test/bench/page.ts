/** docs/benchmarks/README.md, out of what the runs have measured. Pure. */
import { formatBytes } from '../../src/runtime/format-bytes';
import { markdownTable } from '../chaos/report';
import type { Group } from './cases';
import type { Figure } from './figures';
import { allFigures, casesIn, figureOf } from './figures';
import type { BenchRun, Machine } from './result';
import type { Summary } from './statistics';
import type { Target } from './targets';
import { isMet, targetsOf } from './targets';

/** A picture beside the page. */
export interface Picture {
  readonly file: string;
  readonly title: string;
}

/** Groups in the order of the page. */
export const GROUPS: Readonly<Record<Group, string>> = {
  workload: 'Downtime by workload',
  memory: 'Downtime by memory',
  files: 'Changed files',
  connections: 'Open connections',
  parallel: 'Several at once',
};

/** The whole page; `picturesOf` says which pictures there are of a run. */
export function pageOf(runs: readonly BenchRun[], picturesOf: (run: BenchRun) => readonly Picture[]): string {
  return `# Benchmarks

<!-- Written by \`make bench\` (test/bench/page.ts) out of the JSON files beside it: do not edit. -->

How long a container is away when it moves, by Transship and by every other way that there is, measured by the
containers themselves. [benchmarks.md](../benchmarks.md) says what is measured how, and how to do it again. Figures are
medians, with the 95th percentile in parentheses; below a profile's heading stands on what machine, and how busy it was.

${runs.map((run) => sectionOf(run, picturesOf(run))).join('\n')}`;
}

function sectionOf(run: BenchRun, pictures: readonly Picture[]): string {
  const parts = [
    `## ${run.profile}`,
    aboutOf(run),
    `### Targets, ${run.profile}`,
    targetTable(targetsOf(run)),
    ...pictures.map(({ file, title }) => `![${title}](${file})`),
    ...Object.entries(GROUPS).flatMap(([group, title]) => tableOf(run, group as Group, title)),
    `### All figures, ${run.profile}`,
    detailTable(run),
    ...failuresOf(run),
    ...notRunOf(run),
  ];
  return `${parts.join('\n\n')}\n`;
}

function aboutOf(run: BenchRun): string {
  const { startedAt, endedAt, commit, machine, load, rounds, quick, samples } = run;
  const reached = Math.max(0, ...samples.map(({ round }) => round));
  const minutes = Math.max(1, Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 60_000));
  const averages = (numbers: readonly number[]): string => numbers.map((number) => number.toFixed(1)).join(', ');
  return `${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${minutes} minutes, ${reached} of ${rounds} rounds${quick ? ' (short version)' : ''}, commit
${commit}. ${machine.cores} cores (${machine.processor}), ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, Linux ${machine.kernel}.
${machine.versions.join(', ')}.
Load average (1, 5, 15 minutes) at the start ${averages(load.start)}, at the end ${averages(load.end)}.${idleNote(run)}${memoryNote(machine)}${busyNote(run)}${fewNote(reached)}`;
}

/** Below that a median says little, and nothing of a target. */
const ENOUGH_ROUNDS = 5;

function fewNote(reached: number): string {
  if (reached >= ENOUGH_ROUNDS) return '';
  return `
**${reached} round${reached === 1 ? '' : 's'} only: a first look and no verdict on any target.**`;
}

function idleNote({ idle }: BenchRun): string {
  return idle === undefined ? '' : `\nCPUs idle for ${Math.round(100 * idle)} % of the 5 s before the run.`;
}

/** Memory that the kernel has takes about as long the second time. */
const HOST_RATIO = 2;

function memoryNote({ newMemory }: Machine): string {
  if (newMemory === undefined) return '';
  const { before, after } = newMemory.msPerGiB;
  return before > HOST_RATIO * after
    ? `
Memory that was free came back from the host at ${spanText(before)} a GiB, ${spanText(after)} the second time; before each move as much as
it needs was brought in.`
    : `
New memory took ${spanText(before)} a GiB; before each move as much as it needs was touched.`;
}

/** A lab in which nothing moves leaves more of the CPUs than that. */
const QUIET_IDLE = 0.85;

function busyNote(run: BenchRun): string {
  if (!wasShared(run)) return '';
  return `
**The machine was shared with other work during this run: times are longer than on a quiet one, and the ratios between
ways of the same run say more than the times.**`;
}

/**
 * Load averages reach back to what set the lab up: they are gone by only of an older result, which has nothing else. The
 * load at the end is the benchmark itself.
 */
function wasShared({ idle, load, machine }: BenchRun): boolean {
  return idle === undefined ? (load.start[1] ?? 0) >= machine.cores / 2 : idle < QUIET_IDLE;
}

function targetTable(targets: readonly Target[]): string {
  const rows = targets.map((target) => {
    const value = (number: number | undefined): string => (number === undefined ? '' : valueText(number, target.unit));
    const met = isMet(target);
    return [
      target.what,
      `${target.sense} ${value(target.limit)}`,
      value(target.measured),
      met === undefined ? 'not measured' : met ? 'met' : '**missed**',
    ];
  });
  return markdownTable([['target', 'limit', 'measured', ''], ...rows]);
}

function valueText(value: number, unit: Target['unit']): string {
  if (unit === 'ms') return spanText(value);
  return unit === '×' ? `${Number(value.toFixed(2))} ×` : String(value);
}

/** Gap seen by the program itself, a row for each case and a column for each way. */
function tableOf(run: BenchRun, group: Group, title: string): string[] {
  const isMeasured = (one: string, way: string): boolean => figureOf(run, one, way).app !== undefined;
  // Of a run that was interrupted some may be missing.
  const cases = casesIn(run, group).filter((one) => run.ways.some((way) => isMeasured(one.id, way.id)));
  const ways = run.ways.filter(({ id }) => cases.some((one) => isMeasured(one.id, id)));
  if (ways.length === 0) return [];
  const rows = cases.map(({ id, title: name }) => [
    name,
    ...ways.map((way) => summaryText(figureOf(run, id, way.id).app)),
  ]);
  return [
    `### ${title}, ${run.profile}`,
    'Gap seen by the application.',
    markdownTable([['', ...ways.map((way) => way.title)], ...rows].map(escaped)),
  ];
}

function detailTable(run: BenchRun): string {
  const header = ['case', 'way', 'n', 'application', 'range', 'client', 'frozen', 'bytes', 'API writes', 'failed'];
  return markdownTable([header, ...allFigures(run).map(rowOf)]);
}

function rowOf({ case: id, way, app, client, frozen, bytes, apiWrites, failed }: Figure): string[] {
  return [
    id,
    way,
    String(app?.n ?? 0),
    summaryText(app),
    app === undefined ? '' : `${spanText(app.min)} – ${spanText(app.max)}`,
    summaryText(client),
    summaryText(frozen),
    bytes === undefined || bytes.median === 0 ? '' : formatBytes(Math.round(bytes.median)),
    apiWrites === undefined ? '' : `${apiWrites.median} (${apiWrites.max} at most)`,
    failed.length === 0 ? '' : `**${failed.length}**`,
  ];
}

/** Nothing is dropped silently. */
function failuresOf(run: BenchRun): string[] {
  const failed = run.samples.filter(({ error }) => error !== undefined);
  if (failed.length === 0) return [];
  const rows = failed.map(({ case: id, way, round, error = '' }) => [id, way, String(round), error]);
  return [
    `### Samples that do not count, ${run.profile}`,
    markdownTable([['case', 'way', 'round', 'why'], ...rows].map(escaped)),
  ];
}

function notRunOf({ profile, notRun }: BenchRun): string[] {
  const reasons = [...new Set(notRun.map(({ way, why }) => JSON.stringify([way, why])))];
  if (reasons.length === 0) return [];
  const rows = reasons.map((key) => {
    const [way, why] = JSON.parse(key) as [string, string];
    const those = notRun.filter((one) => one.way === way && one.why === why).map((one) => one.case);
    return [way, why, those.join(', ')];
  });
  return [`### Not run, ${profile}`, markdownTable([['way', 'why', 'cases'], ...rows].map(escaped))];
}

/** `584 ms (702 ms)`; nothing for nothing. */
export function summaryText(summary: Summary | undefined): string {
  return summary === undefined ? '' : `${spanText(summary.median)} (${spanText(summary.p95)})`;
}

/** `584 ms`, `1.20 s`, `47.1 s`. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** A message may have anything in it; a table's cell is one line without bars. */
const escaped = (row: readonly string[]): string[] =>
  row.map((cell) => cell.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim());
