import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectionsToKeep,
  containerPids,
  establishedConnections,
  stoppedProcesses,
} from '../../../src/driver/processes';

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'proc-'));
});
afterEach(() => {
  rmSync(proc, { recursive: true });
});

const ID = 'c'.repeat(64);
const V1 = (path: string): string => `9:pids:/other\n6:cpu,freezer:${path}\n0::/unified\n`;
const V2 = (path: string): string => `0::${path}\n`;

interface FakeProcess {
  readonly cgroup?: string;
  readonly state?: string;
  readonly command?: string;
  readonly sockets?: readonly number[];
  readonly namespace?: string;
  readonly tcp?: readonly string[];
}

function processIs(pid: number, { cgroup = '', state = 'S', command = 'sh', sockets = [], ...net }: FakeProcess): void {
  const directory = join(proc, String(pid));
  for (const name of ['fd', 'net', 'ns']) mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, 'cgroup'), cgroup);
  writeFileSync(join(directory, 'stat'), `${pid} (${command}) ${state} 1 1 1 0 -1\n`);
  symlinkSync('/dev/null', join(directory, 'fd/0'));
  sockets.forEach((inode, index) => {
    symlinkSync(`socket:[${inode}]`, join(directory, 'fd', String(index + 3)));
  });
  symlinkSync(`net:[${net.namespace ?? '1'}]`, join(directory, 'ns/net'));
  writeFileSync(join(directory, 'net/tcp'), ['header', ...(net.tcp ?? []), ''].join('\n'));
}

function tcpRow(port: number, state: string, inode: number, waiting = 0): string {
  const hex = port.toString(16).padStart(4, '0');
  return `0: 0100007F:${hex} 0200007F:0001 ${state} 00000000:0000000${waiting} 00:0 0 0 0 ${inode} 1`;
}

describe('the processes of a container', () => {
  test.each([
    ['freezer cgroup of version 1', V1],
    ['unified cgroup of version 2', V2],
  ])('are those in its %s and below', async (_, cgroup) => {
    processIs(10, { cgroup: cgroup(`/docker/${ID}`) });
    processIs(12, { cgroup: cgroup(`/docker/${ID}/nested`) });
    processIs(11, { cgroup: cgroup(`/docker/${ID}`) });
    processIs(13, { cgroup: cgroup(`/docker/${ID}-other`) });
    processIs(14, { cgroup: cgroup('/docker') });
    writeFileSync(join(proc, 'uptime'), '1');
    expect(await containerPids(10, proc)).toEqual([10, 11, 12]);
  });

  test('are not guessed when the first one is gone or in the root cgroup', async () => {
    processIs(10, { cgroup: V2('/') });
    await expect(containerPids(10, proc)).rejects.toMatchObject({ reason: 'ContainerProcessesUnknown' });
    await expect(containerPids(11, proc)).rejects.toMatchObject({ reason: 'ContainerProcessesUnknown' });
  });
});

describe('open connections', () => {
  test.each(['01', '02', '04', '05', '08', '09', '0B'])('are found in state %s', async (state) => {
    processIs(10, { sockets: [77], tcp: [tcpRow(80, state, 77)] });
    expect(await establishedConnections([10], proc)).toMatchObject([{ local: '127.0.0.1:80', remote: '127.0.0.2:1' }]);
  });

  test('are not listeners, closed sockets, or sockets of other processes', async () => {
    processIs(10, { sockets: [77, 78], tcp: [tcpRow(80, '0A', 77), tcpRow(81, '07', 78), tcpRow(82, '01', 79)] });
    expect(await establishedConnections([10], proc)).toEqual([]);
  });

  test('are those too that wait to be accepted', async () => {
    processIs(10, { sockets: [77], tcp: [tcpRow(80, '0A', 77, 1)] });
    expect(await establishedConnections([10], proc)).toMatchObject([{ local: '127.0.0.1:80', state: 'SYN-RECV' }]);
  });

  test('are found in every network namespace of the container, each once', async () => {
    const shared = { namespace: '1', tcp: [tcpRow(80, '01', 77)] };
    processIs(10, { sockets: [77], ...shared });
    processIs(11, { sockets: [77], ...shared });
    processIs(12, { sockets: [88], namespace: '2', tcp: [tcpRow(90, '01', 88)] });
    const found = await establishedConnections([10, 11, 12, 999], proc);
    expect(found.map(({ local }) => local)).toEqual(['127.0.0.1:80', '127.0.0.1:90']);
  });
});

describe('connections that are to be kept', () => {
  const states = async (namespace: string): Promise<string[]> => {
    processIs(1, { namespace: '1' });
    // Held; closed with something unconfirmed; closed and confirmed; of nobody any more.
    const tcp = [tcpRow(80, '01', 77), tcpRow(81, '04', 0), tcpRow(82, '05', 0), tcpRow(83, '06', 0)];
    processIs(10, { sockets: [77], namespace, tcp });
    return (await connectionsToKeep([10], 1, proc)).map(({ state }) => state);
  };

  test('are those too that the kernel alone has still to finish', async () => {
    expect(await states('2')).toEqual(['ESTAB', 'FIN-WAIT-1, closed']);
  });

  test('are the held ones alone in the network of the node, where others are too', async () => {
    expect(await states('1')).toEqual(['ESTAB']);
  });
});

test('stopped processes are told by their state, whatever their name', async () => {
  processIs(10, { state: 'T' });
  processIs(11, { state: 'S', command: 'odd) T (name' });
  processIs(12, { state: 't' });
  expect(await stoppedProcesses([10, 11, 12, 999], proc)).toEqual([10]);
});
