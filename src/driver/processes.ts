import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonedError } from '../runtime/errors';
import { hasCode } from './system-error';
import type { TcpSocket } from './tcp-table';
import { parseTcpTable } from './tcp-table';

/** A TCP connection of the container that CRIU would have to carry over. */
export type TcpConnection = Pick<TcpSocket, 'local' | 'remote' | 'state'>;

/** Not in the way of a dump: a closed socket, and a listener whose connections are all accepted (CRIU, sk-inet.c). */
const CARRIED = ['CLOSE', 'LISTEN'];

/**
 * Every process of the container, those of `docker exec` too, given its first one: all that are in its freezer cgroup
 * (v1) or its unified one (v2), or below. Throws `ContainerProcessesUnknown` when the first one is gone or is in the
 * root cgroup, which would be the whole machine.
 */
export async function containerPids(pid: number, proc = '/proc'): Promise<readonly number[]> {
  const own = await cgroupOf(pid, proc);
  if (own === undefined || own === '/') {
    throw new ReasonedError(
      'ContainerProcessesUnknown',
      own === undefined
        ? `process ${pid}, the container's first one, is gone: is the container still running?`
        : `process ${pid}, the container's first one, is in the root cgroup, so its processes cannot be told from others`,
    );
  }
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
  const members = await Promise.all(
    pids.map(async (candidate) => {
      const path = await cgroupOf(candidate, proc);
      return path === own || path?.startsWith(`${own}/`) === true ? [candidate] : [];
    }),
  );
  return members.flat().sort((a, b) => a - b);
}

/**
 * Sends a signal to every process of the container with this first one. One that is gone meanwhile is well.
 * @throws ReasonedError ContainerProcessesUnknown
 */
export async function signalAll(pid: number, signal: NodeJS.Signals): Promise<void> {
  for (const member of await containerPids(pid)) {
    try {
      process.kill(member, signal);
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error;
    }
  }
}

/**
 * The TCP connections that these processes hold and that CRIU dumps only when told how, and those that wait for a
 * listener of theirs to accept them, which it never dumps. TIME-WAIT belongs to no process and is not carried over.
 */
export async function establishedConnections(
  pids: readonly number[],
  proc = '/proc',
): Promise<readonly TcpConnection[]> {
  const { owned, namespaces } = await readSockets(pids, proc);
  return heldConnections({ owned, namespaces });
}

/** Closed by the container while something was on its way that its peer has not confirmed. */
const UNCONFIRMED = ['FIN-WAIT-1', 'CLOSING', 'LAST-ACK'];

/**
 * The same, and those that the container has closed and its kernel has not: what their peers have yet to be sent is in no
 * dump. In the network of the node nobody can tell whose those are.
 * @param nodePid a process in the network of the node itself
 */
export async function connectionsToKeep(
  pids: readonly number[],
  nodePid: number | 'self',
  proc = '/proc',
): Promise<readonly TcpConnection[]> {
  const { owned, namespaces } = await readSockets(pids, proc);
  const node = await networkOf(nodePid, proc);
  const orphans = namespaces
    .filter(({ id }) => id !== node)
    .flatMap(({ sockets }) => sockets.filter(({ inode, state }) => inode === 0 && UNCONFIRMED.includes(state)))
    .map(({ local, remote, state }) => ({ local, remote, state: `${state}, closed` }));
  return [...heldConnections({ owned, namespaces }), ...orphans];
}

function heldConnections({ owned, namespaces }: ContainerSockets): readonly TcpConnection[] {
  return namespaces
    .flatMap(({ sockets }) => sockets)
    .filter(({ inode }) => owned.has(inode))
    .flatMap(({ local, remote, state, receiveQueue }) => {
      if (!CARRIED.includes(state)) return [{ local, remote, state }];
      return state === 'LISTEN' && receiveQueue > 0 ? [{ local, remote, state: 'SYN-RECV' }] : [];
    });
}

/** The TCP sockets of a container's network namespaces, with those of others that share them. */
export interface ContainerSockets {
  /** Inodes of the sockets that the container's processes have open. */
  readonly owned: ReadonlySet<number>;
  /** Each with one process that is in it. */
  readonly namespaces: readonly { readonly id: string; readonly pid: number; readonly sockets: readonly TcpSocket[] }[];
}

/** Reads which TCP (or UDP) sockets these processes can see, and which are theirs. One that is gone has none. */
export async function readSockets(
  pids: readonly number[],
  proc = '/proc',
  protocol: 'tcp' | 'udp' = 'tcp',
): Promise<ContainerSockets> {
  const owned = new Set((await Promise.all(pids.map((pid) => socketsOf(pid, proc)))).flat());
  // Processes of one container share a network namespace, mostly: its sockets are read once.
  const members = new Map<string, number>();
  for (const pid of pids) {
    const id = await networkOf(pid, proc);
    if (id !== undefined) members.set(id, pid);
  }
  const namespaces = [...members].map(async ([id, pid]) => {
    const tables = [protocol, `${protocol}6`].map((table) =>
      optional(readFile(join(proc, String(pid), 'net', table), 'utf8')),
    );
    return { id, pid, sockets: (await Promise.all(tables)).flatMap((table) => parseTcpTable(table ?? '')) };
  });
  return { owned, namespaces: await Promise.all(namespaces) };
}

/** By what a network namespace is known; undefined when the process is gone. */
export function networkOf(pid: number | 'self', proc = '/proc'): Promise<string | undefined> {
  return optional(readlink(join(proc, String(pid), 'ns/net')));
}

/**
 * Those that a signal has stopped (SIGSTOP, ^Z). Ask before the container is paused: a frozen process does not show
 * it. The wake-up would continue them, for it cannot tell them from those that CRIU has stopped.
 */
export async function stoppedProcesses(pids: readonly number[], proc = '/proc'): Promise<readonly number[]> {
  const stats = await Promise.all(
    pids.map(async (pid) => ({ pid, stat: await optional(readFile(join(proc, String(pid), 'stat'), 'utf8')) })),
  );
  // The command's name comes before the state, in parentheses, and may contain anything.
  return stats.filter(({ stat }) => stat?.slice(stat.lastIndexOf(')') + 2).startsWith('T')).map(({ pid }) => pid);
}

/** The path in the v1 freezer hierarchy, or in the unified one where there is no such thing. */
async function cgroupOf(pid: number, proc: string): Promise<string | undefined> {
  const text = await optional(readFile(join(proc, String(pid), 'cgroup'), 'utf8'));
  const lines = text?.split('\n').map((line) => /^(\d+):([^:]*):(.*)$/.exec(line)) ?? [];
  const freezer = lines.find((match) => match?.[2]?.split(',').includes('freezer'));
  const unified = lines.find((match) => match?.[1] === '0' && match[2] === '');
  return (freezer ?? unified)?.[3];
}

async function socketsOf(pid: number, proc: string): Promise<number[]> {
  const directory = join(proc, String(pid), 'fd');
  const names = (await optional(readdir(directory))) ?? [];
  const links = await Promise.all(names.map((name) => optional(readlink(join(directory, name)))));
  return links.flatMap((link) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1];
    return inode === undefined ? [] : [Number(inode)];
  });
}

/** Undefined when the process or what was asked of it is gone, which it may be at any moment. */
export async function optional<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}
