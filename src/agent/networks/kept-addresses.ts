import type { Needs, SourceStatus } from '../../api/types';
import { attachedNetworks } from '../../docker/endpoints';
import type { ContainerInfo } from '../../docker/engine';
import { pinAddresses } from '../../docker/pin-addresses';
import type { AgentDeps } from '../ports';

/** Drivers whose networks show a container to others under its own address, whatever node it is on. */
const ADDRESSED = ['macvlan', 'ipvlan'];

/** A container as it is to be made on the target. */
export interface ToBeMade {
  readonly container: ContainerInfo;
  /** By which others reach it there as they do here; none unless its connections are kept. */
  readonly addresses: readonly string[];
}

/**
 * Connections that are kept end at the container's addresses: in networks in which others know it by them, they are as
 * good as fixed, also where Docker chose them.
 */
export async function asToBeMade(
  container: ContainerInfo,
  { connections }: { readonly connections: string },
  { dockerNetworks }: Pick<AgentDeps, 'dockerNetworks'>,
): Promise<ToBeMade> {
  if (connections !== 'Keep') return { container, addresses: [] };
  const kept: string[] = [];
  for (const { name, id } of attachedNetworks(container)) {
    const network = (await dockerNetworks.named(name)).find((other) => other.id === id);
    if (network !== undefined && ADDRESSED.includes(network.driver)) kept.push(name);
  }
  const pinned = pinAddresses(container, kept);
  const addresses = attachedNetworks(pinned).flatMap((network) =>
    kept.includes(network.name) ? network.addresses : [],
  );
  return { container: pinned, addresses };
}

/** The same addresses, by what the source reported. Pure. */
export function keptAddresses({ networks = [] }: Needs): string[] {
  return networks.flatMap(({ driver = '', addresses = [] }) => (ADDRESSED.includes(driver) ? addresses : []));
}

/**
 * The addresses that must be there before the sockets of the container are, by what the source reported; undefined where
 * none of its sockets asks for that, and where it has the network of the node. Pure.
 */
export function addressesToRestore(
  { needs = {} }: Pick<SourceStatus, 'needs'>,
  { connections }: { readonly connections: string },
  networkMode: string,
): string[] | undefined {
  if (networkMode === 'host' || (connections !== 'Keep' && (needs.connectedUDP ?? 0) === 0)) return undefined;
  return (needs.networks ?? []).flatMap(({ addresses = [] }) => addresses);
}
