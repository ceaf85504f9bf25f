import { seeNetworks, targetNetworkChecks } from '../../../../src/agent/networks/see-networks';
import type { ContainerInfo } from '../../../../src/docker/engine';
import type { NetworkInfo } from '../../../../src/docker/networks';
import type { HostPort } from '../../../../src/docker/needs';
import { attachedNetworks } from '../../../../src/docker/endpoints';
import { fixtureProfiles, inspectFixture } from '../../../lib/inspect-fixtures';
import { source } from '../../../lib/migration';
import { networkInfo } from '../../../lib/network-info';
import { depsFor, summarise } from '../../../lib/preflight-world';

/** A Docker that has the networks of the container, but for what the case changes. */
function having(container: ContainerInfo, changes: Partial<NetworkInfo> = {}): ReturnType<typeof depsFor> {
  const ids = new Map(attachedNetworks(container).map(({ name, id }) => [name, id]));
  const named = (name: string): Promise<NetworkInfo[]> =>
    Promise.resolve([networkInfo({ id: 'swarm', name }), networkInfo({ name, id: ids.get(name) ?? '', ...changes })]);
  return depsFor({ networks: { named } });
}

const tcp = (address: string): HostPort => ({ protocol: 'tcp', address, port: 80 });

describe.each(fixtureProfiles())('the source, on %s', (profile) => {
  const fixed = inspectFixture(profile, 'fixed-address');

  test('tells of each user-defined network what the target must compare, and what is fixed', async () => {
    const options = { 'com.docker.network.driver.mtu': '1400', long: 'x'.repeat(2_000) };
    const { needs, checks, ports } = await seeNetworks(fixed, [tcp('10.99.0.20')], having(fixed, { options }));
    expect({ checks, ports }).toEqual({ checks: [], ports: undefined });
    expect(needs).toEqual({
      networks: [
        {
          ...{ name: 'fixture-net', driver: 'bridge' },
          subnets: [{ subnet: '10.99.0.0/24', gateway: '10.99.0.1' }],
          options: ['com.docker.network.driver.mtu=1400'],
          addresses: ['10.99.0.20'],
          macAddress: '02:42:0a:63:00:14',
        },
      ],
    });
  });

  test('tells of every one that it is attached to', async () => {
    const two = inspectFixture(profile, 'two-networks');
    const { needs } = await seeNetworks(two, [], having(two));
    expect(needs.networks?.map(({ name, addresses }) => [name, addresses])).toEqual([
      ['fixture-net', undefined],
      ['fixture-other', ['10.99.1.7']],
    ]);
  });

  test('refuses a network of a swarm', async () => {
    const { needs, checks } = await seeNetworks(fixed, [], having(fixed, { scope: 'swarm', driver: 'overlay' }));
    expect(summarise(checks)).toEqual([['NetworkScopeUnsupported', true]]);
    expect(needs).toEqual({});
  });

  test('refuses sockets that are bound to an address that Docker chose', async () => {
    const bridge = inspectFixture(profile, 'bridge');
    const { checks } = await seeNetworks(bridge, [tcp('172.17.0.2')], having(bridge));
    expect(summarise(checks)).toEqual([['AddressNotFixed', true]]);
  });

  test("of a container in the host's network tells the ports and addresses that it uses", async () => {
    const host = inspectFixture(profile, 'host');
    const bound = [tcp('192.0.2.7'), tcp(''), { ...tcp(''), protocol: 'udp' }];
    expect(await seeNetworks(host, bound, having(host))).toEqual({
      checks: [],
      needs: { addresses: ['192.0.2.7'] },
      ports: [tcp('192.0.2.7'), tcp('')],
    });
  });

  test("says nothing of what it binds to in another container's network, for which it is refused", async () => {
    const joined = inspectFixture(profile, 'joined');
    expect(await seeNetworks(joined, [tcp('172.17.0.2')], having(joined))).toEqual({
      checks: [],
      needs: {},
      ports: undefined,
    });
  });
});

describe('the target', () => {
  const named = (name: string): Promise<NetworkInfo[]> =>
    Promise.resolve(name === 'backend' ? [networkInfo({ driver: 'macvlan' })] : []);
  const look = (networks: string[], needs: object = {}): ReturnType<typeof targetNetworkChecks> =>
    targetNetworkChecks(source('Preflighted', { networks, ...needs }), depsFor({ networks: { named } }));

  test('does not look for networks that every Docker has', async () => {
    expect(await look(['bridge', 'host', 'none'])).toEqual([]);
  });

  test('compares each of the others with what the source told of it', async () => {
    const needs = { needs: { networks: [{ name: 'backend', driver: 'bridge' }] } };
    expect(summarise(await look(['bridge', 'backend', 'front'], needs))).toEqual([
      ['NetworkDriverDiffers', true],
      ['NetworkMissing', true],
    ]);
  });

  test('of an agent of another version, which told the names alone, looks for those', async () => {
    expect(summarise(await look(['backend', 'front']))).toEqual([['NetworkMissing', true]]);
  });
});
