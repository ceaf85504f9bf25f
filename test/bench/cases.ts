/** What `make bench` moves: the cases of its matrix. */

/** The program's arguments; test/bench/workload.py says what they do. */
export interface Workload {
  readonly processes: number;
  readonly memoryMiB: number;
  readonly filesMiB: number;
  readonly smallFiles: number;
  /** It serves on a macvlan network, at an address that it keeps. */
  readonly serves: boolean;
}

/** The tables and plots that a case belongs to. */
export type Group = 'workload' | 'memory' | 'files' | 'connections' | 'parallel';

/** How a client that has connections open is treated, and how many connections that are. */
export interface Clients {
  readonly connections: number;
  /** `spec.connections`. */
  readonly policy: string;
}

export interface Case {
  /** Stable: results of different runs are compared by it. */
  readonly id: string;
  readonly title: string;
  /** The first one is where its row stands; a case may be a point of several plots. */
  readonly groups: readonly Group[];
  readonly workload: Workload;
  /** Containers that move at the same time. */
  readonly parallel: number;
  /** TCP clients that stay connected; without any, a server is asked by datagrams. */
  readonly clients?: Clients;
  /** Measured rounds, when fewer than the others have: it takes long, or no target goes by it. */
  readonly fewer?: number;
  /** Belongs to the short version. */
  readonly quick: boolean;
}

const SMALL: Workload = { processes: 1, memoryMiB: 4, filesMiB: 0, smallFiles: 0, serves: false };
const SERVER: Workload = { ...SMALL, serves: true };

const memory = (memoryMiB: number, label: string, more: Pick<Case, 'quick'> & Pick<Partial<Case>, 'fewer'>): Case => ({
  id: `memory-${memoryMiB}`,
  title: `one process, ${label} of memory`,
  groups: ['memory'],
  workload: { ...SMALL, memoryMiB },
  parallel: 1,
  ...more,
});

const one = (id: string, title: string, group: Group, more: Partial<Case>): Case => ({
  id,
  title,
  groups: [group],
  workload: SMALL,
  parallel: 1,
  quick: false,
  ...more,
});

export const CASES: readonly Case[] = [
  one('one', 'one process', 'workload', { groups: ['workload', 'memory', 'parallel'], quick: true }),
  one('several', 'several processes (4, in a ring of pipes)', 'workload', {
    workload: { ...SMALL, processes: 4 },
    quick: true,
  }),
  one('server', 'a server (macvlan, same address)', 'workload', { workload: SERVER, quick: true }),
  memory(64, '64 MiB', { quick: true }),
  memory(256, '256 MiB', { quick: false }),
  memory(1024, '1 GiB', { quick: false, fewer: 5 }),
  memory(4096, '4 GiB', { quick: false, fewer: 3 }),
  one('files-100', '100 MB of changed files', 'files', { workload: { ...SMALL, filesMiB: 100 }, fewer: 5 }),
  one('files-10000', '10,000 small changed files', 'files', {
    workload: { ...SMALL, smallFiles: 10_000 },
    fewer: 5,
  }),
  one('connections-1-keep', 'a server with 1 connection, kept', 'connections', {
    workload: SERVER,
    clients: { connections: 1, policy: 'Keep' },
    quick: true,
  }),
  one('connections-100-keep', 'a server with 100 connections, kept', 'connections', {
    workload: SERVER,
    clients: { connections: 100, policy: 'Keep' },
  }),
  one('connections-1-close', 'a server with 1 connection, closed', 'connections', {
    workload: SERVER,
    clients: { connections: 1, policy: 'Close' },
    fewer: 5,
  }),
  one('connections-100-close', 'a server with 100 connections, closed', 'connections', {
    workload: SERVER,
    clients: { connections: 100, policy: 'Close' },
    fewer: 5,
  }),
  ...[2, 4, 8].map((parallel) =>
    one(`parallel-${parallel}`, `${parallel} at once`, 'parallel', { parallel, fewer: 5, quick: parallel === 2 }),
  ),
];

/** Names of the containers of a case. */
export function containersOf({ id, parallel }: Case): string[] {
  return Array.from({ length: parallel }, (_, index) => `bench-${id}-${index + 1}`);
}

/** The port on which a server serves. */
export const PORT = 7000;

/** What is run in the container. */
export function commandOf({ processes, memoryMiB, filesMiB, smallFiles, serves }: Workload, program: string): string[] {
  const words = [processes, memoryMiB, filesMiB, smallFiles, serves ? PORT : 0].map(String);
  return ['python3', '-c', program, ...words];
}
