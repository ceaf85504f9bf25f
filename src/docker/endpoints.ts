import type { ContainerInfo } from './engine';
import { isSet } from './known-fields';
import { isRecord, member } from './record';

type Endpoint = Readonly<Record<string, unknown>>;

/** What a user may set of an endpoint, but for aliases and the MAC address: Docker adds some of its own to those. */
const USER_SET = ['IPAMConfig', 'Links', 'DriverOpts', 'GwPriority'];

/** Networks that every Docker has. */
export const BUILT_IN_NETWORKS = ['bridge', 'host', 'none'];

/** True for a network that belongs to another container: there are no endpoints of one's own in it. */
export function sharesNetwork(networkMode: string): boolean {
  return networkMode.startsWith('container:');
}

/**
 * The network mode with a network's name in it where it held an ID, which is another one on every node. A container that
 * was taken out of the network of its mode (`docker network disconnect`) has the first of its others, or none: else
 * Docker would attach the new one to it again.
 */
export function portableNetworkMode(info: ContainerInfo): string {
  const { networkMode: mode } = info;
  if (sharesNetwork(mode)) return mode;
  const attached = endpointsOf(info);
  if (attached.some(([name]) => name === mainOf(mode))) return mode;
  const [name] = attached.find(([, { NetworkID: id }]) => id === mode) ?? attached[0] ?? ['none'];
  return name;
}

/** A network that its users made, with what the container's owner fixed there. */
export interface AttachedNetwork {
  readonly name: string;
  /** Its full ID on this node. */
  readonly id: string;
  /** `docker run --ip` and `--ip6`. */
  readonly addresses: readonly string[];
  /** `docker run --link-local-ip`: in no subnet of the network. */
  readonly linkLocal: readonly string[];
  /** `docker run --mac-address`; undefined also where nobody can tell whether it was fixed, see below. */
  readonly macAddress: string | undefined;
}

/** The user-defined networks that the container is attached to. */
export function attachedNetworks(info: ContainerInfo): readonly AttachedNetwork[] {
  const portable = portableEndpoints(info, portableNetworkMode(info));
  const userDefined = endpointsOf(info).filter(([name]) => !BUILT_IN_NETWORKS.includes(name));
  return userDefined.map(([name, { NetworkID: id }]) => {
    const { IPAMConfig: ipam, MacAddress: mac } = portable[name] ?? {};
    const { IPv4Address: ipv4, IPv6Address: ipv6, LinkLocalIPs: linkLocal } = isRecord(ipam) ? ipam : {};
    return {
      name,
      id: String(id),
      addresses: textsOf([ipv4, ipv6]),
      linkLocal: textsOf(linkLocal),
      macAddress: textsOf([mac])[0]?.toLowerCase(),
    };
  });
}

/** Containers that it was linked to when it was created (`docker run --link`), outside of user-defined networks. */
export function legacyLinks(info: ContainerInfo): readonly string[] {
  return BUILT_IN_NETWORKS.includes(mainOf(portableNetworkMode(info)))
    ? textsOf(member(info.raw, 'HostConfig')['Links'])
    : [];
}

/**
 * What a user set of each network that the container is attached to. The network of the mode needs no entry when it is
 * the only one and nothing was set; beside others it must have one, or Docker attaches the container to those alone.
 */
export function portableEndpoints(info: ContainerInfo, networkMode: string): Readonly<Record<string, Endpoint>> {
  if (sharesNetwork(networkMode) || networkMode === 'host' || networkMode === 'none') return {};
  const main = mainOf(networkMode);
  const attached = endpointsOf(info);
  // Docker shows in Config the address that a user set, and in the endpoint also one that it made up itself. For a
  // further network nobody can tell the two apart: it gets a new one.
  const address = member(info.raw, 'Config')['MacAddress'];
  return Object.fromEntries(
    attached
      .map(([name, endpoint]) => {
        const userSet = {
          ...Object.fromEntries(USER_SET.map((field) => [field, endpoint[field]])),
          Aliases: aliasesOf(endpoint, info.id),
          MacAddress: name === main ? address : undefined,
        };
        return [name, Object.fromEntries(Object.entries(userSet).filter(([, value]) => isSet(value)))] as const;
      })
      .filter(([name, endpoint]) => attached.length > 1 || name !== main || isSet(endpoint)),
  );
}

/** The network of a mode, by the name that inspect gives it. */
function mainOf(networkMode: string): string {
  return networkMode === 'default' ? 'bridge' : networkMode;
}

function endpointsOf(info: ContainerInfo): [string, Endpoint][] {
  const networks = Object.entries(member(member(info.raw, 'NetworkSettings'), 'Networks'));
  return networks.filter((entry): entry is [string, Endpoint] => isRecord(entry[1]));
}

function textsOf(list: unknown): string[] {
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  return entries.flatMap((entry) => (typeof entry === 'string' && entry !== '' ? [entry] : []));
}

/** Older versions of the API add the container's short ID. */
function aliasesOf({ Aliases: aliases }: Endpoint, containerID: string): readonly unknown[] {
  return Array.isArray(aliases) ? aliases.filter((alias: unknown) => alias !== containerID.slice(0, 12)) : [];
}
