import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shares } from './figures';

/** Of /proc/PID/stat, on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds that each process has used so far, and when that was. */
export interface CpuReading {
  readonly atMs: number;
  readonly seconds: Shares;
}

/** @param lab the lab's directory, which has the process IDs of the control plane */
export function readCpu(lab: string, controllerPid: number): CpuReading {
  const pidOf = (service: string): number =>
    Number(readFileSync(join(lab, `run/${service}.pid`), 'utf8').split(' ', 1)[0]);
  const seconds = {
    controller: cpuSeconds(controllerPid),
    simulation: cpuSeconds(process.pid),
    'kube-apiserver': cpuSeconds(pidOf('kube-apiserver')),
    etcd: cpuSeconds(pidOf('etcd')),
  };
  return { atMs: performance.now(), seconds };
}

/** What each used between two readings, in cores. */
export function sharesBetween(from: CpuReading, to: CpuReading): Shares {
  const elapsed = (to.atMs - from.atMs) / 1_000;
  const share = (who: keyof Shares): number => (to.seconds[who] - from.seconds[who]) / elapsed;
  return {
    controller: share('controller'),
    simulation: share('simulation'),
    'kube-apiserver': share('kube-apiserver'),
    etcd: share('etcd'),
  };
}

/** User and system time; the fields behind the closing parenthesis of the command, which may hold anything. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
