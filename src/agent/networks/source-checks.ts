import type { Check } from '../../api/types';
import type { AttachedNetwork } from '../../docker/endpoints';
import type { HostPort } from '../../docker/needs';
import { blocking } from '../node-checks';
import { canonicalAddress, meansTheSameEverywhere } from './addresses';

const MAX_SHOWN = 5;
/** Of an address that the kernel makes out of the MAC address. */
const IPV6_LINK_LOCAL = 'fe80:';

/**
 * Sockets that are bound to an address of the container's own which it will not have on the target: CRIU could not bind
 * them again, in the middle of the downtime. Pure.
 */
export function boundChecks(
  name: string,
  bound: readonly HostPort[],
  attached: readonly Pick<AttachedNetwork, 'addresses' | 'linkLocal' | 'macAddress'>[],
): Check[] {
  const fixed = attached.flatMap(({ addresses, linkLocal }) => [...addresses, ...linkLocal]).map(canonicalOf);
  const keepsMac = attached.some(({ macAddress }) => macAddress !== undefined);
  const lost = bound.filter(
    ({ address }) =>
      !meansTheSameEverywhere(address) &&
      !fixed.includes(canonicalOf(address)) &&
      !(keepsMac && address.startsWith(IPV6_LINK_LOCAL)),
  );
  if (lost.length === 0) return [];
  const shown = lost.slice(0, MAX_SHOWN).map(({ protocol, address, port }) => `${address} port ${port}/${protocol}`);
  const more = lost.length > MAX_SHOWN ? ` and ${lost.length - MAX_SHOWN} more` : '';
  return [
    blocking(
      'AddressNotFixed',
      `container ${name} has sockets bound to an address of its own that it does not have on the target: ${shown.join(', ')}${more}; ` +
        'fix the address (docker run --network NETWORK --ip ADDRESS, in a user-defined network with a subnet), or have it listen on 0.0.0.0',
    ),
  ];
}

/** Links of the default network lead to containers that do not move with it; Docker would not even create it. Pure. */
export function linkChecks(name: string, links: readonly string[]): Check[] {
  if (links.length === 0) return [];
  const linked = links.map((link) => (link.split(':')[0] ?? '').replace(/^\//, ''));
  return [
    blocking(
      'LinksUnsupported',
      `container ${name} is linked (--link) to ${linked.join(', ')} on this node; put them into a user-defined network, where ` +
        'containers find each other by name, without --link',
    ),
  ];
}

/** The addresses of the node that a container in the host's network uses, each once. Pure. */
export function hostAddresses(bound: readonly HostPort[]): string[] {
  const own = bound.map(({ address }) => address).filter((address) => !meansTheSameEverywhere(address));
  return [...new Set(own.map(canonicalOf))].sort();
}

/** Addresses of the source that the target lacks: a container in the host's network could not bind to them. Pure. */
export function hostAddressChecks(nodeName: string, wanted: readonly string[], has: readonly string[]): Check[] {
  const known = has.map(canonicalOf);
  const missing = wanted.filter((address) => !known.includes(canonicalOf(address)));
  if (missing.length === 0) return [];
  return [
    blocking(
      'AddressMissing',
      `the container is in the host's network, with sockets bound to addresses that ${nodeName} does not have: ` +
        `${missing.slice(0, MAX_SHOWN).join(', ')}; have it listen on 0.0.0.0, or move the addresses there first`,
    ),
  ];
}

const canonicalOf = (address: string): string => canonicalAddress(address) ?? address;
