import type { ContainerInfo } from './engine';
import { isRecord, member } from './record';

type Endpoint = Readonly<Record<string, unknown>>;

/** What a user may set of an endpoint, but for aliases and the MAC address: Docker adds some of its own to those. */
const USER_SET = ['IPAMConfig', 'Links', 'DriverOpts', 'GwPriority'];

/** True for a network that belongs to another container: there are no endpoints of one's own in it. */
export function sharesNetwork(networkMode: string): boolean {
  return networkMode.startsWith('container:');
}

/** The network mode with a network's name in it where it held an ID, which is another one on every node. */
export function portableNetworkMode(info: ContainerInfo): string {
  const named = endpointsOf(info).find(([, { NetworkID: id }]) => id === info.networkMode);
  return named === undefined ? info.networkMode : named[0];
}

/**
 * What a user set of each network that the container is attached to. The network of the mode needs no entry when
 * nothing was set.
 */
export function portableEndpoints(info: ContainerInfo, networkMode: string): Readonly<Record<string, Endpoint>> {
  if (sharesNetwork(networkMode) || networkMode === 'host' || networkMode === 'none') return {};
  const main = networkMode === 'default' ? 'bridge' : networkMode;
  // Docker shows in Config the address that a user set, and in the endpoint also one that it made up itself. For a
  // further network nobody can tell the two apart: it gets a new one.
  const address = member(info.raw, 'Config')['MacAddress'];
  return Object.fromEntries(
    endpointsOf(info)
      .map(([name, endpoint]) => {
        const userSet = {
          ...Object.fromEntries(USER_SET.map((field) => [field, endpoint[field]])),
          Aliases: aliasesOf(endpoint, info.id),
          MacAddress: name === main ? address : undefined,
        };
        return [name, Object.fromEntries(Object.entries(userSet).filter(([, value]) => isSet(value)))] as const;
      })
      .filter(([name, endpoint]) => name !== main || isSet(endpoint)),
  );
}

function endpointsOf(info: ContainerInfo): [string, Endpoint][] {
  const networks = Object.entries(member(member(info.raw, 'NetworkSettings'), 'Networks'));
  return networks.filter((entry): entry is [string, Endpoint] => isRecord(entry[1]));
}

/** Older versions of the API add the container's short ID. */
function aliasesOf({ Aliases: aliases }: Endpoint, containerID: string): readonly unknown[] {
  return Array.isArray(aliases) ? aliases.filter((alias: unknown) => alias !== containerID.slice(0, 12)) : [];
}

/** False for all the ways in which Docker says that nothing was set. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
