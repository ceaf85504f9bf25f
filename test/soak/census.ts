import { systemClock } from '../../src/runtime/clock';
import { sleptThrough } from '../../src/runtime/deadline';
import type { Listed } from './lab';
import { list, NODES } from './lab';
import type { Minutes } from './minutes';

const INTERVAL_MS = 150;

/** Looks at Docker on both nodes all the time: no name may run twice, none may be nowhere. */
export async function takeCensus(
  names: readonly string[],
  prefix: string,
  minutes: Minutes,
  stop: AbortSignal,
): Promise<void> {
  do {
    try {
      await look(names, prefix, minutes);
    } catch (error) {
      minutes.count('looks at Docker that failed');
      minutes.tell(`Docker does not answer: ${String(error)}`);
    }
  } while (await sleptThrough(systemClock, INTERVAL_MS, stop));
}

async function look(names: readonly string[], prefix: string, minutes: Minutes): Promise<void> {
  const [a, b] = NODES;
  // One after the other and the first again: who runs on the first before and after, ran while the second was asked.
  const before = await list(a, prefix);
  const other = await list(b, prefix);
  const after = await list(a, prefix);
  minutes.count('looks at Docker');
  for (const name of names) {
    if ([before, other, after].every((listed) => runs(listed, name))) minutes.violation(`${name} runs on both nodes`);
    if (![before, other, after].some((listed) => listed.some((container) => container.name === name))) {
      minutes.violation(`${name} is on no node`);
    }
  }
}

const runs = (listed: readonly Listed[], name: string): boolean =>
  listed.some((container) => container.name === name && container.state === 'running');
