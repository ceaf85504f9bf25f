import type { TopLevelSpec } from 'vega-lite';
import type { BenchRun, Probe } from '../result';
import { labelOf, STYLE, subtitleOf, wayColours } from './style';

const CASE = 'server';
/** How much of the time before and after the gap is shown, ms. */
const AROUND_MS = 300;

/** When a client got answers from the server, one row for each way; 0 is the last answer before the gap. */
export function clientsPlot(run: BenchRun): TopLevelSpec | undefined {
  const rows = run.ways.flatMap(({ id }) => {
    const sample = run.samples.find(({ case: one, way, probes }) => one === CASE && way === id && probes !== undefined);
    if (sample?.probes === undefined) return [];
    const seen = aroundGap(sample.probes);
    // Of one that got no answer any more there is no other end to draw.
    return (sample.clientGapMs ?? 0) > seen.gapMs + 100 ? [] : [{ way: id, ...seen }];
  });
  if (rows.length === 0) return undefined;
  const values = rows.flatMap(({ way, answers }) => answers.map((at) => ({ way: labelOf(way), at })));
  const gaps = rows.map(({ way, gapMs }) => ({
    way: labelOf(way),
    from: 0,
    to: gapMs,
    middle: gapMs / 2,
    label: `${Math.round(gapMs)} ms`,
  }));
  const { domain, range } = wayColours(rows.map(({ way }) => way));
  const y = { field: 'way', type: 'nominal', sort: domain, title: null } as const;
  const x = { type: 'quantitative', title: 'milliseconds since the last answer before the gap' } as const;
  return {
    title: {
      text: 'What a client saw',
      subtitle: ['each stroke is an answer of the server to a request every 10 ms; one move each', subtitleOf(run)],
    },
    config: STYLE,
    width: 620,
    height: { step: 44 },
    layer: [
      {
        data: { values: gaps },
        mark: { type: 'rule', strokeDash: [3, 3], color: '#888888' },
        encoding: { y, x: { ...x, field: 'from' }, x2: { field: 'to' } },
      },
      {
        data: { values },
        mark: { type: 'tick', thickness: 1.5, size: 26 },
        encoding: {
          y,
          x: { ...x, field: 'at' },
          color: { field: 'way', type: 'nominal', scale: { domain, range }, legend: null },
        },
      },
      {
        data: { values: gaps },
        mark: { type: 'text', dy: -10, fontSize: 12, color: '#222222' },
        encoding: { y, x: { ...x, field: 'middle' }, text: { field: 'label' } },
      },
    ],
  };
}

/** The longest gap between two answers, and when the others came, counted from its beginning. */
export function aroundGap(probes: readonly Probe[]): { gapMs: number; answers: number[] } {
  const moments = probes
    .flatMap(([sent, answered]) => (answered === null ? [] : [sent + answered]))
    .toSorted((one, other) => one - other);
  let [from, gapMs] = [moments[0] ?? 0, 0];
  for (const [index, moment] of moments.entries()) {
    const next = moments[index + 1] ?? moment;
    if (next - moment > gapMs) [from, gapMs] = [moment, next - moment];
  }
  const answers = moments
    .map((moment) => Math.round((moment - from) * 10) / 10)
    .filter((at) => at >= -AROUND_MS && at <= gapMs + AROUND_MS);
  return { gapMs: Math.round(gapMs * 10) / 10, answers };
}
