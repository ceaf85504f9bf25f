import type { Clock } from '../runtime/clock';
import { ReasonedError } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import type { TcpConnection } from './processes';
import { containerPids, networkOf, readSockets } from './processes';
import type { TcpSocket } from './tcp-table';

/** Destroying a socket takes microseconds, but the machine may be busy. */
const TIMEOUT_MS = 10_000;
/** The kernel compiles what is asked for into 64 KiB: some 500 connections. */
const CONNECTIONS_PER_CALL = 100;
/** A frozen process makes no new connection; one that is in the middle of a system call may have to be waited for. */
const ROUNDS = 5;
const ROUND_INTERVAL_MS = 20;

/** Neither end has anything to notice: listeners, closed sockets, and what is left of connections that both have closed. */
const QUIET = ['LISTEN', 'CLOSE', 'TIME-WAIT'];

/** What `closeConnections` acts on. */
export interface ClosingDependencies {
  readonly run: CommandRunner;
  readonly clock: Clock;
  /** A process in the network of the node itself. */
  readonly nodePid: number | 'self';
  readonly proc?: string;
}

/**
 * Destroys every TCP connection of a frozen container, so that both ends notice at once: the other one is sent a reset,
 * and the container's own end gives an error as soon as its process runs. Listeners stay. A client may connect again
 * right after: the kernel completes the handshake, and the connection waits in the listener's queue.
 *
 * In the network of the node (`--network host`), connections of others are left alone.
 *
 * @param pid the container's first process, as this node sees it
 * @returns those that were closed
 * @throws ReasonedError ConnectionsNotClosed, ContainerProcessesUnknown
 */
export async function closeConnections(
  pid: number,
  { run, clock, nodePid, proc = '/proc' }: ClosingDependencies,
): Promise<readonly TcpConnection[]> {
  const node = await networkOf(nodePid, proc);
  const pids = await containerPids(pid, proc);
  const closed = new Map<string, TcpConnection>();
  for (let round = 1; ; round++) {
    const { owned, namespaces } = await readSockets(pids, proc);
    const left = namespaces.map(({ id, pid: member, sockets }) => {
      return { member, sockets: connectionsToClose(sockets, owned, id !== node) };
    });
    // What nobody has accepted comes anew at any moment, and is not in the way of a dump.
    const held = left.flatMap(({ sockets }) => sockets.filter(({ inode }) => inode !== 0));
    if (round > 1 && held.length === 0) return [...closed.values()];
    if (round > ROUNDS) throw notClosed(`${held.length} are left: ${describeConnections(held)}`);
    if (round > 2) await clock.sleep(ROUND_INTERVAL_MS);
    for (const { member, sockets } of left) {
      await destroy(member, sockets, run);
      for (const { local, remote, state } of sockets) closed.set(`${local} ${remote}`, { local, remote, state });
    }
  }
}

/**
 * Which of the sockets in a network namespace are connections of the container: those that its processes hold, and those
 * that no process holds, because they were not accepted yet or were closed with something unsent.
 *
 * @param owned inodes of the sockets that the container's processes have open
 * @param isIsolated false for the network of the node, where others have sockets that no process holds, too: there only
 *   those count that a listener of the container has let in
 */
export function connectionsToClose(
  sockets: readonly TcpSocket[],
  owned: ReadonlySet<number>,
  isIsolated: boolean,
): readonly TcpSocket[] {
  const listeners = sockets.filter(({ state, inode }) => state === 'LISTEN' && owned.has(inode));
  return sockets.filter(({ state, inode, local }) => {
    if (QUIET.includes(state)) return false;
    if (inode !== 0) return owned.has(inode);
    return isIsolated || listeners.some((listener) => letsIn(listener.local, local));
  });
}

/** The first connections, for a message. */
export function describeConnections(connections: readonly TcpConnection[]): string {
  const shown = connections.slice(0, 5).map(({ local, remote, state }) => `${local} ↔ ${remote} (${state})`);
  return shown.join(', ') + (connections.length > shown.length ? ` and ${connections.length - shown.length} more` : '');
}

/** Whether a listener on one endpoint may have let in a connection whose own end is the other. */
function letsIn(listener: string, local: string): boolean {
  if (listener === local) return true;
  const [any, port] = listener.startsWith('0.0.0.0:') ? ['', listener.slice(8)] : ['[', listener.slice(5)];
  if (any === '[' && !listener.startsWith('[::]:')) return false;
  return local.startsWith('[') === (any === '[') && local.endsWith(`:${port}`);
}

/** By `ss --kill`, which says nothing of those that are gone already: whether it worked is looked up afterwards. */
async function destroy(member: number, sockets: readonly TcpSocket[], run: CommandRunner): Promise<void> {
  for (let i = 0; i < sockets.length; i += CONNECTIONS_PER_CALL) {
    const { exitCode, stderr } = await killSockets(member, sockets.slice(i, i + CONNECTIONS_PER_CALL), run);
    if (exitCode !== 0) throw notClosed(stderr.trim().slice(-300));
  }
}

/** Runs `ss --kill` for these connections, in the network of a process. */
export function killSockets(
  pid: number,
  connections: readonly Pick<TcpSocket, 'local' | 'remote'>[],
  run: CommandRunner,
): ReturnType<CommandRunner['run']> {
  const filter = connections.flatMap(({ local, remote }, index) => [
    ...(index === 0 ? [] : ['or']),
    ...['(', 'src', local, 'and', 'dst', remote, ')'],
  ]);
  const words = ['-t', String(pid), '-n', '--', 'ss', '--kill', '--tcp', '--numeric', '--no-header'];
  return run.run('nsenter', [...words, 'state', 'connected', '(', ...filter, ')'], { timeoutMs: TIMEOUT_MS });
}

function notClosed(why: string): ReasonedError {
  return new ReasonedError('ConnectionsNotClosed', `the container's TCP connections could not be closed: ${why}`);
}
