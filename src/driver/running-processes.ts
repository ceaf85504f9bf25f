import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramAddresses } from '../criu/process-tree';
import { containerPids, optional } from './processes';

/** A process of a container, with the numbers that it has in there. */
export interface RunningProcess {
  readonly pid: number;
  /** 0 when its parent is outside. */
  readonly ppid: number;
  /** Up to 15 bytes, as `latin1`. */
  readonly command: string;
  readonly threads: number;
  /** Milliseconds since the epoch, this node's clock; some 20 ms coarse. */
  readonly startedMs: number;
  /** False for one that was forked and has executed no program since, as all are that CRIU has made. */
  readonly executed: boolean;
  /** Undefined when the kernel does not tell us. */
  readonly addresses: ProgramAddresses | undefined;
}

/** Of the flags in /proc/PID/stat (include/linux/sched.h): forked, and no program was executed since. */
const PF_FORKNOEXEC = 0x40;
/** The kernel counts times in /proc in hundredths of a second, whatever its own ticks are (USER_HZ). */
const TICK_MS = 10;
const UPTIME_TRIES = 5;
/** Words of /proc/PID/stat behind the name (proc_pid_stat(5), which counts from 1 and has two before them). */
const STAT = { ppid: 1, flags: 6, threads: 17, started: 19, code: 23, stack: 25 } as const;

/**
 * Every process of the container with this first one; the first one comes first. Those that end meanwhile are left out.
 * @param nowMs this node's clock, ms since the epoch
 * @throws ReasonedError ContainerProcessesUnknown when the first one is gone
 */
export async function runningProcesses(
  firstPid: number,
  nowMs: () => number,
  proc = '/proc',
): Promise<readonly RunningProcess[]> {
  const pids = await containerPids(firstPid, proc);
  const bootedMs = bootTimeMs(nowMs, proc);
  const read = await Promise.all([firstPid, ...pids.filter((pid) => pid !== firstPid)].map((pid) => look(pid, proc)));
  const seen = read.filter((one) => one !== undefined);
  // The first process tells how deep the container's own PID namespace lies; one in a deeper one has a number here too.
  const depth = (seen[0]?.pids.length ?? 1) - 1;
  const inside = new Map(seen.map(({ nodePid, pids: numbers }) => [nodePid, numbers[depth] ?? 0]));
  return seen.map(({ nodePid, nodePpid, startedTicks, known }) => ({
    ...known,
    pid: inside.get(nodePid) ?? 0,
    ppid: inside.get(nodePpid) ?? 0,
    startedMs: Math.round(bootedMs + startedTicks * TICK_MS),
  }));
}

/** When the kernel's own clock began, by this node's. Two clocks are read, and on a busy node much may come in between. */
function bootTimeMs(nowMs: () => number, proc: string): number {
  let best = { bootedMs: NaN, spreadMs: Infinity };
  for (let tries = 0; tries < UPTIME_TRIES && best.spreadMs > TICK_MS; tries++) {
    const beforeMs = nowMs();
    const uptime = readFileSync(join(proc, 'uptime'), 'latin1');
    const spreadMs = nowMs() - beforeMs;
    const bootedMs = beforeMs + spreadMs / 2 - Number(uptime.split(' ')[0]) * 1000;
    if (spreadMs < best.spreadMs) best = { bootedMs, spreadMs };
  }
  return best.bootedMs;
}

interface Look {
  readonly known: Omit<RunningProcess, 'pid' | 'ppid' | 'startedMs'>;
  readonly nodePid: number;
  readonly nodePpid: number;
  /** Its numbers in all PID namespaces that it is in, the node's first. */
  readonly pids: readonly number[];
  readonly startedTicks: number;
}

async function look(nodePid: number, proc: string): Promise<Look | undefined> {
  const [status, stat] = await Promise.all(
    ['status', 'stat'].map((file) => optional(readFile(join(proc, String(nodePid), file), 'latin1'))),
  );
  const numbers = /^NSpid:\s+(.*)$/m
    .exec(status ?? '')?.[1]
    ?.split(/\s+/)
    .map(Number);
  if (stat === undefined || numbers === undefined) return undefined;
  // The name stands in parentheses and may hold any character.
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const numberAt = (index: number): number => Number(words[index]);
  const code = numberAt(STAT.code);
  const stack = numberAt(STAT.stack);
  return {
    nodePid,
    nodePpid: numberAt(STAT.ppid),
    pids: numbers,
    startedTicks: numberAt(STAT.started),
    known: {
      command: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
      threads: numberAt(STAT.threads),
      executed: (numberAt(STAT.flags) & PF_FORKNOEXEC) === 0,
      // 0 or 1 stand for what the reader may not see, and for processes without memory.
      addresses: code > 1 && stack > 1 ? { code, stack } : undefined,
    },
  };
}
