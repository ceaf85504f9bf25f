import { readFileSync, readdirSync } from 'node:fs';
import type { Clock } from '../runtime/clock';
import { killTreeAndWait } from '../runtime/process-tree';

/** A tar in an uninterruptible wait for the file server outlives its SIGKILL. */
const KILL_GRACE_MS = 2_000;

/**
 * Ends every tar with this word in its command line, such as one that outlived the agent that began it. Returns how
 * many could not be ended.
 */
export async function endOtherTars(word: string, clock: Clock): Promise<number> {
  const others = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const words = commandLine(pid);
      return words.includes('tar') && words.includes(word);
    });
  const left = await Promise.all(others.map((pid) => killTreeAndWait(clock, pid, KILL_GRACE_MS)));
  return new Set(left.flat()).size;
}

/** Empty when the process is gone, which it may be at any moment. */
function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
