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

/**
 * Reads /proc/net/nf_conntrack: those TCP connections one end of which is known to the other by another address. Of one
 * that the peer began, where it sent to is translated; of one whose first packet here came from the end itself, what it
 * sends as.
 */
export function parseConntrack(table: string): Translation[] {
  return table.split('\n').flatMap((line) => {
    const [, ...words] = LINE.exec(line) ?? [];
    const [src = '', dst = '', sport = '', dport = '', backSrc = '', backDst = '', backSport = '', backDport = ''] =
      words;
    const from = end(src, sport);
    const to = end(dst, dport);
    const back = { from: end(backSrc, backSport), to: end(backDst, backDport) };
    if (to !== back.from) return [{ local: back.from, remote: back.to, at: to }];
    return from === back.to ? [] : [{ local: from, remote: to, at: back.to }];
  });
}

const end = (address: string, port: string): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
