import { portableNetworkMode } from './endpoints';
import type { ContainerInfo } from './engine';
import { member } from './record';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The container as if its owner had fixed the addresses that it has in these networks just now, and its MAC address in the
 * one that it was created in: whatever is made from this has them as well. For connections that are kept, which end at
 * them. Pure.
 */
export function pinAddresses(info: ContainerInfo, networks: readonly string[]): ContainerInfo {
  if (networks.length === 0) return info;
  const raw = info.raw as Fields;
  const settings = member(raw, 'NetworkSettings');
  const endpoints = member(settings, 'Networks');
  const pinned = Object.entries(endpoints).map(([name]): [string, unknown] => [
    name,
    networks.includes(name) ? pinEndpoint(member(endpoints, name)) : endpoints[name],
  ]);
  const main = portableNetworkMode(info);
  const { MacAddress: mac } = member(endpoints, main);
  const config = member(raw, 'Config');
  const isMac = networks.includes(main) && typeof mac === 'string' && mac !== '';
  return {
    ...info,
    raw: {
      ...raw,
      NetworkSettings: { ...settings, Networks: Object.fromEntries(pinned) },
      Config: isMac ? { ...config, MacAddress: mac } : config,
    },
  };
}

function pinEndpoint(endpoint: Fields): Fields {
  const { IPAddress: ipv4, GlobalIPv6Address: ipv6 } = endpoint;
  return {
    ...endpoint,
    IPAMConfig: {
      ...member(endpoint, 'IPAMConfig'),
      ...(isText(ipv4) ? { IPv4Address: ipv4 } : {}),
      ...(isText(ipv6) ? { IPv6Address: ipv6 } : {}),
    },
  };
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
