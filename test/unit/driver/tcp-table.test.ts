import { parseTcpTable } from '../../../src/driver/tcp-table';

const HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     ';
const row = (local: string, remote: string, state: string, queues = '00000000:00000000', inode = 655672): string =>
  `   0: ${local} ${remote} ${state} ${queues} 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
const parse = (...rows: string[]): unknown => parseTcpTable([HEADER, ...rows, ''].join('\n'));

test('the kernel writes IPv4 addresses as a little-endian word, and ports as they are', () => {
  expect(parse(row('0100007F:1F90', '0B00580A:C350', '01'))).toEqual([
    { local: '127.0.0.1:8080', remote: '10.88.0.11:50000', state: 'ESTAB', receiveQueue: 0, inode: 655672 },
  ]);
});

test.each([
  ['00000000000000000000000001000000', '[::1]:80'],
  ['00000000000000000000000000000000', '[::]:80'],
  ['B80D0120000000000000000001000000', '[2001:db8::1]:80'],
  ['0000000000000000FFFF00000B00580A', '[::ffff:10.88.0.11]:80'],
  ['000080FE00000000FF563412F0DEBC9A', '[fe80::1234:56ff:9abc:def0]:80'],
])('IPv6 addresses are four little-endian words: %s is %s', (words, endpoint) => {
  expect(parse(row(`${words}:0050`, `${words}:0050`, '08'))).toMatchObject([
    { local: endpoint, remote: endpoint, state: 'CLOSE-WAIT' },
  ]);
});

test('a listener tells how many connections wait to be accepted', () => {
  expect(parse(row('00000000:0050', '00000000:0000', '0A', '00000000:00000002'))).toMatchObject([
    { state: 'LISTEN', receiveQueue: 2 },
  ]);
});

test('an empty table and no table have no sockets', () => {
  expect(parse()).toEqual([]);
  expect(parseTcpTable('')).toEqual([]);
});
