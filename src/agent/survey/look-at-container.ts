import { readdir, readFile, readlink, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandRunner } from '../../runtime/exec';
import { hasCode } from '../../runtime/errors';
import type { ContainerFacts } from './facts';
import { boundSockets, connectedUdp } from './look-at-sockets';
import { isHostMount, isNetworkMount, isOwnTmpfs, parseDumpedMemory, parseIsRoot, parseMounts } from './parse-proc';

/** Where shared memory has names, when something is mounted there. */
const SHARED_MEMORY = '/dev/shm';
const DU_TIMEOUT_MS = 15_000;
/** What the kernel lets a process of its own see of an anonymous file. */
const IO_URING = 'anon_inode:[io_uring]';

/**
 * Looks at the processes of a running container in /proc; what ends meanwhile is left out.
 *
 * @param pids all processes of the container
 * @param commands runs programs on the node: the writable layer lies there
 * @param proc where /proc is mounted
 */
export async function lookAtContainer(
  { pids, upperDir }: { readonly pids: readonly number[]; readonly upperDir: string | undefined },
  commands: CommandRunner,
  proc = '/proc',
): Promise<ContainerFacts> {
  const processes = await Promise.all(pids.map((pid) => lookAtProcess(pid, proc)));
  const [first = 0] = pids;
  const mounts = parseMounts((await unlessGone(readFile(join(proc, String(first), 'mountinfo'), 'utf8'))) ?? '');
  const own = mounts.filter(isOwnTmpfs).map(({ mountPoint }) => mountPoint);
  const inside = (path: string): string => join(proc, String(first), 'root', path);
  const named = own.includes(SHARED_MEMORY) ? await unlessGone(readdir(inside(SHARED_MEMORY))) : undefined;
  const tmpfs = await Promise.all(own.map((path) => usedBytes(inside(path))));
  return {
    memoryBytes: sum(processes.map(({ memoryBytes }) => memoryBytes)),
    tmpfsBytes: sum(tmpfs),
    sharedMemoryFiles: named?.length ?? 0,
    writableLayerBytes: upperDir === undefined ? 0 : await sizeOnNode(upperDir, commands),
    ioUring: processes.filter(({ ioUring }) => ioUring).map(({ pid }) => pid),
    notRoot: processes.filter(({ isRoot }) => !isRoot).map(({ pid }) => pid),
    networkMounts: mounts.filter(isNetworkMount).map(({ mountPoint, fsType }) => ({ mountPoint, fsType })),
    hostMounts: mounts.filter(isHostMount).map(({ mountPoint }) => mountPoint),
    bound: await boundSockets(pids, proc),
    connectedUdp: await connectedUdp(pids, proc),
  };
}

interface ProcessFacts {
  readonly pid: number;
  readonly memoryBytes: number;
  readonly ioUring: boolean;
  readonly isRoot: boolean;
}

async function lookAtProcess(pid: number, proc: string): Promise<ProcessFacts> {
  const directory = join(proc, String(pid));
  const read = (name: string): Promise<string | undefined> => unlessGone(readFile(join(directory, name), 'utf8'));
  const names = (await unlessGone(readdir(join(directory, 'fd')))) ?? [];
  const links = await Promise.all(names.map((name) => unlessGone(readlink(join(directory, 'fd', name)))));
  const status = await read('status');
  return {
    pid,
    memoryBytes: parseDumpedMemory((await read('smaps_rollup')) ?? ''),
    ioUring: links.includes(IO_URING),
    isRoot: status === undefined || parseIsRoot(status),
  };
}

async function usedBytes(path: string): Promise<number> {
  const found = await unlessGone(statfs(path));
  return found === undefined ? 0 : (found.blocks - found.bfree) * found.bsize;
}

/** What a directory of the node takes up; 0 when it cannot be told in time: a figure for an estimate, no more. */
async function sizeOnNode(path: string, commands: CommandRunner): Promise<number> {
  try {
    const { stdout } = await commands.run('du', ['-s', '-x', '-B1', '--', path], { timeoutMs: DU_TIMEOUT_MS });
    return Number(/^(\d+)\s/.exec(stdout)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Undefined when the process or what was asked of it is gone, which it may be at any moment. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR'].some((code) => hasCode(error, code))) return undefined;
    throw error;
  }
}
