/** docs/conformance.md, out of what the runs have measured. Pure. */
import { markdownTable } from '../chaos/report';
import type { CaseResult } from './case';

/** What one run of all cases on one profile was. */
export interface Run {
  readonly profile: string;
  /** `2026-11-23` */
  readonly date: string;
  readonly minutes: number;
  readonly driver: string;
  /** `Docker 28.5.2, …` */
  readonly versions: string;
  readonly machine: string;
  /** Of the last 15 minutes at the end of the run: more than there are cores, and every downtime is long. */
  readonly loadAverage: number;
  readonly results: readonly CaseResult[];
}

const MARKS: Readonly<Record<CaseResult['outcome'], string>> = {
  passed: 'passed',
  failed: '**failed**',
  refused: 'refused, as it should be',
  'not run': 'not run',
};

/** `63 passed, 0 failed, 4 refused as they should be, 9 not run` */
export function countsOf(results: readonly CaseResult[]): string {
  const count = (outcome: CaseResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  return `${count('passed')} passed, ${count('failed')} failed, ${count('refused')} refused as they should be, ${count('not run')} not run`;
}

/** One line for whoever watches the run. */
export function lineOf({ id, outcome, why, downtime, tookMs }: CaseResult): string {
  const mark = { passed: '✓', failed: '✗', refused: '✓', 'not run': '·' }[outcome];
  const said = [MARKS[outcome].replaceAll('*', ''), why].filter((part) => part !== undefined).join(': ');
  return `${mark} ${id.padEnd(26)} ${(downtime ?? '').padStart(7)}  ${(tookMs / 1000).toFixed(1).padStart(5)} s  ${said}`;
}

/** The whole page. The runs are of the same cases, or of as many of them as each has. */
export function pageOf(runs: readonly Run[]): string {
  const all = runs.flatMap(({ results }) => results);
  const headings = [...new Set(all.map(({ heading }) => heading))];
  return `# Conformance

<!-- Written by \`make conformance\` (test/conformance/report.ts): do not edit. -->

What a container may have or be, and whether it is the same after a move as before: each case makes a container, reads
it from inside and outside, moves it with \`kubectl apply\` of a \`ContainerMigration\` from one node to the other, and reads
it again. ${totals(runs)}

In every case these must be the same before and after, besides what the case itself states: the processes with their PIDs,
groups, sessions, users, capabilities, seccomp modes, working directories and command lines; the limits of the first
process and of the control groups; the mounts; and what \`docker inspect\` says of state, image, configuration, networks
and ports. The programs count all the time and must go on from where they were. Nothing may be left on either node, or
on the volume. Not compared: the container's runtime, annotations and labels, which every move changes; which device masks
a path of /proc; and, where the machine lets nobody lower it, oom_score_adj, which is 1 instead of 0 after a move there.

${runs.map(describeRun).join('\n')}

The downtime is the object's own: from the first process that was told to stand still to the last one that ran on the
target. Both nodes are on one machine, and the volume is a local directory. With a load average above the number of cores
other work went on as well, and the downtimes are longer than they would be.

${headings.map((heading) => sectionOf(heading, runs)).join('\n\n')}

## What each case states

${headings.map((heading) => statementsOf(heading, all)).join('\n\n')}

\`make conformance\` does it all again, on both profiles; \`make conformance ONLY=redis,tmpfs\` runs some of the cases.
Nothing in it is left to chance, so there is no seed.
`;
}

function totals(runs: readonly Run[]): string {
  return runs.map(({ profile, results }) => `**${profile}: ${countsOf(results)}.**`).join(' ');
}

function describeRun({ profile, date, minutes, versions, machine, loadAverage }: Run): string {
  const took = `${Math.max(1, Math.round(minutes))} minutes`;
  return `- ${profile}: ${date}, ${took}. ${versions}. ${machine}. Load average ${Math.round(loadAverage)}.`;
}

function sectionOf(heading: string, runs: readonly Run[]): string {
  const ids = [...new Set(runs.flatMap(({ results }) => results.filter(isOf(heading)).map(({ id }) => id)))];
  const rows = ids.flatMap((id) =>
    runs.flatMap(({ profile, driver, results }) =>
      results
        .filter((result) => result.id === id)
        .map((result) => [result.title, driver, profile, resultOf(result), result.downtime ?? '']),
    ),
  );
  return `## ${heading}\n\n${markdownTable([['case', 'driver', 'profile', 'result', 'downtime'], ...rows].map(escaped))}`;
}

function resultOf({ outcome, why }: CaseResult): string {
  return why === undefined ? MARKS[outcome] : `${MARKS[outcome]}: ${why}`;
}

const ORIGINS: Readonly<Record<CaseResult['origin'], string>> = {
  features: 'the measured features of CRIU beneath Docker',
  connections: 'the measured behaviour of TCP connections',
  server: 'a real server or program',
};

function statementsOf(heading: string, all: readonly CaseResult[]): string {
  const stated = new Map(all.filter(isOf(heading)).map((result) => [result.id, result]));
  const rows = [...stated.values()]
    .filter(({ states }) => states !== '')
    .map(({ id, title, states, origin }) => [id, title, states, ORIGINS[origin]]);
  if (rows.length === 0) return '';
  return `### ${heading}: statements\n\n${markdownTable([['id', 'case', 'states', 'repeats'], ...rows].map(escaped))}`;
}

const isOf =
  (heading: string) =>
  (result: CaseResult): boolean =>
    result.heading === heading;

/** A message may have anything in it; a table's cell is one line without bars. */
const escaped = (row: readonly string[]): string[] =>
  row.map((cell) => cell.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim());
