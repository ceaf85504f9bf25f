import type { Spec } from '../../../../src/api/types';
import {
  addressesToRestore,
  asToBeMade,
  keptAddresses,
  mustBeSilent,
  reachOf,
} from '../../../../src/agent/networks/kept-addresses';
import { describe as describeContainer } from '../../../../src/docker/description';
import { attachedNetworks } from '../../../../src/docker/endpoints';
import type { ContainerInfo } from '../../../../src/docker/engine';
import type { DockerNetworks } from '../../../../src/docker/networks';
import { fixtureProfiles, inspectFixture } from '../../../lib/inspect-fixtures';
import { networkInfo } from '../../../lib/network-info';

/** The networks that the container is in, each with that driver. */
const dockerNetworks = (container: ContainerInfo, driver: string): DockerNetworks => ({
  named: (name) =>
    Promise.resolve(
      attachedNetworks(container).flatMap(({ id, ...network }) =>
        network.name === name ? networkInfo({ id, name, driver }) : [],
      ),
    ),
});

describe.each(fixtureProfiles())('on %s', (profile) => {
  const two = inspectFixture(profile, 'two-networks');
  const made = (connections: 'Refuse' | 'Close' | 'Keep', driver: string): ReturnType<typeof asToBeMade> =>
    asToBeMade(two, { connections }, { dockerNetworks: dockerNetworks(two, driver) });
  const ADDRESSES = attachedAddresses(two);

  test('connections that are kept take the addresses along that Docker chose', async () => {
    const { container, reach } = await made('Keep', 'macvlan');
    expect(reach.addresses).toEqual(ADDRESSES);
    expect(attachedNetworks(container).flatMap((network) => network.addresses)).toEqual(ADDRESSES);
    const { endpoints } = describeContainer(container);
    expect(endpoints['fixture-net']).toMatchObject({
      IPAMConfig: { IPv4Address: ADDRESSES[0] },
      MacAddress: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/) as string,
    });
    // The original is as it was.
    expect(attachedNetworks(two)[0]?.addresses).toEqual([]);
  });

  test('behind an address of the node that moves along, those in a bridge network are as good as fixed', async () => {
    const network: Spec['network'] = { moveHook: 'vip', addresses: ['10.0.0.100'] };
    const docker = { dockerNetworks: dockerNetworks(two, 'bridge') };
    const hooked = await asToBeMade(published(two), { connections: 'Keep', network }, docker);
    expect(attachedNetworks(hooked.container).flatMap(({ addresses }) => addresses)).toEqual(ADDRESSES);
    expect(hooked.reach).toEqual({
      addresses: [],
      isHost: false,
      answers: ADDRESSES.map((address) => {
        return { address, port: 80, as: '10.0.0.100', asPort: 8080, isOnly: false };
      }),
    });
    expect(mustBeSilent(hooked.reach)).toBe(true);
  });

  test.each([
    ['Keep', 'bridge'],
    ['Close', 'macvlan'],
    ['Refuse', 'ipvlan'],
  ] as const)('with %s in a network of the driver %s nothing is fixed', async (connections, driver) => {
    expect(await made(connections, driver)).toEqual({
      container: two,
      reach: { addresses: [], answers: [], isHost: false },
    });
  });
});

function published(container: ContainerInfo): ContainerInfo {
  const raw = container.raw as { HostConfig: object };
  const PortBindings = { '80/tcp': [{ HostIp: '', HostPort: '8080' }] };
  return { ...container, raw: { ...raw, HostConfig: { ...raw.HostConfig, PortBindings } } };
}

/** That Docker shows it to have, in the order of its networks. */
function attachedAddresses(container: ContainerInfo): string[] {
  const { NetworkSettings } = container.raw as {
    NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
  };
  return attachedNetworks(container).map(({ name }) => NetworkSettings.Networks[name]?.IPAddress ?? '');
}

const networks = [
  { name: 'lan', driver: 'macvlan', addresses: ['10.99.0.20'] },
  { name: 'backend', driver: 'bridge', addresses: ['10.96.0.7'] },
];

test('only those of a network on the wire are known to others', () => {
  expect(keptAddresses({ networks })).toEqual(['10.99.0.20']);
  expect(keptAddresses({})).toEqual([]);
});

test('with the network of the node, the addresses that move are the container’s own', () => {
  const network: Spec['network'] = { moveHook: 'vip', addresses: ['10.0.0.100'] };
  const reach = reachOf({ connections: 'Keep', network }, {}, { networkMode: 'host', raw: {} });
  expect(reach).toEqual({ addresses: ['10.0.0.100'], answers: [], isHost: true });
  expect(mustBeSilent(reach)).toBe(false);
  expect(reachOf({ connections: 'Close', network }, {}, { networkMode: 'host', raw: {} }).addresses).toEqual([]);
});

test.each([
  ['connections that are kept', 'Keep', undefined, 'lan', ['10.99.0.20', '10.96.0.7']],
  ['a connected UDP socket', 'Refuse', 1, 'lan', ['10.99.0.20', '10.96.0.7']],
  ['nothing of the kind', 'Close', undefined, 'lan', undefined],
  ['the network of the node', 'Keep', undefined, 'host', undefined],
] as const)('%s: which must be there before the sockets are', (_what, connections, connectedUDP, mode, expected) => {
  const needs = { networks, ...(connectedUDP === undefined ? {} : { connectedUDP }) };
  expect(addressesToRestore({ needs }, { connections }, mode)).toEqual(expected);
});
