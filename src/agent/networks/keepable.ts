import type { TcpConnection } from '../../driver/processes';
import { canonicalAddress } from './addresses';

/** What becomes of the connections of a container whose connections are to be kept. */
export interface Keeping<T> {
  readonly kept: readonly T[];
  /** Those that would break, or stand still for ever. */
  readonly lost: readonly T[];
}

/** The kernel has yet to make a connection of it, or nobody but the kernel has it: no dump holds it. */
const NOT_DUMPED = /^SYN-|, closed$/;

/**
 * A connection can be kept where its own end is at an address that goes along with the container, and where both of its
 * ends are the container's. Pure.
 *
 * @param addresses those that the container has on the target, too, and by which others reach it there
 */
export function sortConnections<T extends TcpConnection>(
  connections: readonly T[],
  addresses: readonly string[],
): Keeping<T> {
  const own = addresses.map((address) => canonicalAddress(address) ?? address);
  const ends = new Set(connections.map(({ local, remote }) => `${local} ${remote}`));
  const isKept = ({ local, remote, state }: T): boolean => {
    if (NOT_DUMPED.test(state)) return false;
    const address = addressOf(local);
    // Its own address is another on the target, even when it has talked to itself by it.
    const goesAlong = own.includes(address) || isLoopback(address);
    return goesAlong && (!isLoopback(address) || ends.has(`${remote} ${local}`));
  };
  return { kept: connections.filter(isKept), lost: connections.filter((connection) => !isKept(connection)) };
}

function addressOf(endpoint: string): string {
  const address = endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  return canonicalAddress(address) ?? address;
}

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
