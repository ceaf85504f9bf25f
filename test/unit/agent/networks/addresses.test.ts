import {
  canonicalAddress,
  canonicalSubnet,
  inSubnet,
  meansTheSameEverywhere,
} from '../../../../src/agent/networks/addresses';

test.each([
  ['10.99.0.20', '10.99.0.20'],
  ['2001:DB8:0:0::7', '2001:db8::7'],
  ['::ffff:10.99.0.20', '10.99.0.20'],
  ['10.99.0', undefined],
  ['10.99.0.20/24', undefined],
  ['', undefined],
])('the address "%s" is written %s', (address, canonical) => {
  expect(canonicalAddress(address)).toBe(canonical);
});

test.each([
  ['10.99.0.0/24', '10.99.0.0/24'],
  ['2001:db8:0:0::/64', '2001:db8::/64'],
  ['10.99.0.0', undefined],
  ['10.99.0.0/33', undefined],
  ['2001:db8::/129', undefined],
  ['backend/24', undefined],
])('the range "%s" is written %s', (range, canonical) => {
  expect(canonicalSubnet(range)).toBe(canonical);
});

test.each([
  ['10.99.0.20', '10.99.0.0/24', true],
  ['10.99.1.20', '10.99.0.0/24', false],
  ['10.99.1.20', '10.99.0.0/23', true],
  ['2001:db8::7', '2001:db8::/64', true],
  ['2001:db8:1::7', '2001:db8::/64', false],
  ['10.99.0.20', '::/0', false],
  ['2001:db8::7', '0.0.0.0/0', false],
  ['10.99.0.20', 'nonsense', false],
  ['nonsense', '10.99.0.0/24', false],
])('%s in %s: %s', (address, range, contained) => {
  expect(inSubnet(address, range)).toBe(contained);
});

test.each([
  ['', true],
  ['0.0.0.0', true],
  ['127.0.0.53', true],
  ['::1', true],
  ['224.0.0.251', true],
  ['239.255.255.250', true],
  ['ff02::fb', true],
  ['172.17.0.2', false],
  ['fe80::42:acff:fe11:2', false],
  ['2001:db8::7', false],
])('"%s" is there on every node: %s', (address, everywhere) => {
  expect(meansTheSameEverywhere(address)).toBe(everywhere);
});
