import { figureOf, medianOf } from './figures';
import type { BenchRun } from './result';

/** What was aimed at, and what one run says of it. */
export interface Target {
  readonly what: string;
  /** At most that, or at least. */
  readonly sense: '≤' | '≥';
  readonly limit: number;
  readonly unit: 'ms' | '×' | '';
  /** Undefined when the run did not measure it. */
  readonly measured: number | undefined;
}

/** Medians of one run; each ratio is between figures of the same run. */
export function targetsOf(run: BenchRun): Target[] {
  const app = (caseId: string, way: string): number | undefined => medianOf(run, caseId, way);
  const ratio = (caseId: string, over: string, under: string): number | undefined => {
    const [above, below] = [app(caseId, over), app(caseId, under)];
    return above === undefined || below === undefined ? undefined : above / below;
  };
  const atMost = (what: string, limit: number, unit: Target['unit'], measured: number | undefined): Target => ({
    what,
    sense: '≤',
    limit,
    unit,
    measured,
  });
  const shorter = (what: string, limit: number, caseId: string, way: string): Target => ({
    what,
    sense: '≥',
    limit,
    unit: '×',
    measured: ratio(caseId, way, 'runc'),
  });
  return [
    atMost('small container through `kubectl apply`, gap seen by the application', 300, 'ms', app('one', 'runc')),
    atMost('the same against the bare script', 1.3, '×', ratio('one', 'runc', 'script')),
    atMost(
      'live TCP client, macvlan, longest gap',
      400,
      'ms',
      figureOf(run, 'connections-1-keep', 'runc').client?.median,
    ),
    atMost('256 MiB', 800, 'ms', app('memory-256', 'runc')),
    atMost('1 GiB', 2_000, 'ms', app('memory-1024', 'runc')),
    atMost('1 GiB, lazy', 1_200, 'ms', app('memory-1024', 'lazy')),
    shorter("shorter than the report's way at 1 GiB", 15, 'memory-1024', 'report'),
    shorter('shorter than Podman export/import at 256 MiB', 5, 'memory-256', 'podman'),
    shorter('shorter than Podman export/import at 1 GiB', 5, 'memory-1024', 'podman'),
    atMost('API writes a migration', 20, '', figureOf(run, 'one', 'runc').apiWrites?.median),
  ];
}

/** Whether it is met; undefined when it was not measured. */
export function isMet({ sense, limit, measured }: Target): boolean | undefined {
  if (measured === undefined) return undefined;
  return sense === '≤' ? measured <= limit : measured >= limit;
}
