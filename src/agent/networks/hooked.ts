import type { Needs } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { readPublished } from '../../docker/published';
import type { TcpConnection } from '../../driver/processes';
import type { Translation } from '../../driver/translations';
import { canonicalAddress, familyOf } from './addresses';
import type { Keeping } from './keepable';
import { sortConnections } from './keepable';

/** A port of a container, and by what the others know it: an address that moves with the container. */
export interface Answer {
  readonly address: string;
  readonly port: number;
  readonly as: string;
  readonly asPort: number;
  /** Nobody reaches the port by any other address of the node. */
  readonly isOnly: boolean;
}

/** By which of its own ends others reach a container on the target as they do here. */
export interface Reach {
  /** In the container's own network, or, with `--network host`, of the node. */
  readonly addresses: readonly string[];
  /** Behind addresses of the node. */
  readonly answers: readonly Answer[];
  /** Whether the container has the network of the node. */
  readonly isHost: boolean;
}

/** What the node's own network has to do with the connections of its containers. */
export interface NodeNetwork {
  readonly addresses: readonly string[];
  /** Undefined where they cannot be seen. */
  readonly translations: readonly Translation[] | undefined;
}

/**
 * The ports of a container that are published at addresses which move along: each of those with the container's own
 * address of the same family. One that is published at every address of the node counts where one such address of the
 * family moves: with several, nobody could tell as which one it has to answer. Pure.
 *
 * @param own the container's fixed addresses in bridge networks of its users
 * @param moved those of the node that move
 */
export function answersOf(
  { raw }: Pick<ContainerInfo, 'raw'>,
  own: readonly string[],
  moved: readonly string[],
): readonly Answer[] {
  const published = readPublished(raw);
  return own.flatMap((address) => {
    const family = moved.filter((other) => familyOf(other) === familyOf(address));
    return published.flatMap(({ containerPort: port, hostAddress, hostPort: asPort }) => {
      const isOnly = hostAddress !== '';
      const at = isOnly ? family.filter((other) => sameAddress(other, hostAddress)) : family;
      const [as] = at.length === 1 ? at : [];
      return as === undefined ? [] : [{ address, port, as, asPort, isOnly }];
    });
  });
}

/** The container's fixed addresses in bridge networks of its users, by what the source reported. Pure. */
export function bridgeAddresses({ networks = [] }: Needs): string[] {
  return networks.flatMap(({ driver, addresses = [] }) => (driver === 'bridge' ? addresses : []));
}

/**
 * As `sortConnections`, and besides: those at a published port whose peer talks to an address that moves are kept, and
 * those with somebody on this very node, who stays, are not. Pure.
 */
export function sortReached<T extends TcpConnection>(
  connections: readonly T[],
  { addresses, answers, isHost }: Reach,
  node: NodeNetwork,
): Keeping<T> {
  const sorted = sortConnections(connections, addresses);
  const ends = new Set(connections.map(({ local, remote }) => `${local} ${remote}`));
  const isHere = ({ remote }: T): boolean => node.addresses.some((own) => sameAddress(own, addressOf(remote)));
  const stays = (connection: T): boolean =>
    isHost && isHere(connection) && !ends.has(`${connection.remote} ${connection.local}`);
  // By its end alone: whether a dump can hold it has nothing to do with where it is.
  const dumped = sortConnections(
    connections,
    connections.map(({ local }) => addressOf(local)),
  ).kept;
  const goesAlong = (connection: T): boolean =>
    dumped.includes(connection) &&
    !isHere(connection) &&
    answers.some((answer) => isReachedBy(connection, answer, node.translations));
  const kept = connections.filter((one) => (sorted.kept.includes(one) && !stays(one)) || goesAlong(one));
  return { kept, lost: connections.filter((connection) => !kept.includes(connection)) };
}

function isReachedBy(
  { local, remote }: TcpConnection,
  { address, port, as, asPort, isOnly }: Answer,
  translations: NodeNetwork['translations'],
): boolean {
  if (!isSameEnd(local, address, port)) return false;
  const found = translations?.find((one) => sameEnd(one.local, local) && sameEnd(one.remote, remote));
  return found === undefined ? isOnly && translations === undefined : isSameEnd(found.at, as, asPort);
}

const addressOf = (end: string): string => end.slice(0, end.lastIndexOf(':')).replace(/^\[|\]$/g, '');
const portOf = (end: string): number => Number(end.slice(end.lastIndexOf(':') + 1));
const sameAddress = (a: string, b: string): boolean => (canonicalAddress(a) ?? a) === (canonicalAddress(b) ?? b);
const isSameEnd = (end: string, address: string, port: number): boolean =>
  portOf(end) === port && sameAddress(addressOf(end), address);
const sameEnd = (a: string, b: string): boolean => isSameEnd(a, addressOf(b), portOf(b));
