import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from './clock';

const POLL_MS = 10;

/** What /proc/PID/stat says of a process, as far as kinship goes (proc_pid_stat(5)). */
interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Ticks since boot: with the pid it names one process, for a pid is given again after its process ended. */
  readonly startTime: string;
}

/**
 * Kills a process and everything it started: children and theirs, and, when it leads a process group or session, the
 * members of that too, which finds those whose parent has ended. All are stopped before any is killed, so that none
 * can start another one meanwhile. Returns the pids that were killed; a process that is gone already is no error.
 */
export function killTree(root: number): number[] {
  return killFamily(root).map(({ pid }) => pid);
}

/**
 * As killTree, and waits until they are all gone, at most for `graceMs`: a process in an uninterruptible wait outlives
 * its SIGKILL. Resolves with the pids of those that do.
 */
export async function killTreeAndWait(clock: Clock, root: number, graceMs: number): Promise<number[]> {
  const deadlineMs = clock.monotonic() + graceMs;
  let alive = killFamily(root).filter(isAlive);
  while (alive.length > 0 && clock.monotonic() < deadlineMs) {
    await clock.sleep(POLL_MS);
    alive = alive.filter(isAlive);
  }
  return alive.map(({ pid }) => pid);
}

function killFamily(root: number): ProcessStat[] {
  if (!Number.isInteger(root) || root <= 1 || root === process.pid) {
    throw new RangeError(`not killing pid ${root}: it is not a process that we started`);
  }
  const family = new Map<number, ProcessStat>();
  for (let grown = true; grown;) {
    grown = false;
    for (const member of familyOf(root, readProcesses())) {
      if (family.has(member.pid)) continue;
      family.set(member.pid, member);
      send(member, 'SIGSTOP');
      grown = true;
    }
  }
  return [...family.values()].filter((member) => send(member, 'SIGKILL'));
}

function familyOf(root: number, processes: readonly ProcessStat[]): ProcessStat[] {
  const pids = new Set<number>([root]);
  for (let size = 0; size !== pids.size;) {
    size = pids.size;
    for (const { pid, parent, group, session } of processes) {
      if (pids.has(parent) || group === root || session === root) pids.add(pid);
    }
  }
  // This very process can be in the session of its parent, never among those it started.
  return processes.filter(({ pid }) => pids.has(pid) && pid !== process.pid);
}

/** False for a zombie too, and when the pid belongs to another process by now. */
function isAlive({ pid, startTime }: ProcessStat): boolean {
  return readStat(pid)?.startTime === startTime;
}

/** False when the process is gone, or its pid belongs to another one by now. */
function send(target: ProcessStat, signal: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false;
  try {
    return process.kill(target.pid, signal);
  } catch {
    return false;
  }
}

function readProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
}

function readStat(pid: number): ProcessStat | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may contain anything, parentheses and spaces too.
  const [state, parent, group, session, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const startTime = rest[15];
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), group: Number(group), session: Number(session), startTime };
}
