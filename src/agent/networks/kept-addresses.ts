import type { Needs, SourceStatus, Spec } from '../../api/types';
import { attachedNetworks } from '../../docker/endpoints';
import type { ContainerInfo } from '../../docker/engine';
import { pinAddresses } from '../../docker/pin-addresses';
import type { AgentDeps } from '../ports';
import type { Reach } from './hooked';
import { answersOf, bridgeAddresses } from './hooked';

/** Drivers whose networks show a container to others under its own address, whatever node it is on. */
const ADDRESSED = ['macvlan', 'ipvlan'];

/** What of a spec says which connections go along. */
export interface ConnectionSpec extends Pick<Spec, 'connections'> {
  readonly network?: Spec['network'] | undefined;
}

/** A container as it is to be made on the target. */
export interface ToBeMade {
  readonly container: ContainerInfo;
  /** By which others reach it there as they do here; nothing unless its connections are kept. */
  readonly reach: Reach;
}

const NOTHING: Reach = { addresses: [], answers: [], isHost: false };

/**
 * Connections that are kept end at the container's addresses: in networks in which others know it by them, they are as
 * good as fixed, also where Docker chose them; and so they are behind addresses of the node that move along.
 */
export async function asToBeMade(
  container: ContainerInfo,
  { connections, network: hooked }: ConnectionSpec,
  { dockerNetworks }: Pick<AgentDeps, 'dockerNetworks'>,
): Promise<ToBeMade> {
  if (connections !== 'Keep') return { container, reach: NOTHING };
  const moved = hooked?.addresses ?? [];
  const drivers = new Map<string, string>();
  for (const { name, id } of attachedNetworks(container)) {
    const network = (await dockerNetworks.named(name)).find((other) => other.id === id);
    if (network !== undefined) drivers.set(name, network.driver);
  }
  const wanted = moved.length === 0 ? ADDRESSED : [...ADDRESSED, 'bridge'];
  const pinned = pinAddresses(
    container,
    [...drivers].flatMap(([name, driver]) => (wanted.includes(driver) ? name : [])),
  );
  const networks = attachedNetworks(pinned).map(({ name, addresses }) => {
    return { name, driver: drivers.get(name) ?? '', addresses: [...addresses] };
  });
  return { container: pinned, reach: reachOf({ connections, network: hooked }, { networks }, container) };
}

/** The same, by what the source reported. Pure. */
export function reachOf(
  { connections, network }: ConnectionSpec,
  needs: Needs,
  container: Pick<ContainerInfo, 'networkMode' | 'raw'>,
): Reach {
  if (connections !== 'Keep') return NOTHING;
  const moved = network?.addresses ?? [];
  if (container.networkMode === 'host') return { addresses: moved, answers: [], isHost: true };
  return {
    addresses: keptAddresses(needs),
    answers: answersOf(container, bridgeAddresses(needs), moved),
    isHost: false,
  };
}

/** The container's own addresses by which others know it, by what the source reported. Pure. */
export function keptAddresses({ networks = [] }: Needs): string[] {
  return networks.flatMap(({ driver = '', addresses = [] }) => (ADDRESSED.includes(driver) ? addresses : []));
}

/** Whether the container has a network of its own from which connections go along. Pure. */
export function mustBeSilent({ addresses, answers, isHost }: Reach): boolean {
  return !isHost && addresses.length + answers.length > 0;
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
