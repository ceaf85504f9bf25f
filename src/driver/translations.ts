import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { optional } from './processes';

/** A TCP connection that reaches its end by another address than the one that its peer talks to. */
export interface Translation {
  /** The end itself: `172.20.0.2:80` or `[fd00::2]:80`. */
  readonly local: string;
  readonly remote: string;
  /** What the peer talks to. */
  readonly at: string;
}

/**
 * The TCP connections whose destination the node translates, as those to published ports are; undefined where its kernel
 * does not show them (CONFIG_NF_CONNTRACK_PROCFS).
 * @param pid a process in the network of the node
 */
export async function readTranslations(
  pid: number | 'self',
  proc = '/proc',
): Promise<readonly Translation[] | undefined> {
  const table = await optional(readFile(join(proc, String(pid), 'net/nf_conntrack'), 'utf8'));
  return table === undefined ? undefined : parseConntrack(table);
}

/** Both directions of a line of /proc/net/nf_conntrack: how it began, and how the answer to that looks. */
const LINE =
  /^ipv[46] +\d+ tcp .*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) .*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/;

/** Reads /proc/net/nf_conntrack: those TCP connections that end elsewhere than where they were sent to. */
export function parseConntrack(table: string): Translation[] {
  return table.split('\n').flatMap((line) => {
    const [, , at = '', , atPort = '', local = '', remote = '', localPort = '', remotePort = ''] =
      LINE.exec(line) ?? [];
    if (local === '' || (at === local && atPort === localPort)) return [];
    const end = (address: string, port: string): string =>
      address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    return [{ local: end(local, localPort), remote: end(remote, remotePort), at: end(at, atPort) }];
  });
}
