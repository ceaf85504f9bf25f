import type { Check } from '../../api/types';
import type { NetworkInfo } from '../../docker/networks';
import { blocking } from '../node-checks';
import { canonicalAddress, canonicalSubnet, familyOf, inSubnet } from './addresses';
import type { NetworkNeed } from './create-line';
import { createLine } from './create-line';

/** Options in which two networks of one driver are different networks, with what the driver does without. */
const MODES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  macvlan: { macvlan_mode: 'bridge' },
  ipvlan: { ipvlan_mode: 'l2', ipvlan_flag: 'bridge' },
};

/**
 * Whether the target's network of that name can take the container in, with the addresses that its owner fixed. Docker
 * would find out in the middle of the downtime. Pure.
 *
 * @param nodeName the target
 * @param found all of its networks that have the name
 */
export function networkChecks(nodeName: string, need: NetworkNeed, found: readonly NetworkInfo[]): Check[] {
  const name = JSON.stringify(need.name);
  const [network, ...others] = found;
  if (network === undefined) {
    const what = `${nodeName} has no Docker network ${name}; create it there`;
    return [
      blocking('NetworkMissing', `${what}, with what must be different there changed, such as: ${createLine(need)}`),
    ];
  }
  if (others.length > 0) {
    const ids = found.map(({ id, driver }) => `${id.slice(0, 12)} (${driver})`).join(', ');
    return [
      blocking(
        'NetworkAmbiguous',
        `${nodeName} has ${found.length} Docker networks ${name}: ${ids}; remove all but one`,
      ),
    ];
  }
  if (network.scope !== 'local') return [spansNodes(nodeName, network)];
  const differs = driverCheck(nodeName, need, network);
  return differs === undefined ? addressChecks(nodeName, need, network) : [differs];
}

/** The refusal of a network that spans nodes: its addresses are not the node's to give. */
export function spansNodes(nodeName: string, { name, driver, scope }: NetworkInfo): Check {
  return blocking(
    'NetworkScopeUnsupported',
    `the network ${JSON.stringify(name)} (${driver}) on ${nodeName} has the scope ${scope}: a swarm gives its addresses out, and the ` +
      'frozen original keeps its own until the new container runs; use a network of the node (bridge, macvlan, ipvlan)',
  );
}

function driverCheck(nodeName: string, need: NetworkNeed, network: NetworkInfo): Check | undefined {
  // An agent of another version reported the name alone.
  if (need.driver === undefined) return undefined;
  const name = JSON.stringify(need.name);
  const cure = `let both be alike: docker network rm there, then ${createLine(need)}`;
  if (need.driver !== network.driver) {
    return blocking(
      'NetworkDriverDiffers',
      `the network ${name} has the driver ${need.driver} on the source and ${network.driver} on ${nodeName}; ${cure}`,
    );
  }
  const wanted = optionsOf(need.options ?? []);
  for (const [option, standard] of Object.entries(MODES[network.driver] ?? {})) {
    const [here, there] = [wanted[option] ?? standard, network.options[option] ?? standard];
    if (here === there) continue;
    return blocking(
      'NetworkDriverDiffers',
      `the network ${name} (${network.driver}) has ${option}=${here} on the source and ${option}=${there} on ${nodeName}; ${cure}`,
    );
  }
  return undefined;
}

function addressChecks(nodeName: string, need: NetworkNeed, network: NetworkInfo): Check[] {
  const checks: Check[] = [];
  const name = JSON.stringify(need.name);
  const ranges = network.subnets.map(({ subnet }) => subnet);
  for (const address of need.addresses ?? []) {
    if (!ranges.some((range) => inSubnet(address, range))) {
      checks.push(
        blocking(
          'AddressOutsideSubnet',
          `the container has the fixed address ${address} in the network ${name}, which on ${nodeName} has ` +
            `${list(ranges)}; create it there with that subnet: ${createLine(need)}`,
        ),
      );
      continue;
    }
    const taken = network.users.find(({ addresses }) => addresses.some((other) => isSame(other, address)));
    if (taken === undefined) continue;
    checks.push(
      blocking(
        'AddressTaken',
        `the container has the fixed address ${address} in the network ${name}, and on ${nodeName} that is taken: ` +
          `${taken.what}; free it there, or fix another address for one of the two`,
      ),
    );
  }
  const { macAddress } = need;
  const sameMac = network.users.find((user) => user.macAddress !== '' && user.macAddress === macAddress?.toLowerCase());
  if (macAddress !== undefined && sameMac !== undefined) {
    checks.push(
      blocking(
        'MacAddressTaken',
        `the container has the fixed MAC address ${macAddress} in the network ${name}, and on ${nodeName} that is taken: ` +
          `${sameMac.what}; fix another one for one of the two`,
      ),
    );
  }
  return [...checks, ...subnetChecks(nodeName, need, ranges)];
}

/** Another subnet is no obstacle for a container whose address nobody fixed; but it will have another one. */
function subnetChecks(nodeName: string, { name, subnets, addresses = [] }: NetworkNeed, ranges: string[]): Check[] {
  if (subnets === undefined) return [];
  const before = subnets.map(({ subnet }) => subnet);
  const changed = (['ipv4', 'ipv6'] as const).filter((family) => {
    const isFixed = addresses.some((address) => familyOf(address) === family);
    return !isFixed && canonicalOf(before, family) !== canonicalOf(ranges, family);
  });
  if (changed.length === 0) return [];
  return [
    {
      reason: 'SubnetDiffers',
      message:
        `the network ${JSON.stringify(name)} has ${list(before)} on the source and ${list(ranges)} on ${nodeName}: the container, whose ` +
        'address is not fixed, gets one of another range there; whoever knows it by its old address has to ask for its name',
      blocking: false,
    },
  ];
}

function canonicalOf(ranges: readonly string[], family: 'ipv4' | 'ipv6'): string {
  const ofFamily = ranges.filter((range) => familyOf(range) === family);
  return ofFamily
    .map((range) => canonicalSubnet(range) ?? range)
    .sort()
    .join(' ');
}

const isSame = (a: string, b: string): boolean => (canonicalAddress(a) ?? a) === (canonicalAddress(b) ?? b);

const list = (ranges: readonly string[]): string => (ranges.length === 0 ? 'no subnet' : ranges.join(', '));

function optionsOf(options: readonly string[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    options.map((option) => {
      const [, key = option, value = ''] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
      return [key, value];
    }),
  );
}
