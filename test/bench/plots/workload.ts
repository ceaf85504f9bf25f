import type { TopLevelSpec } from 'vega-lite';
import { casesIn, figureOf } from '../figures';
import { spanText } from '../page';
import type { BenchRun } from '../result';
import { labelOf, STYLE, subtitleOf, wayColours } from './style';

/** A bar for each way and workload, its length the median, with a tick at the 95th percentile. */
export function workloadPlot(run: BenchRun): TopLevelSpec | undefined {
  const values = casesIn(run, 'workload').flatMap((one) =>
    run.ways.flatMap(({ id }) => {
      const { app } = figureOf(run, one.id, id);
      if (app === undefined) return [];
      const label = `${spanText(app.median)}  (n = ${app.n})`;
      return [{ workload: one.title, way: labelOf(id), median: app.median, p95: app.p95, label }];
    }),
  );
  if (values.length === 0) return undefined;
  const ways = run.ways.map(({ id }) => id).filter((id) => values.some(({ way }) => way === labelOf(id)));
  const { domain, range } = wayColours(ways);
  const y = { field: 'way', type: 'nominal', sort: domain, title: null } as const;
  return {
    title: {
      text: 'Downtime by workload',
      subtitle: [`gap seen by the application: bar = median, tick = 95th percentile`, subtitleOf(run)],
    },
    config: STYLE,
    data: { values },
    facet: {
      row: {
        field: 'workload',
        type: 'nominal',
        sort: casesIn(run, 'workload').map(({ title }) => title),
        title: null,
        header: { labelAngle: 0, labelAnchor: 'start', labelOrient: 'top' },
      },
    },
    spec: {
      width: 620,
      height: { step: 24 },
      layer: [
        {
          mark: { type: 'bar', height: 16, cornerRadiusEnd: 2 },
          encoding: {
            y,
            x: { field: 'median', type: 'quantitative', title: 'milliseconds' },
            color: { field: 'way', type: 'nominal', scale: { domain, range }, legend: null },
          },
        },
        {
          mark: { type: 'tick', thickness: 2, size: 16, color: '#000000' },
          encoding: { y, x: { field: 'p95', type: 'quantitative' } },
        },
        {
          mark: { type: 'text', align: 'left', dx: 8, fontSize: 12, color: '#222222' },
          encoding: { y, x: { field: 'p95', type: 'quantitative' }, text: { field: 'label' } },
        },
      ],
    },
  };
}
