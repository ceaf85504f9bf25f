import type { Config } from 'vega-lite';
import type { BenchRun } from '../result';

/**
 * A colour for each way, the same in every picture: those of Okabe and Ito, which people with any kind of colour
 * blindness tell apart. Shapes say it again where lines cross.
 */
const COLOURS: Readonly<Record<string, string>> = {
  runc: '#0072b2',
  lazy: '#56b4e9',
  docker: '#cc79a7',
  script: '#333333',
  report: '#d55e00',
  podman: '#e69f00',
  'podman-none': '#009e73',
  cold: '#999999',
};

/** For a way or a phase that nobody has given a colour. */
const OTHER = '#7f7f7f';

/** A label short enough for a legend. */
const LABELS: Readonly<Record<string, string>> = {
  runc: 'Transship (runc)',
  lazy: 'Transship (runc, lazy)',
  docker: 'Transship (docker)',
  script: 'bare script',
  report: "report's way",
  podman: 'Podman',
  'podman-none': 'Podman, uncompressed',
  cold: 'stop + start cold',
};

export const labelOf = (way: string): string => LABELS[way] ?? way;

/** Domain and range of a colour scale over these ways. */
export const wayColours = (ways: readonly string[]): { domain: string[]; range: string[] } => ({
  domain: ways.map(labelOf),
  range: ways.map((way) => COLOURS[way] ?? OTHER),
});

/** On a card of its own colour: readable on a white page and on a dark one. */
export const STYLE: Config = {
  background: '#ffffff',
  padding: 16,
  font: 'system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif',
  title: { anchor: 'start', fontSize: 16, subtitleFontSize: 12, subtitleColor: '#555555', offset: 14 },
  axis: {
    labelFontSize: 12,
    labelLimit: 220,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    gridColor: '#e6e6e6',
    domainColor: '#888888',
  },
  header: { labelFontSize: 12, titleFontSize: 12, labelFontWeight: 'bold' },
  legend: { labelFontSize: 12, titleFontSize: 12, labelLimit: 260 },
  view: { stroke: null },
};

/** The line below a title: what machine it was, and how busy. */
export function subtitleOf({ profile, machine, startedAt, load }: BenchRun): string {
  const before = (load.start[1] ?? 0).toFixed(1);
  return `${profile}, ${machine.cores} cores, ${startedAt.slice(0, 10)}; load average before it ${before}`;
}
