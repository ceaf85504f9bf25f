import type { Fault } from './matrix';
import { FAULTS, nameOf } from './matrix';
import type { CaseResult } from './run-case';

/** What the report needs of a case. */
export type Ended = Pick<CaseResult, 'cell' | 'injected' | 'verdict' | 'migration' | 'tookMs' | 'workload'>;

/** One case in one line, and one more for each violation. `·`: the fault could not be injected. */
export function lineOf({ cell, verdict, injected, tookMs, workload, migration }: Ended, number: number): string {
  const mark = verdict.violations.length > 0 ? '✗' : injected === undefined ? '·' : '✓';
  const reason = verdict.outcome === 'Succeeded' ? '' : ` (${migration?.status?.reason ?? 'no reason'})`;
  const outcome = `${injected === undefined ? 'not injected: ' : ''}${verdict.outcome}${reason}`;
  const parts = [
    `${mark} ${String(number).padStart(3)}`,
    nameOf(cell).padEnd(60),
    workload,
    outcome.padEnd(36),
    `longest gap ${Math.round(verdict.longestGapMs)} ms`.padEnd(20),
    `${(tookMs / 1000).toFixed(1)} s`,
  ];
  return [parts.join('  '), ...verdict.violations.map((violation) => `        ${violation}`)].join('\n');
}

/** How often something was, `Succeeded 3, RolledBack 1`, the commonest first. */
function countOf(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ');
}

/** The cases in which something was injected, a row for each kind of fault. */
export function tableOf(cases: readonly Ended[]): string {
  const rows = FAULTS.flatMap((fault) => {
    const those = cases.filter(({ cell, injected }) => cell.fault === fault && injected !== undefined);
    if (those.length === 0) return [];
    const violations = those.filter(({ verdict }) => verdict.violations.length > 0).length;
    const actors = countOf(those.map(({ cell }) => cell.actor));
    const gaps = those.map(({ verdict }) => verdict.longestGapMs).toSorted((one, other) => one - other);
    return [
      [
        describeFault(fault),
        actors,
        String(those.length),
        countOf(those.map(({ verdict }) => verdict.outcome)),
        `${seconds(gaps[gaps.length >> 1] ?? 0)} / ${seconds(gaps.at(-1) ?? 0)}`,
        String(violations),
      ],
    ];
  });
  const header = ['fault', 'while held: actor', 'injected', 'outcomes', 'gap: median / longest', 'violations'];
  return markdownTable([header, ...rows]);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const DESCRIPTIONS: Readonly<Record<Fault, string>> = {
  controller: '`kill -9` controller',
  'source-agent': '`kill -9` source agent',
  'target-agent': '`kill -9` target agent',
  criu: '`kill -9` criu',
  'source-dockerd': '`kill -9` dockerd of the source',
  'target-dockerd': '`kill -9` dockerd of the target',
  'source-dockerd-plain': 'the same, source without live-restore',
  'target-dockerd-plain': 'the same, target without live-restore',
  'source-containerd': '`kill -9` containerd of the source',
  'target-containerd': '`kill -9` containerd of the target',
  'api-server-killed': 'API server killed, back after 20 s',
  'api-server-stopped': 'API server stopped for 20 s',
  'source-network': 'network of the source cut for 20 s',
  'target-network': 'network of the target cut for 20 s',
  'volume-full': 'volume full for 10–20 s',
  'volume-read-only': 'volume read-only for 10–20 s',
  'volume-hanging': 'volume hanging for 10–20 s',
  sabotage: 'the original woken up beside its copy',
};

/** The fault in words. */
export function describeFault(fault: Fault): string {
  return DESCRIPTIONS[fault];
}

/** A table of Markdown that can be read as it is as well. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [header = []] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('\n');
}

/** What is true of the whole run. */
export interface RunFacts {
  readonly date: string;
  readonly seed: number;
  readonly cells: number;
  readonly boundaries: number;
  readonly minutes: number;
  /** `Docker 28.5.2`, … */
  readonly versions: readonly string[];
  readonly machine: string;
  readonly samplerPercent: number;
  readonly samplerEveryMs: number;
  readonly samplerLongestPauseMs: number;
  readonly sabotageMs: number;
}

/** docs/reliability.md: what was tried, what came of it, and how anyone can do it again. */
export function pageOf(cases: readonly Ended[], facts: RunFacts): string {
  const injected = cases.filter((one) => one.injected !== undefined);
  const violated = injected.filter(({ verdict }) => verdict.violations.length > 0);
  const numbers = injected.reduce((sum, { verdict }) => sum + verdict.counted, 0);
  const lost = injected.filter(({ verdict }) => verdict.outcome === 'lost, said so');
  const sentences = [
    `**${injected.length} faults were injected into ${injected.length} migrations; ${violated.length} violated an invariant.**`,
    `The containers counted ${numbers} numbers meanwhile.`,
    lost.length === 0
      ? 'No container was lost.'
      : `${lost.length} containers were lost, which the object said each time (\`SourceLost\`).`,
  ];
  return `# Reliability

<!-- Written by \`make chaos\` (test/chaos/report.ts): do not edit. -->

${sentences.join(' ')}

${tableOf(cases)}

\`restarted by Docker\`: a daemon without \`live-restore\` kills its containers when it comes back and starts those that
have a restart policy afresh, whether they are being moved or not. \`lost, said so\`: such a daemon killed a frozen
container before its checkpoint was complete; the object ended \`Failed\` with the reason \`SourceLost\`.

## What was done

One case is one migration of a fresh container from one of two nodes to the other, with one fault. A process of the
operator is held at a boundary: before or after one call of one of its steps
([ADR 0006](adr/0006-breakpoints.md)). Then the fault strikes, the process goes on (or is started again 0–3 s after
its death, as a kubelet would), the fault is mended, and the migration must come to an end. An undisturbed migration comes
to ${facts.boundaries} such boundaries; with every fault at each of them that makes ${facts.cells} cells. First in this
run came the death of each actor at each of its own boundaries, then the others in an order that the seed decides.

The containers: a shell that counts and starts children all the time, and a server with state that answers over TCP.
Both write each number with its moment to a file that moves along. They count as violated:

- two containers whose processes can run at the same time: a process of its own looks at the control groups on both
  nodes, past Docker, every ${facts.samplerEveryMs.toFixed(1)} ms on average (longest pause
  ${facts.samplerLongestPauseMs.toFixed(0)} ms; ${facts.samplerPercent.toFixed(1)} % of one core);
- a number that is missing or doubled; a line that one copy wrote and the remaining one does not have, however shortly
  it ran; a server that has forgotten what it knew, or does not answer;
- at the end not exactly one container, running, under its name, with its restart policy, on the node that the object
  says; a container that does not count on;
- a migration without an end 120 s after the fault was mended; an object that cannot be deleted;
- anything left over: markers, journal entries, configurations of criu, checkpoints, processes of criu, runc or tar.

That such things would be seen is proven at the beginning of every run: one original is woken up beside its copy on
purpose, for ${facts.sabotageMs} ms, and the run fails unless both kinds of evidence show it.

## The run

${facts.date}, seed ${facts.seed}, ${facts.minutes.toFixed(0)} minutes. ${facts.machine}. ${facts.versions.join(', ')}.

\`make chaos\` does it again; \`make chaos FAULTS=all\` walks all cells, \`SEED=${facts.seed}\` repeats this choice, and
\`ONLY='source:engine.pause.after#1×criu'\` runs one.
`;
}
