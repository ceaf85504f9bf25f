import type { Minutes } from './minutes';
import type { Finding, Series } from './series';

const DIVISORS = { MiB: 1 << 20, '': 1 } as const;

/** Prints what came of it; true when all is well. */
export function report(series: Series, minutes: Minutes): boolean {
  const findings = series.findings();
  console.log(`\nafter ${minutes.seconds.toFixed(0)} s, ${series.restarts} restarts seen`);
  for (const [what, count] of minutes.counts) console.log(`${String(count).padStart(9)}  ${what}`);
  const header = ['process', 'figure', 'first third', 'last third', 'slope/h', 'watched', 'verdict'];
  console.log(`\n${table([header, ...findings.map(row)])}`);
  for (const violation of minutes.violations) console.log(`VIOLATION: ${violation}`);
  const grown = findings.filter(({ trend }) => trend?.grew === true);
  const unjudged = new Set(findings.map(({ process }) => process));
  for (const { process, trend } of findings) if (trend !== undefined) unjudged.delete(process);
  console.log(`\n${minutes.violations.length} violations, ${grown.length} of ${findings.length} figures grew`);
  for (const process of unjudged) console.log(`${process} lived too short a time to be judged: give more MINUTES`);
  return minutes.violations.length + grown.length + unjudged.size === 0 && findings.length > 0;
}

function row({ process, figure, points, trend }: Finding): string[] {
  const show = (value: number | undefined): string =>
    value === undefined ? '-' : (value / DIVISORS[figure.unit]).toFixed(figure.unit === '' ? 0 : 1);
  const seconds = (points.at(-1)?.atSeconds ?? 0) - (points[0]?.atSeconds ?? 0);
  return [
    process,
    figure.unit === '' ? figure.name : `${figure.name}, ${figure.unit}`,
    show(trend?.firstMedian),
    show(trend?.lastMedian),
    show(trend?.slopePerHour),
    `${seconds.toFixed(0)} s`,
    trend === undefined ? 'too short' : trend.grew ? 'GREW' : 'flat',
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
