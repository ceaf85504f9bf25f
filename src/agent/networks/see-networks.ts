import type { Check, Needs, SourceStatus } from '../../api/types';
import { BUILT_IN_NETWORKS, attachedNetworks, legacyLinks, sharesNetwork } from '../../docker/endpoints';
import type { AttachedNetwork } from '../../docker/endpoints';
import type { ContainerInfo } from '../../docker/engine';
import type { HostPort } from '../../docker/needs';
import type { NetworkInfo, NetworkSubnet } from '../../docker/networks';
import type { AgentDeps } from '../ports';
import { boundChecks, hostAddresses, linkChecks } from './source-checks';
import { networkChecks, spansNodes } from './target-checks';

/** What the source tells the target of the container's networks. */
export interface SeenNetworks {
  readonly checks: readonly Check[];
  readonly needs: Pick<Needs, 'networks' | 'addresses'>;
  /** Ports of the node on which a container in the host's network listens itself, where Docker publishes none. */
  readonly ports: readonly HostPort[] | undefined;
}

type NetworkNeed = NonNullable<Needs['networks']>[number];

/** Longer than any option of Docker's own drivers; the schema of the status has the same limit. */
const MAX_OPTION_LENGTH = 1024;

/**
 * Looks at the networks of a container on its own node. Changes nothing.
 * @param bound its sockets; none when it does not run
 */
export async function seeNetworks(
  container: ContainerInfo,
  bound: readonly HostPort[],
  { dockerNetworks, node }: Pick<AgentDeps, 'dockerNetworks' | 'node'>,
): Promise<SeenNetworks> {
  const attached = attachedNetworks(container);
  const checks = linkChecks(container.name, legacyLinks(container));
  const networks: NetworkNeed[] = [];
  for (const endpoint of attached) {
    const network = (await dockerNetworks.named(endpoint.name)).find(({ id }) => id === endpoint.id);
    // It is being taken away just now, and the container out of it: the target looks for it by its name.
    if (network === undefined) continue;
    if (network.scope !== 'local') checks.push(spansNodes(node.name, network));
    else networks.push(needOf(endpoint, network));
  }
  const needs = networks.length === 0 ? {} : { networks };
  // What it may bind to there is the other container's; it is refused anyway.
  if (sharesNetwork(container.networkMode)) return { checks, needs, ports: undefined };
  if (container.networkMode === 'host') {
    const addresses = hostAddresses(bound);
    const ports = bound.filter(({ protocol }) => protocol === 'tcp');
    return { checks, needs: { ...needs, ...(addresses.length === 0 ? {} : { addresses }) }, ports };
  }
  return { checks: [...checks, ...boundChecks(container.name, bound, attached)], needs, ports: undefined };
}

/**
 * Whether the networks of the container are here, and as they must be.
 * @throws ReasonedError as DockerNetworks does
 */
export async function targetNetworkChecks(
  source: SourceStatus | undefined,
  { dockerNetworks, node }: Pick<AgentDeps, 'dockerNetworks' | 'node'>,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const name of source?.networks ?? []) {
    if (BUILT_IN_NETWORKS.includes(name)) continue;
    const need = source?.needs?.networks?.find((network) => network.name === name) ?? { name };
    checks.push(...networkChecks(node.name, need, await dockerNetworks.named(name)));
  }
  return checks;
}

/** Without what is empty: API server 1.20 makes null of an empty text in a list, and refuses the write. */
function needOf({ name, addresses, macAddress }: AttachedNetwork, network: NetworkInfo): NetworkNeed {
  const options = Object.entries(network.options).map(([key, value]) => `${key}=${value}`);
  const shown = options.filter((option) => option.length <= MAX_OPTION_LENGTH).sort();
  return {
    name,
    driver: network.driver,
    ...(network.internal ? { internal: true } : {}),
    ...(network.subnets.length === 0 ? {} : { subnets: network.subnets.map(publicSubnet) }),
    ...(shown.length === 0 ? {} : { options: shown }),
    ...(addresses.length === 0 ? {} : { addresses: [...addresses] }),
    ...(macAddress === undefined ? {} : { macAddress }),
  };
}

function publicSubnet({ subnet, gateway, range }: NetworkSubnet): NonNullable<NetworkNeed['subnets']>[number] {
  return { subnet, ...(gateway === undefined ? {} : { gateway }), ...(range === undefined ? {} : { range }) };
}
