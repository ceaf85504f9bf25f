import { readdirSync, readFileSync } from 'node:fs';
import { killTreeAndWait } from '../../runtime/process-tree';
import type { DriverContainer } from '../driver';
import type { RuncDriverOptions } from './options';

const DUMP_GRACE_MS = 15_000;
const POLL_MS = 50;
/** How long a CRIU that was killed may take to end: it may be writing to a slow volume. */
const END_WITHIN_MS = 5_000;

/**
 * Waits for the end of every `runc checkpoint` of this container that still runs, and of its CRIU; kills those that hang.
 * A CRIU whose runc was killed goes on alone, named after the process it dumps (measured: runc 1.3.6, CRIU 4.2.1); while
 * it lives, no other one can dump the container.
 */
export async function endCheckpoints(
  container: Pick<DriverContainer, 'id' | 'pid'>,
  { clock, dumpGraceMs = DUMP_GRACE_MS }: Pick<RuncDriverOptions, 'clock' | 'dumpGraceMs'>,
): Promise<void> {
  const giveUpAt = clock.monotonic() + dumpGraceMs;
  let left = findCheckpoints(container);
  while (left.length > 0 && clock.monotonic() < giveUpAt) {
    await clock.sleep(POLL_MS);
    left = findCheckpoints(container);
  }
  await Promise.all(left.map((pid) => killTreeAndWait(clock, pid, END_WITHIN_MS)));
}

function findCheckpoints({ id, pid: dumped }: Pick<DriverContainer, 'id' | 'pid'>): number[] {
  return readPids().filter((pid) => {
    const words = commandLine(pid);
    if (words.includes('checkpoint') && words.at(-1) === id) return true;
    const [program, ...args] = words.join(' ').split(' ');
    return program === 'criu:' && args[0] === 'dump' && args.at(args.indexOf('-t') + 1) === String(dumped);
  });
}

/** True while this process is the wrapper that creates the container, not another one that has its pid by now. */
export function isWrapper(pid: number, containerID: string): boolean {
  return commandLine(pid).at(-1) === containerID;
}

/**
 * Kills everything in the container's own cgroup: during a restore CRIU and what it has created so far, but neither
 * runc nor the wrapper. A runc that is killed leaves a bind mount of the container's root file system behind, and the
 * `runc delete` that follows removes the files through it; without its CRIU it fails by itself and cleans up.
 */
export function killCgroupMembers(containerID: string): void {
  for (const pid of readPids()) {
    if (!read(`/proc/${pid}/cgroup`).includes(containerID)) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone meanwhile.
    }
  }
}

/**
 * True while the runc that this wrapper started has a CRIU that is dead and does not notice: half-restored processes keep
 * the other end of the socket open on which it waits (measured: runc 1.3.6, CRIU 4.2.1 killed in a restore).
 */
export function hasDeadCriu(wrapper: number): boolean {
  const processes = readPids().map(statOf);
  const runcs = processes.filter(({ parent, name }) => parent === wrapper && name.startsWith('runc'));
  return processes.some(
    ({ name, state, parent }) => name === 'criu' && state === 'Z' && runcs.some(({ pid }) => pid === parent),
  );
}

/** The beginning of /proc/PID/stat (proc_pid_stat(5)): the name stands in parentheses and may hold any character. */
function statOf(pid: number): { pid: number; name: string; state: string; parent: number } {
  const [, name = '', state = '', parent = ''] = /^\d+ \((.*)\) (\S) (\d+) /s.exec(read(`/proc/${pid}/stat`)) ?? [];
  return { pid, name, state, parent: Number(parent) };
}

function readPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function commandLine(pid: number): readonly string[] {
  return read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1);
}

/** Empty when the process is gone, which it may be at any moment. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
