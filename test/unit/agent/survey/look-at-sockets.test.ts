import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  boundSockets,
  connectedUdp,
  ownAddresses,
  parseFibTrie,
  parseIfInet6,
} from '../../../../src/agent/survey/look-at-sockets';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const proc = useTemporaryDirectory();

/** Taken from a container; the last number of each row is made up. */
const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (local: string, state: string, inode: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100`;
const MAPPED = '0000000000000000FFFF00001400630A:1F90';

function container(tables: Readonly<Record<string, readonly string[]>>, ...inodes: number[]): void {
  mkdirSync(join(proc(), '7/fd'), { recursive: true });
  mkdirSync(join(proc(), '7/ns'));
  mkdirSync(join(proc(), '7/net'));
  symlinkSync('net:[1]', join(proc(), '7/ns/net'));
  inodes.forEach((inode, fd) => {
    symlinkSync(`socket:[${inode}]`, join(proc(), '7/fd', String(fd)));
  });
  for (const [name, rows] of Object.entries(tables)) {
    writeFileSync(join(proc(), '7/net', name), [HEADER, ...rows, ''].join('\n'));
  }
}

test('listeners and UDP sockets of the processes, with the addresses they are bound to', async () => {
  container(
    {
      tcp: [row('1400630A:0050', '0A', 1), row('00000000:0051', '0A', 2), row('1400630A:9C40', '01', 3)],
      tcp6: [row(MAPPED, '0A', 4)],
      udp: [row('1400630A:0035', '07', 5), row('1400630A:9C41', '01', 6), row('0B00007F:0035', '07', 99)],
      udp6: [],
    },
    ...[1, 2, 3, 4, 5, 6],
  );
  expect(await boundSockets([7], proc())).toEqual([
    { protocol: 'tcp', address: '10.99.0.20', port: 80 },
    { protocol: 'tcp', address: '', port: 81 },
    { protocol: 'tcp', address: '10.99.0.20', port: 8080 },
    { protocol: 'udp', address: '10.99.0.20', port: 53 },
    { protocol: 'udp', address: '10.99.0.20', port: 40001 },
  ]);
});

test('UDP sockets that are connected are counted, but for those of others', async () => {
  container(
    { tcp: [row('1400630A:9C40', '01', 3)], udp: [row('1400630A:0035', '07', 5), row('0100007F:9C41', '01', 6)] },
    ...[3, 5, 6],
  );
  writeFileSync(join(proc(), '7/net/udp6'), [HEADER, row(MAPPED, '01', 99), ''].join('\n'));
  expect(await connectedUdp([7], proc())).toBe(1);
  expect(await connectedUdp([8], proc())).toBe(0);
});

test('a process that is gone has none', async () => {
  expect(await boundSockets([8], proc())).toEqual([]);
});

test('the addresses of a node, as the kernel lists them', async () => {
  const trie = [
    'Main:',
    '  +-- 0.0.0.0/0 3 0 5',
    '     |-- 0.0.0.0',
    '        /0 universe UNICAST',
    '     +-- 10.86.0.0/24 2 0 2',
    '           |-- 10.86.0.0',
    '              /24 link UNICAST',
    '           |-- 10.86.0.11',
    '              /32 host LOCAL',
    '        |-- 10.86.0.255',
    '           /32 link BROADCAST',
    '     +-- 127.0.0.0/8 2 0 2',
    '           |-- 127.0.0.0',
    '              /8 host LOCAL',
    '           |-- 127.0.0.1',
    '              /32 host LOCAL',
    'Local:',
    '           |-- 10.86.0.11',
    '              /32 host LOCAL',
  ].join('\n');
  const inet6 =
    '20010db8000000000000000000000007 02 40 00 80     eth0\n00000000000000000000000000000001 01 80 10 80 lo\n';
  expect(new Set(parseFibTrie(trie))).toEqual(new Set(['10.86.0.11', '127.0.0.1']));
  expect(parseIfInet6(inet6)).toEqual(['2001:db8::7', '::1']);

  container({});
  writeFileSync(join(proc(), '7/net/fib_trie'), trie);
  expect(await ownAddresses('7', proc())).toEqual(['10.86.0.11', '127.0.0.1']);
});
