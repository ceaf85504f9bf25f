import type { GrowthPoint, Load, Measured, Requests, Run } from './figures';
import type { Judgement } from './judge';
import { memoryLine } from './judge';
import type { Latency } from './statistics';

const MEBIBYTE = 1 << 20;
const mebibytes = (bytes: number): string => (bytes / MEBIBYTE).toFixed(1);
const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

/** The whole run as Markdown. */
export function markdown(run: Run, judgements: readonly Judgement[]): string {
  const { machine, measured, before } = run;
  return `${[
    '# Scale',
    '<!-- written by `make bench-scale`; do not edit -->',
    'What one controller does with many ContainerMigrations. The controller is the real process, started as in the lab; the',
    `API server is real (kube-apiserver ${run.apiServer} with etcd, beside it on the same machine). Nodes and agents are`,
    'simulated: one program takes the decisions of the protocol for all of them and writes what a real agent writes, under',
    'the same names and guards, each step after 50 ms. [docs/scale.md](../scale.md) says how to run it and what its rules mean;',
    'the raw figures are in [scale.json](scale.json).',
    '',
    `Measured ${run.startedAt.slice(0, 16).replace('T', ' ')} UTC at ${run.commit} on ${machine.cores} cores (${machine.model}), Linux ${machine.kernel}, Node.js ${machine.node}; load average when it began: ${machine.loadAverage.toFixed(1)}.`,
    '',
    '## Judgements',
    '',
    table(
      ['', 'rule', 'found'],
      judgements.map(({ holds, rule, found }) => [holds ? '✓' : '✗', rule, found]),
    ),
    '',
    '## Growth',
    '',
    growthText(measured.growth),
    '',
    growthTable(measured.growth),
    '',
    lineText(measured.growth),
    '',
    '## Under load',
    '',
    'Objects are created at a fixed rate, whether or not the earlier ones are done: the rate that was asked for, or 0.7 of',
    'what all together took when 60 were created at once, if that is less. In the column `admission` they are admitted and',
    'then wait for agents that take long: what is measured is the controller. In the column `migration` each goes to its',
    'end. Times are those between two events of one watch: from the one that leaves the next write to the controller to the',
    'one that carries this write. CPU is in cores, of all that the machine has.',
    '',
    loadTable(measured.loads),
    '',
    writesText(measured.loads),
    ...(before === undefined ? [] : ['', '## Before', '', beforeText(), '', comparison(before, measured)]),
  ].join('\n')}\n`;
}

function growthText(growth: readonly GrowthPoint[]): string {
  const idle = growth[0]?.idle.seconds ?? 0;
  return [
    'For each line the controller was started anew over the objects that were there. Most have ended; `waiting` ones cannot',
    'be admitted, because an agent does not report; those `in flight` are being prepared by agents that take long.',
    '`first reaction`: from the start of the process to its first write to an object that was there before, leader election',
    'included (a replica that takes over from one that crashed waits up to 15 s more for its Lease). `caught up`: until every',
    `object was visited. Idle: ${idle.toFixed(0)} s after that; CPU in seconds a minute, heap in use after a full collection.`,
  ].join('\n');
}

function growthTable(growth: readonly GrowthPoint[]): string {
  return table(
    [
      ...['objects', 'waiting / in flight', 'first reaction, s', 'caught up, s', 'CPU until then, s'],
      ...['idle: CPU s/min', 'heap, MiB', 'resident, MiB', 'requests/min'],
    ],
    growth.map(({ objects, mix, firstReactionMs, caughtUpMs, caughtUpCpuSeconds, idle }) => [
      String(objects),
      `${mix.waiting} / ${mix.inFlight}`,
      seconds(firstReactionMs),
      seconds(caughtUpMs),
      caughtUpCpuSeconds.toFixed(1),
      idle.cpuSecondsPerMinute.toFixed(2),
      mebibytes(idle.heapBytes),
      mebibytes(idle.residentBytes),
      requestsText(idle.requestsPerMinute),
    ]),
  );
}

function lineText(growth: readonly GrowthPoint[]): string {
  const of = (what: 'heapBytes' | 'residentBytes', name: string): string => {
    const { slope, intercept, rSquared } = memoryLine(growth, what);
    return `- ${name}: ${mebibytes(intercept)} MiB and ${(slope / 1_024).toFixed(1)} KiB per object, R² ${rSquared.toFixed(3)}`;
  };
  return `The straight lines through them (least squares):\n\n${of('heapBytes', 'heap in use')}\n${of('residentBytes', 'resident memory')}`;
}

const latency = ({ count, p50Ms, p99Ms, maxMs }: Latency): string =>
  count === 0 ? '-' : `${p50Ms.toFixed(0)} / ${p99Ms.toFixed(0)} / ${maxMs.toFixed(0)}`;

function loadTable(loads: readonly Load[]): string {
  const rows: [string, (load: Load) => string][] = [
    ['objects there before', (load) => String(load.objectsBefore)],
    ['possible when all are created at once, a second', (load) => load.capacityPerSecond.toFixed(0)],
    ['offered, a second', (load) => String(load.offeredPerSecond)],
    ['created, in all and a second', (load) => `${load.created}, ${load.createdPerSecond.toFixed(1)}`],
    ['until the last was done, s', (load) => seconds(load.drainMs)],
    ['creation → first write, ms: p50 / p99 / most', (load) => latency(load.firstWrite)],
    ["agent's write → reply, ms: p50 / p99 / most", (load) => latency(load.reply)],
    ['CPU of the controller', (load) => load.shares.controller.toFixed(2)],
    ['CPU of the simulation', (load) => load.shares.simulation.toFixed(2)],
    ['CPU of kube-apiserver', (load) => load.shares['kube-apiserver'].toFixed(2)],
    ['CPU of etcd', (load) => load.shares.etcd.toFixed(2)],
    ['heap / resident, MiB', (load) => `${mebibytes(load.heapBytes)} / ${mebibytes(load.residentBytes)}`],
    ['requests of the controller', (load) => requestsText(load.requests)],
    ['conflicts: controller, agents', (load) => `${load.conflicts.controller}, ${load.conflicts.agents}`],
    ["delay of the simulation's own event loop, p99 ms", (load) => load.simulationDelayP99Ms.toFixed(0)],
  ];
  return table(
    ['', ...loads.map(({ kind }) => kind)],
    rows.map(([name, read]) => [name, ...loads.map(read)]),
  );
}

function writesText(loads: readonly Load[]): string {
  const load = loads.find(({ kind }) => kind === 'migration');
  if (load === undefined) return '';
  const { controller, agents } = load.writesPerMigration;
  return [
    `One migration takes ${(controller + agents).toFixed(1)} writes to the API server: ${controller.toFixed(1)} of the controller, its Events`,
    `included, and ${agents.toFixed(1)} of both agents; writes that were refused as too late are counted.`,
  ].join('\n');
}

const beforeText = (): string =>
  'An earlier build of the controller, in the same run, over the same objects and at the same rates.';

function comparison(before: Measured, after: Measured): string {
  const points = [before, after].map(({ growth }) => growth.at(-1));
  const growthRow = (name: string, read: (of: GrowthPoint) => string): string[] => [
    name,
    ...points.map((point) => show(point, read)),
  ];
  const loadRows = after.loads.flatMap(({ kind, offeredPerSecond }) => {
    const both = [before, after].map(({ loads }) => loads.find((load) => load.kind === kind));
    const row = (name: string, read: (of: Load) => string): string[] => [
      `${kind}, ${offeredPerSecond}/s: ${name}`,
      ...both.map((load) => show(load, read)),
    ];
    return [
      row('creation → first write, ms', (of) => latency(of.firstWrite)),
      ...(kind === 'admission' ? [] : [row("agent's write → reply, ms", (of) => latency(of.reply))]),
      row('CPU of the controller', (of) => of.shares.controller.toFixed(2)),
      row('until the last was done, s', (of) => seconds(of.drainMs)),
      row('requests of the controller', (of) => requestsText(of.requests)),
      row('writes an object', (of) => (of.writesPerMigration.controller + of.writesPerMigration.agents).toFixed(1)),
      row('conflicts: controller, agents', (of) => `${of.conflicts.controller}, ${of.conflicts.agents}`),
    ];
  });
  return table(
    ['', `before, ${points[0]?.objects ?? 0} objects`, `after, ${points[1]?.objects ?? 0} objects`],
    [
      growthRow('first reaction, s', (of) => seconds(of.firstReactionMs)),
      growthRow('caught up, s', (of) => seconds(of.caughtUpMs)),
      growthRow('CPU until then, s', (of) => of.caughtUpCpuSeconds.toFixed(1)),
      growthRow('idle: CPU s/min', (of) => of.idle.cpuSecondsPerMinute.toFixed(2)),
      growthRow('idle: requests/min', (of) => requestsText(of.idle.requestsPerMinute)),
      growthRow('heap, MiB', (of) => mebibytes(of.idle.heapBytes)),
      growthRow('resident, MiB', (of) => mebibytes(of.idle.residentBytes)),
      ...loadRows,
    ],
  );
}

const show = <T>(value: T | undefined, read: (value: T) => string): string => (value === undefined ? '-' : read(value));

/** Most used first. */
function requestsText(requests: Requests): string {
  const used = Object.entries(requests).toSorted(([, a], [, b]) => b - a);
  return used.map(([verb, count]) => `${count.toFixed(0)} ${verb}`).join(', ');
}

/** Padded as Prettier does it. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_cell, column) => Math.max(3, ...lines.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(header), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}
