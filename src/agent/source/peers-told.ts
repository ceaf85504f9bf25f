import type { TcpConnection } from '../../driver/processes';

/** The status is no list of clients. */
const PEERS_TOLD = 10;

/**
 * The other ends of connections as the object's status names them, each once.
 * @param before those that it names already
 */
export function peersTold(connections: readonly TcpConnection[], before: readonly string[] = []): string[] {
  return [...new Set([...before, ...connections.map(({ remote }) => remote)])].slice(0, PEERS_TOLD);
}
