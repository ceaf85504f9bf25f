import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPort } from '../../docker/needs';
import { optional, readSockets } from '../../driver/processes';
import { canonicalAddress } from '../networks/addresses';
import { toHostPort } from './parse-proc';

/**
 * The TCP sockets of these processes that listen, and their UDP sockets, those that are connected too: CRIU binds each
 * to the address that it had. Other TCP connections are judged elsewhere. Each address and port once.
 */
export async function boundSockets(pids: readonly number[], proc = '/proc'): Promise<readonly HostPort[]> {
  const found = new Map<string, HostPort>();
  for (const protocol of ['tcp', 'udp'] as const) {
    const { owned, namespaces } = await readSockets(pids, proc, protocol);
    const sockets = namespaces.flatMap((namespace) => namespace.sockets).filter(({ inode }) => owned.has(inode));
    for (const { local, state } of sockets) {
      if (protocol === 'tcp' && state !== 'LISTEN') continue;
      const port = toHostPort(local, protocol);
      const address = canonicalAddress(port.address) ?? port.address;
      found.set(`${protocol} ${address} ${port.port}`, { ...port, address });
    }
  }
  return [...found.values()];
}

/** How many UDP sockets of these processes are connected to a peer. */
export async function connectedUdp(pids: readonly number[], proc = '/proc'): Promise<number> {
  const { owned, namespaces } = await readSockets(pids, proc, 'udp');
  const sockets = namespaces.flatMap((namespace) => namespace.sockets);
  return sockets.filter(({ inode, state }) => owned.has(inode) && state === 'ESTAB').length;
}

/** The IP addresses of the network that a process is in, but for those that every node has. */
export async function ownAddresses(pid: string, proc = '/proc'): Promise<readonly string[]> {
  const read = async (name: string): Promise<string> =>
    // A kernel without IPv6 has no if_inet6.
    (await optional(readFile(join(proc, pid, 'net', name), 'utf8'))) ?? '';
  return [...new Set([...parseFibTrie(await read('fib_trie')), ...parseIfInet6(await read('if_inet6'))])];
}

/** The local addresses in /proc/net/fib_trie: a leaf, and below it what the kernel takes for its own. */
export function parseFibTrie(text: string): string[] {
  let leaf: string | undefined;
  return text.split('\n').flatMap((line) => {
    leaf = /^\s*\|--\s+(\S+)/.exec(line)?.[1] ?? leaf;
    return leaf !== undefined && /^\s*\/32 host LOCAL/.test(line) ? [leaf] : [];
  });
}

/** The addresses in /proc/net/if_inet6: 32 digits, and what belongs to them. */
export function parseIfInet6(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const digits = /^([0-9a-f]{32})\s/.exec(line)?.[1];
    const groups = digits?.match(/.{4}/g)?.join(':');
    return groups === undefined ? [] : (canonicalAddress(groups) ?? []);
  });
}
