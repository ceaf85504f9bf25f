import type { MetricLine } from '../lib/prometheus-text';
import type { Point, Tolerance, Trend } from './trend';
import { memoryTrendOf, trendOf } from './trend';

const MEBIBYTE = 1 << 20;

/** What must stay flat in a process, and how it is read from its metrics. */
export interface Figure {
  readonly name: string;
  readonly tolerance: Tolerance;
  /** For the table. */
  readonly unit: 'MiB' | '';
  read(lines: readonly MetricLine[]): number;
  judge(points: readonly Point[], tolerance: Tolerance): Trend | undefined;
}

/** The sum of all lines of that name, with one of those types where types are given. */
const sum =
  (name: string, types?: readonly string[]) =>
  (lines: readonly MetricLine[]): number =>
    lines
      .filter((line) => line.name === name && (types === undefined || types.includes(line.labels['type'] ?? '')))
      .reduce((total, { value }) => total + value, 0);

const RESOURCES = 'nodejs_active_resources';

/**
 * A move more or less at the moment of the reading changes each of them by a few: that is what the absolute tolerance
 * is for. What leaks once a move or once a watch passes it within minutes.
 */
export const FIGURES: readonly Figure[] = [
  {
    name: 'resident memory',
    unit: 'MiB',
    tolerance: { absolute: 48 * MEBIBYTE, relative: 0.25 },
    read: sum('process_resident_memory_bytes'),
    judge: memoryTrendOf,
  },
  {
    name: 'heap in use',
    unit: 'MiB',
    tolerance: { absolute: 4 * MEBIBYTE, relative: 0.1 },
    read: sum('nodejs_heap_size_used_bytes'),
    judge: memoryTrendOf,
  },
  {
    name: 'file descriptors',
    unit: '',
    tolerance: { absolute: 12, relative: 0.3 },
    read: sum('process_open_fds'),
    judge: trendOf,
  },
  {
    name: 'timers',
    unit: '',
    tolerance: { absolute: 8, relative: 0.3 },
    read: sum(RESOURCES, ['Timeout']),
    judge: trendOf,
  },
  {
    name: 'sockets',
    unit: '',
    tolerance: { absolute: 8, relative: 0.3 },
    judge: trendOf,
    read: sum(RESOURCES, ['TCPSocketWrap', 'PipeWrap', 'TCPServerWrap', 'ConnectWrap', 'PipeConnectWrap']),
  },
  {
    name: 'watches',
    unit: '',
    // A controller that does not lead has none, and one when it leads: a look that begins between two terms sees that.
    tolerance: { absolute: 1, relative: 0 },
    read: sum('informer_watches'),
    judge: trendOf,
  },
];
