import { systemClock } from '../../src/runtime/clock';
import { sleptThrough } from '../../src/runtime/deadline';
import { fetchText } from './lab';
import type { Minutes } from './minutes';
import type { Series } from './series';

const INTERVAL_MS = 2_000;

/** Reads the metrics of every process every two seconds; one that does not answer, because it was killed, is passed over. */
export async function keepScraping(
  targets: ReadonlyMap<string, string>,
  series: Series,
  minutes: Minutes,
  stop: AbortSignal,
): Promise<void> {
  do {
    for (const [process, url] of targets) {
      try {
        series.add(process, minutes.seconds, await fetchText({ url }));
        minutes.count('metrics read');
      } catch {
        minutes.count('metrics not to be had');
      }
    }
  } while (await sleptThrough(systemClock, INTERVAL_MS, stop));
}
