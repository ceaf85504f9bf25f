import {
  bytesOf,
  isNetworkMount,
  isOwnTmpfs,
  parseCpuFlags,
  parseDumpedMemory,
  parseHasSysResource,
  parseIsRoot,
  parseListeners,
  parseMounts,
} from '../../../../src/agent/survey/parse-proc';

test('the flags of the first processor', () => {
  expect(parseCpuFlags('processor\t: 0\nflags\t\t: fpu sse2  avx2\n\nprocessor\t: 1\nflags\t\t: fpu\n')).toEqual([
    'fpu',
    'sse2',
    'avx2',
  ]);
  expect(parseCpuFlags('processor\t: 0\nFeatures\t: fp asimd\n')).toEqual(['fp', 'asimd']);
  expect(parseCpuFlags('vendor_id: IBM\n')).toEqual([]);
});

test('what CRIU would write of a process: not the pages of files', () => {
  const rollup = [
    '00400000-7ffc0 ---p 00000000 00:00 0    [rollup]',
    'Rss:               90000 kB',
    'Pss_Anon:             50 kB',
    'Pss_File:          80000 kB',
    'Pss_Shmem:            20 kB',
    'Anonymous:           100 kB',
    'Swap:                  4 kB',
    'SwapPss:               4 kB',
  ].join('\n');
  expect(parseDumpedMemory(rollup)).toBe(124 * 1024);
  expect(parseDumpedMemory('')).toBe(0);
  expect(bytesOf('MemTotal:        4032384 kB\n', 'MemTotal')).toBe(4_032_384 * 1024);
});

test.each([
  ['000001ffffffffff', true],
  ['000001fffeffffff', false],
  ['00000000a80425fb', false],
])('the bounding set %s has CAP_SYS_RESOURCE: %s', (set, has) => {
  expect(parseHasSysResource(`CapEff:\t0000000000000000\nCapBnd:\t${set}\n`)).toBe(has);
});

test.each([
  ['Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n', true],
  ['Uid:\t0\t0\t0\t1000\nGid:\t0\t0\t0\t0\n', true],
  ['Uid:\t1000\t1000\t1000\t1000\nGid:\t0\t0\t0\t0\n', false],
  ['Uid:\t0\t0\t1000\t0\nGid:\t0\t0\t0\t0\n', false],
  ['Uid:\t0\t0\t0\t0\nGid:\t33\t33\t33\t33\n', false],
])('%j is root: %s', (status, root) => {
  expect(parseIsRoot(status)).toBe(root);
});

test('mounts, with blanks in their names and fields that may be missing', () => {
  const mounts = parseMounts(
    [
      '700 600 0:50 / / rw,relatime master:1 - overlay overlay rw',
      '701 700 0:51 / /dev/shm rw - tmpfs shm rw',
      '702 700 0:22 /docker/resolv.conf /etc/resolv.conf rw - tmpfs tmpfs rw',
      String.raw`703 700 0:60 /export /data\040of\040mine rw shared:3 master:4 - nfs4 server:/export rw`,
      'nonsense',
      '',
    ].join('\n'),
  );
  expect(mounts).toHaveLength(4);
  expect(mounts.filter(isOwnTmpfs).map(({ mountPoint }) => mountPoint)).toEqual(['/dev/shm']);
  expect(mounts.filter(isNetworkMount)).toEqual([{ root: '/export', mountPoint: '/data of mine', fsType: 'nfs4' }]);
});

test('what listens, and nothing that is only connected', () => {
  const row = (local: string, state: string): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 5 1 0 100 0 0 10 0`;
  const table = (...rows: string[]): string => ['header', ...rows, ''].join('\n');
  expect(
    parseListeners(table(row('0100007F:1F90', '0A'), row('00000000:0050', '0A'), row('0100007F:1F91', '01')), 'tcp'),
  ).toEqual([
    { protocol: 'tcp', address: '127.0.0.1', port: 8080 },
    { protocol: 'tcp', address: '', port: 80 },
  ]);
  expect(parseListeners(table(row(`${'0'.repeat(32)}:0035`, '07')), 'udp')).toEqual([
    { protocol: 'udp', address: '', port: 53 },
  ]);
});
