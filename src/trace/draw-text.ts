import type { Timeline, TimelineCall } from './timeline';

const BAR_COLUMNS = 48;
const NAME_COLUMNS = 36;

/** The timeline for a terminal: a line for each call, with a bar that shows when it was. */
export function drawText(timeline: Timeline): string {
  const { windowMs, calls, moments, dropped } = timeline;
  const width = NAME_COLUMNS;
  const line = (startMs: number, duration: string, role: string, name: string, bar: string): string =>
    `${startMs.toFixed(1).padStart(8)} ${duration.padStart(8)}  ${role.padEnd(6)}  ${name.padEnd(width)} ${bar}`.trimEnd();
  const rows: string[] = [];
  const waiting = [...moments];
  /** Between what an agent did, not between a call and what that made. */
  const tellMoments = (untilMs: number): void => {
    for (let next = waiting[0]; next !== undefined && next.atMs <= untilMs; next = waiting[0]) {
      waiting.shift();
      const { atMs, role, name } = next;
      const mark = atMs < 0 || atMs > windowMs ? '' : `${' '.repeat(column(atMs, windowMs))}╵`;
      rows.push(line(atMs, '', role, `── ${name}`, mark));
    }
  };
  for (const call of calls) {
    if (call.depth === 0) tellMoments(call.startMs);
    rows.push(line(call.startMs, call.durationMs.toFixed(1), call.role, nameOf(call), barOf(call, windowMs)));
  }
  tellMoments(Infinity);
  return [
    headline(timeline),
    `${'at ms'.padStart(8)} ${'took ms'.padStart(8)}  ${'agent'.padEnd(6)}  call`,
    ...rows,
    ...(dropped === 0 ? [] : [`${dropped} further calls were not recorded`]),
    '',
  ].join('\n');
}

/** Which migration, between which nodes, and how long it took. */
export function headline({ namespace, migration, nodes, windowMs, complete, clockErrorMs }: Timeline): string {
  const where = `${nodes.source ?? '?'} → ${nodes.target ?? '?'}`;
  const bound = clockErrorMs === undefined ? 'clocks not compared' : `± ${clockErrorMs.toFixed(1)} ms`;
  const part = complete ? '' : '; only a part of it was kept';
  return `${namespace}/${migration}: ${where}, frozen for ${windowMs.toFixed(1)} ms (${bound})${part}`;
}

function nameOf({ name, depth, failed }: TimelineCall): string {
  return `${'  '.repeat(Math.min(depth, 6))}${name}${failed ? ' ✗' : ''}`.slice(0, NAME_COLUMNS);
}

function column(ms: number, windowMs: number): number {
  return windowMs === 0 ? 0 : Math.round((Math.min(Math.max(ms, 0), windowMs) / windowMs) * BAR_COLUMNS);
}

function barOf({ startMs, durationMs }: TimelineCall, windowMs: number): string {
  const from = column(startMs, windowMs);
  const to = Math.max(from + 1, column(startMs + durationMs, windowMs));
  return ' '.repeat(from) + '█'.repeat(to - from);
}
