import { parseMetrics } from '../lib/prometheus-text';
import { command } from '../soak/lab';
import type { Sample } from './result';

export type Writes = NonNullable<Sample['apiWrites']>;

const READS = ['GET', 'LIST', 'WATCH', 'CONNECT'];

/** What the API server has been asked to write so far, by its own metrics. */
export async function apiWrites(): Promise<Writes> {
  // Of megabytes of text some lines matter.
  return writesIn(await command('sh', '-c', "kubectl get --raw /metrics | grep '^apiserver_request_total{'"));
}

/** Counts `apiserver_request_total`, whatever came of the requests: one that is refused for a conflict costs as much. */
export function writesIn(metrics: string): Writes {
  const requests = parseMetrics(metrics).filter(({ name }) => name === 'apiserver_request_total');
  const writes = requests.filter(({ labels }) => !READS.includes(labels['verb'] ?? ''));
  const count = (resource: string): number =>
    writes.filter(({ labels }) => labels['resource'] === resource).reduce((sum, { value }) => sum + value, 0);
  return { objects: count('containermigrations'), events: count('events') };
}

export function writesBetween(before: Writes, after: Writes): Writes {
  return { objects: after.objects - before.objects, events: after.events - before.events };
}
