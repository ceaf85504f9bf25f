import type { NodeName } from './lab-docker';
import { docker } from './lab-docker';

/** When a container said nothing for longest, by the times of its log, in ms since the epoch. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The longest time in which a container that prints all the time stood still, as its log on the node tells. With `spec.logs:
 * Carry` that of the node it came from is part of it; the clocks of the lab's nodes are one.
 */
export function longestGap(node: NodeName, name: string): Gap {
  const times = docker(node, 'logs', '--timestamps', name)
    .split('\n')
    .map((line) => Date.parse(line.slice(0, line.indexOf(' '))))
    .filter((time) => !Number.isNaN(time));
  let longest = { fromMs: 0, toMs: 0 };
  for (const [i, toMs] of times.entries()) {
    const fromMs = times[i - 1] ?? toMs;
    if (toMs - fromMs > longest.toMs - longest.fromMs) longest = { fromMs, toMs };
  }
  return longest;
}
