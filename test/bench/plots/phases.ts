import type { TopLevelSpec } from 'vega-lite';
import { casesIn, figureOf } from '../figures';
import type { BenchRun } from '../result';
import { labelOf, STYLE, subtitleOf } from './style';

/** Steps that every way has of its own; the same colour where it is the same work. */
const COLOURS: Readonly<Record<string, string>> = {
  freeze: '#56b4e9',
  dump: '#0072b2',
  publish: '#f0e442',
  handover: '#cc79a7',
  verify: '#e69f00',
  claim: '#999999',
  restore: '#009e73',
  checkpoint: '#0072b2',
  copy: '#d55e00',
  start: '#009e73',
  export: '#0072b2',
  import: '#009e73',
  stop: '#56b4e9',
};

/** Of these the steps are comparable; of the others the first and the last plot say enough. */
const WAYS = ['runc', 'lazy', 'docker', 'script'];

/** The steps of a move one after the other, for each amount of memory on a scale of its own. */
export function phasesPlot(run: BenchRun): TopLevelSpec | undefined {
  const cases = casesIn(run, 'memory');
  const values = cases.flatMap((one) =>
    WAYS.flatMap((way) =>
      Object.entries(figureOf(run, one.id, way).phases).map(([phase, ms], order) => ({
        case: one.title,
        way: labelOf(way),
        phase,
        order,
        ms,
      })),
    ),
  );
  if (values.length === 0) return undefined;
  const domain = [...new Set(values.map(({ phase }) => phase))];
  const known = Object.keys(COLOURS);
  domain.sort((one, other) => known.indexOf(one) - known.indexOf(other));
  return {
    title: {
      text: 'Where the time goes',
      subtitle: ['median of each step while the container stands still; each row has its own scale', subtitleOf(run)],
    },
    config: STYLE,
    data: { values },
    facet: {
      row: {
        field: 'case',
        type: 'nominal',
        sort: cases.map(({ title }) => title),
        title: null,
        header: { labelAngle: 0, labelAnchor: 'start', labelOrient: 'top' },
      },
    },
    resolve: { scale: { x: 'independent' } },
    spec: {
      width: 620,
      height: { step: 26 },
      mark: { type: 'bar', height: 18 },
      encoding: {
        y: { field: 'way', type: 'nominal', sort: WAYS.map(labelOf), title: null },
        x: { field: 'ms', type: 'quantitative', stack: 'zero', title: 'milliseconds' },
        color: {
          field: 'phase',
          type: 'nominal',
          scale: { domain, range: domain.map((phase) => COLOURS[phase] ?? '#7f7f7f') },
          title: 'step',
        },
        order: { field: 'order', type: 'quantitative' },
      },
    },
  };
}
