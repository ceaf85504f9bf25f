import type { TraceRole } from './format';
import { headline } from './draw-text';
import type { Timeline, TimelineCall } from './timeline';

const NAMES_WIDTH = 300;
const CHART_WIDTH = 900;
const ROW_HEIGHT = 18;
const HEAD_HEIGHT = 64;
const MARGIN = 12;
/** Each twice: a call of an agent, and what it was made of. */
const COLOURS: Readonly<Record<TraceRole, readonly [outer: string, inner: string]>> = {
  source: ['#3b6ea8', '#9dbbdc'],
  target: ['#b5642d', '#e3b48f'],
};
/** Grid lines are this far apart, the first that gives no more than MAX_LINES of them. */
const STEPS_MS = [5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000, 60_000];
const MAX_LINES = 15;

/** The timeline as a drawing: a row for each call, a rectangle from its beginning to its end. */
export function drawSvg(timeline: Timeline): string {
  const { windowMs, calls, moments } = timeline;
  const spanMs = Math.max(windowMs, 1);
  const height = HEAD_HEIGHT + calls.length * ROW_HEIGHT + MARGIN;
  const width = NAMES_WIDTH + CHART_WIDTH + 2 * MARGIN;
  const x = (ms: number): number => MARGIN + NAMES_WIDTH + (Math.min(Math.max(ms, 0), spanMs) / spanMs) * CHART_WIDTH;
  const stepMs = STEPS_MS.find((step) => spanMs / step <= MAX_LINES) ?? spanMs;
  const gridMs = Array.from({ length: Math.floor(spanMs / stepMs) + 1 }, (_line, index) => index * stepMs);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escape(headline(timeline))}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${MARGIN}" y="20" font-size="14" font-weight="bold">${escape(headline(timeline))}</text>`,
    ...gridMs.map((ms) => {
      const at = round(x(ms));
      const label = `<text x="${at}" y="${HEAD_HEIGHT - 22}" text-anchor="middle" fill="#666666">${ms}</text>`;
      return `<line x1="${at}" y1="${HEAD_HEIGHT - 18}" x2="${at}" y2="${height - MARGIN}" stroke="#dddddd"/>${label}`;
    }),
    ...moments
      .filter(({ atMs }) => atMs >= 0 && atMs <= spanMs)
      .map(({ atMs, name, role }) => {
        const at = round(x(atMs));
        const line = `<line x1="${at}" y1="${HEAD_HEIGHT - 18}" x2="${at}" y2="${height - MARGIN}" stroke="${COLOURS[role][0]}" stroke-dasharray="3 3"/>`;
        return `<g><title>${escape(`${role}: ${name} at ${atMs.toFixed(1)} ms`)}</title>${line}</g>`;
      }),
    ...calls.map((call, row) => rowOf(call, HEAD_HEIGHT + row * ROW_HEIGHT, x)),
    '</svg>',
    '',
  ].join('\n');
}

function rowOf(call: TimelineCall, y: number, x: (ms: number) => number): string {
  const { role, name, startMs, durationMs, depth, failed } = call;
  const from = x(startMs);
  const breadth = Math.max(1, x(startMs + durationMs) - from);
  const told = `${role}: ${name}, ${startMs.toFixed(1)} ms to ${(startMs + durationMs).toFixed(1)} ms${failed ? ', failed' : ''}`;
  const colour = COLOURS[role][depth === 0 ? 0 : 1];
  const indent = MARGIN + Math.min(depth, 8) * 12;
  return (
    `<g><title>${escape(told)}</title>` +
    `<text x="${indent}" y="${y + 13}" fill="${failed ? '#c00000' : '#222222'}">${escape(name)}</text>` +
    `<text x="${MARGIN + NAMES_WIDTH - 8}" y="${y + 13}" text-anchor="end" fill="#666666">${durationMs.toFixed(1)}</text>` +
    `<rect x="${round(from)}" y="${y + 2}" width="${round(breadth)}" height="${ROW_HEIGHT - 4}" fill="${colour}"/></g>`
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** What lies on the volume may hold anything. */
function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // Control characters are no XML.
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '').replace(/\p{Cc}/gu, '�');
}
