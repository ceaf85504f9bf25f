import { SocketAddress } from 'node:net';

/** One row of /proc/net/tcp or /proc/net/tcp6. */
export interface TcpSocket {
  /** `192.0.2.1:80` or `[2001:db8::1]:80`. */
  readonly local: string;
  readonly remote: string;
  /** As ss(8) names it: ESTAB, CLOSE-WAIT, … */
  readonly state: string;
  /** For a listener: connections that wait to be accepted. */
  readonly receiveQueue: number;
  /** Inode of the socket; 0 when no process has it, as with a connection that was not accepted yet. */
  readonly inode: number;
}

/** The kernel's numbers (include/net/tcp_states.h), with the names of ss(8). */
const STATES: Readonly<Record<string, string>> = {
  '01': 'ESTAB',
  '02': 'SYN-SENT',
  '03': 'SYN-RECV',
  '04': 'FIN-WAIT-1',
  '05': 'FIN-WAIT-2',
  '06': 'TIME-WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE-WAIT',
  '09': 'LAST-ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
};

/** Reads what the kernel writes to /proc/net/tcp and /proc/net/tcp6 of a little-endian machine. */
export function parseTcpTable(table: string): TcpSocket[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local, remote, state, queues, , , , , inode] = line.trim().split(/\s+/);
      if (local === undefined || remote === undefined || state === undefined || inode === undefined) return [];
      return {
        local: formatEndpoint(local),
        remote: formatEndpoint(remote),
        state: STATES[state] ?? state,
        receiveQueue: Number.parseInt(queues?.split(':')[1] ?? '0', 16),
        inode: Number(inode),
      };
    });
}

/** `0100007F:1F90` → `127.0.0.1:8080`: the address is in 32-bit words of the machine's byte order, the port is not. */
function formatEndpoint(endpoint: string): string {
  const [words = '', port = ''] = endpoint.split(':');
  const bytes = Buffer.from(words, 'hex');
  bytes.swap32();
  const portNumber = Number.parseInt(port, 16);
  if (bytes.length === 4) return `${bytes.join('.')}:${portNumber}`;
  const groups = bytes.toString('hex').match(/.{4}/g) ?? [];
  const { address } = new SocketAddress({ address: groups.join(':'), family: 'ipv6' });
  return `[${address}]:${portNumber}`;
}
