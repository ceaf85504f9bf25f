import type { Status } from '../api/types';

/** What the condition Restored says once the container runs on the target: how it is known that it was woken up. */
export function restoredDetails({ target }: Status): { readonly Restored?: string } {
  if (target?.restore === undefined) return {};
  const { processes, threads, found, criu } = target.restore;
  const woken =
    `CRIU woke up ${count(processes, 'process', 'processes')} with ${count(threads, 'thread', 'threads')}` +
    (criu === undefined ? '' : ` in ${criu.restore}`);
  const seen = found === 0 ? 'which had ended when they were looked at' : `${found} of them found as they were dumped`;
  return { Restored: `the container runs on the target: ${woken}, ${seen}` };
}

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
