import { readdirSync, readFileSync } from 'node:fs';
import { killTree } from '../../runtime/process-tree';

/** Kills every `runc checkpoint` of this container that still runs, with its CRIU; returns how many there were. */
export function killCheckpoints(containerID: string): number {
  const checkpoints = readPids().filter((pid) => {
    const words = commandLine(pid);
    return words.includes('checkpoint') && words.at(-1) === containerID;
  });
  for (const pid of checkpoints) killTree(pid);
  return checkpoints.length;
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
