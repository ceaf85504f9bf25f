import type { TopLevelSpec } from 'vega-lite';
import { casesIn, figureOf } from '../figures';
import type { BenchRun } from '../result';
import { labelOf, STYLE, subtitleOf, wayColours } from './style';

/** A line for each way: the median over the memory that the container holds, with the range of all its samples. */
export function memoryPlot(run: BenchRun): TopLevelSpec | undefined {
  const values = casesIn(run, 'memory').flatMap(({ id: caseId, workload }) =>
    run.ways.flatMap(({ id }) => {
      const { app } = figureOf(run, caseId, id);
      const way = labelOf(id);
      return app === undefined ? [] : [{ way, memory: workload.memoryMiB, ...app }];
    }),
  );
  if (new Set(values.map(({ memory }) => memory)).size < 2) return undefined;
  const ways = run.ways.map(({ id }) => id).filter((id) => values.some(({ way }) => way === labelOf(id)));
  const { domain, range } = wayColours(ways);
  const ticks = [...new Set(values.map(({ memory }) => memory))].toSorted((one, other) => one - other);
  const x = {
    field: 'memory',
    type: 'quantitative',
    title: 'memory held by the container, beyond the interpreter',
    scale: { type: 'log', base: 2 },
    axis: {
      values: ticks,
      labelExpr: "datum.value >= 1024 ? datum.value / 1024 + ' GiB' : datum.value + ' MiB'",
    },
  } as const;
  const color = { field: 'way', type: 'nominal', scale: { domain, range }, title: null } as const;
  const y = (field: string) =>
    ({
      field,
      type: 'quantitative',
      title: 'gap seen by the application, milliseconds',
      scale: { type: 'log', nice: true },
    }) as const;
  return {
    title: {
      text: 'Downtime against memory',
      subtitle: ['line = median, bar = shortest to longest; both axes logarithmic', subtitleOf(run)],
    },
    config: STYLE,
    data: { values },
    width: 620,
    height: 380,
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 2, opacity: 0.45 },
        encoding: { x, y: y('min'), y2: { field: 'max' }, color },
      },
      {
        mark: { type: 'line', strokeWidth: 2 },
        encoding: { x, y: y('median'), color },
      },
      {
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: {
          x,
          y: y('median'),
          color,
          shape: { field: 'way', type: 'nominal', scale: { domain }, title: null },
        },
      },
    ],
  };
}
