import type { Restore } from '../api/types';
import type { RestoreStats } from '../criu/stats';
import type { RestoreProof } from '../driver/restore-proof';
import { formatDuration } from '../protocol/duration';

/** What shows that the container was woken up, as the object's status carries it. */
export function restoreStatus({ stats, processes, threads, found, tree }: RestoreProof): Restore {
  return {
    processes,
    threads,
    found,
    ...(stats === undefined ? {} : { criu: criuStatus(stats) }),
    tree: tree.map(({ pid, ppid, command, threads: count, startedMs }) => ({
      pid,
      ppid,
      ...(command === undefined ? {} : { command: printable(command) }),
      threads: count,
      ...(startedMs === undefined ? {} : { startedAt: new Date(startedMs).toISOString() }),
    })),
  };
}

function criuStatus({ restoreMs, pagesRestored }: RestoreStats): NonNullable<Restore['criu']> {
  return {
    restore: formatDuration(restoreMs),
    ...(pagesRestored === undefined || !Number.isSafeInteger(pagesRestored) ? {} : { pagesRestored }),
  };
}

/** The name is whatever bytes the process has chosen: no controls for a terminal, no more than a process can have. */
function printable(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8').replace(/\p{C}/gu, '?').slice(0, 16);
}
