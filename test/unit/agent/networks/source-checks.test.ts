import {
  boundChecks,
  hostAddressChecks,
  hostAddresses,
  linkChecks,
} from '../../../../src/agent/networks/source-checks';
import type { HostPort } from '../../../../src/docker/needs';

const tcp = (address: string, port = 8080): HostPort => ({ protocol: 'tcp', address, port });
const none = { addresses: [], linkLocal: [], macAddress: undefined };

test.each<[string, string, object, boolean]>([
  ['every address', '', {}, true],
  ['the loopback', '127.0.0.1', {}, true],
  ['a group', '224.0.0.251', {}, true],
  ['the address that Docker chose', '172.18.0.2', {}, false],
  ['an address that it gave itself', '10.0.0.9', { addresses: ['172.18.0.2'] }, false],
  ['the fixed address', '172.18.0.2', { addresses: ['172.18.0.2'] }, true],
  ['the fixed IPv6 address, spelled in another way', '2001:db8::7', { addresses: ['2001:DB8:0::7'] }, true],
  ['a fixed link-local address', '169.254.1.1', { linkLocal: ['169.254.1.1'] }, true],
  ['the address that the kernel made of a MAC address', 'fe80::1', {}, false],
  ['the same of a fixed one', 'fe80::1', { macAddress: '02:42:0a:63:00:14' }, true],
])('a socket bound to %s', (_what, address, changes, fine) => {
  const found = boundChecks('web', [tcp(address)], [{ ...none, ...changes }]);
  expect(found.map(({ reason, blocking }) => [reason, blocking])).toEqual(fine ? [] : [['AddressNotFixed', true]]);
});

test('without any network of its own there are no addresses of its own', () => {
  expect(boundChecks('web', [tcp('')], [])).toEqual([]);
  expect(boundChecks('web', [tcp('172.17.0.2')], [])).toHaveLength(1);
});

test('the status is no list of sockets', () => {
  const many = Array.from({ length: 9 }, (_, index) => tcp('172.18.0.2', 8000 + index));
  const [check] = boundChecks('web', many, []);
  expect(check?.message).toContain('172.18.0.2 port 8004/tcp and 4 more');
});

test('links of the default network are refused with their names', () => {
  expect(linkChecks('web', [])).toEqual([]);
  expect(linkChecks('web', ['/db:/web/store'])).toMatchObject([
    { reason: 'LinksUnsupported', blocking: true, message: expect.stringContaining('to db on') as string },
  ]);
});

test('addresses of the host that it uses, each once', () => {
  const bound = [tcp(''), tcp('127.0.0.1'), tcp('192.0.2.7', 80), tcp('192.0.2.7', 443), tcp('2001:db8::7')];
  expect(hostAddresses(bound)).toEqual(['192.0.2.7', '2001:db8::7']);
});

test('addresses of the host that the target lacks', () => {
  expect(hostAddressChecks('node-b', ['192.0.2.7', '2001:DB8::7'], ['2001:db8:0::7', '192.0.2.7'])).toEqual([]);
  expect(hostAddressChecks('node-b', ['192.0.2.7'], ['192.0.2.8'])).toMatchObject([
    {
      reason: 'AddressMissing',
      blocking: true,
      message: expect.stringContaining('node-b does not have: 192.0.2.7') as string,
    },
  ]);
});
