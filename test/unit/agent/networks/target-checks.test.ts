import type { NetworkNeed } from '../../../../src/agent/networks/create-line';
import { networkChecks } from '../../../../src/agent/networks/target-checks';
import type { NetworkInfo } from '../../../../src/docker/networks';
import { networkInfo } from '../../../lib/network-info';
import { summarise } from '../../../lib/preflight-world';

const subnets = [{ subnet: '10.99.0.0/24' }];
const plain: NetworkNeed = { name: 'backend', driver: 'bridge', subnets };
const fixed: NetworkNeed = { ...plain, addresses: ['10.99.0.20'], macAddress: '02:42:0a:63:00:14' };
const web = { addresses: ['10.99.0.20'], macAddress: '02:42:0a:63:00:14', what: 'container web' };
const other = networkInfo({ subnets: [{ subnet: '10.98.0.0/24', gateway: undefined, range: undefined }] });

const look = (need: NetworkNeed, ...found: NetworkInfo[]): ReturnType<typeof networkChecks> =>
  networkChecks('node-b', need, found);

test.each<[string, NetworkNeed, NetworkInfo[], [string, boolean][]]>([
  ['the same network', plain, [networkInfo()], []],
  ['one of which an agent of another version told the name alone', { name: 'backend' }, [other], []],
  ['none', plain, [], [['NetworkMissing', true]]],
  ['two', plain, [networkInfo(), networkInfo({ id: 'e'.repeat(64) })], [['NetworkAmbiguous', true]]],
  ['one of a swarm', plain, [networkInfo({ scope: 'swarm', driver: 'overlay' })], [['NetworkScopeUnsupported', true]]],
  ['another driver', plain, [networkInfo({ driver: 'macvlan' })], [['NetworkDriverDiffers', true]]],
  ['another subnet, which it said nothing about', plain, [other], [['SubnetDiffers', false]]],
  ['a fixed address', fixed, [networkInfo()], []],
  ['a fixed address outside', fixed, [other], [['AddressOutsideSubnet', true]]],
  ['a fixed address in no subnet at all', fixed, [networkInfo({ subnets: [] })], [['AddressOutsideSubnet', true]]],
  [
    'a fixed address that a container has',
    { ...plain, addresses: ['10.99.0.20'] },
    [networkInfo({ users: [web] })],
    [['AddressTaken', true]],
  ],
  [
    'a fixed address that the gateway has',
    { ...plain, addresses: ['10.99.0.1'] },
    [networkInfo({ users: [{ addresses: ['10.99.0.1'], macAddress: '', what: 'the gateway of the network' }] })],
    [['AddressTaken', true]],
  ],
  [
    'a fixed MAC address that a container has',
    { ...plain, macAddress: '02:42:0A:63:00:14' },
    [networkInfo({ users: [{ ...web, addresses: ['10.99.0.9'] }] })],
    [['MacAddressTaken', true]],
  ],
  ['an address that others leave free', plain, [networkInfo({ users: [web] })], []],
])('on the target: %s', (_what, need, found, expected) => {
  expect(summarise(look(need, ...found))).toEqual(expected);
});

describe('IPv6', () => {
  const both = [{ subnet: '10.99.0.0/24' }, { subnet: '2001:db8:0::/64' }];
  const range = (subnet: string): NetworkInfo['subnets'][number] => ({ subnet, gateway: undefined, range: undefined });
  const onTarget = (...ranges: string[]): NetworkInfo => networkInfo({ subnets: ranges.map(range) });

  test.each<[string, NetworkNeed, NetworkInfo, string[]]>([
    ['in another order and spelling', { ...plain, subnets: both }, onTarget('2001:DB8::/64', '10.99.0.0/24'), []],
    ['that the target does not have', { ...plain, subnets: both }, onTarget('10.99.0.0/24'), ['SubnetDiffers']],
    [
      'that alone is fixed, in another range of IPv4',
      { ...plain, subnets: both, addresses: ['2001:db8::7'] },
      onTarget('10.98.0.0/24', '2001:db8::/64'),
      ['SubnetDiffers'],
    ],
    [
      'fixed together with IPv4, where neither is free or fits',
      { ...plain, subnets: both, addresses: ['10.99.0.20', '2001:DB8::7'] },
      networkInfo({
        subnets: [range('10.98.0.0/24'), range('2001:db8::/64')],
        users: [{ addresses: ['2001:db8:0:0::7'], macAddress: '', what: 'container web' }],
      }),
      ['AddressOutsideSubnet', 'AddressTaken'],
    ],
  ])('%s', (_what, need, network, expected) => {
    expect(look(need, network).map(({ reason }) => reason)).toEqual(expected);
  });
});

describe('macvlan and ipvlan', () => {
  test.each<[string, string[] | undefined, Record<string, string>, string[]]>([
    ['macvlan', undefined, { macvlan_mode: 'bridge', parent: 'eth1' }, []],
    ['macvlan', ['macvlan_mode=private', 'parent=eth0'], { macvlan_mode: 'private', parent: 'eth1' }, []],
    ['macvlan', ['macvlan_mode=private'], {}, ['NetworkDriverDiffers']],
    ['ipvlan', ['ipvlan_mode=l3'], { ipvlan_mode: 'l2' }, ['NetworkDriverDiffers']],
    ['ipvlan', ['ipvlan_mode=l2'], {}, []],
  ])('%s with %j on the source and %j on the target', (driver, options, there, expected) => {
    const need = { ...plain, driver, ...(options === undefined ? {} : { options }) };
    expect(look(need, networkInfo({ driver, options: there })).map(({ reason }) => reason)).toEqual(expected);
  });
});

test('a missing network is told with the line that makes it', () => {
  const [check] = look({ ...fixed, options: ['com.docker.network.bridge.name=br 1'] });
  expect(check?.message).toContain(
    "docker network create --driver bridge --subnet 10.99.0.0/24 --opt 'com.docker.network.bridge.name=br 1' backend",
  );
});

test('who has a taken address is told', () => {
  expect(look(fixed, networkInfo({ users: [web] })).map(({ message }) => message)).toEqual([
    expect.stringMatching(/10\.99\.0\.20 .*node-b .*container web/) as string,
    expect.stringMatching(/02:42:0a:63:00:14 .*node-b .*container web/) as string,
  ]);
});
