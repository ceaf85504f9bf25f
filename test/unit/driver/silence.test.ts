import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findSilenceProblems, openNetwork, silenceNetwork } from '../../../src/driver/runc/silence';
import type { CommandRunner } from '../../../src/runtime/exec';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const proc = useTemporaryDirectory();
const container = { id: 'c'.repeat(64), pid: 4711, runtime: 'runc', annotations: {} };
const OPEN = { lo: 'noqueue 0:', eth0: 'noqueue 0:', eth1: 'noqueue 0:' };
const SILENT = 'pfifo 7a11:';

interface Node {
  /** Programs that do not run. */
  readonly missing?: readonly string[];
  readonly stuck?: boolean;
  readonly told?: string[];
}

/** `tc`, as far as it is asked: root queues by device. The chains of iptables are in network-lock.test.ts. */
function tc(queues: Record<string, string>, { missing = [], stuck = false, told }: Node = {}): CommandRunner {
  return {
    run: (_file, words) => {
      const [program = '', , verb, ...rest] = words.slice(4);
      const answer = (exitCode: number, stdout = ''): ReturnType<CommandRunner['run']> =>
        Promise.resolve({ exitCode, signal: null, stdout, stderr: 'for the test', durationMs: 1 });
      if (program === 'ip' && words[5] === '-o')
        return answer(0, '2: eth0: <UP> mtu 1500\\    link/ether 0a:42:00:00:00:14 brd');
      if (program === 'sysctl' && words[5] === '-n') return answer(0, '0\n');
      if (missing.includes(program)) return answer(127);
      if (program.endsWith('-restore')) return answer(0);
      if (program !== 'tc') {
        told?.push(words.slice(4).join(' '));
        return answer(1);
      }
      const device = rest[1] ?? '';
      if (verb === 'show') {
        const shown = Object.entries(queues).filter(([name]) => device === '' || name === device);
        // Without the device where it was asked for by it, as tc does.
        return answer(
          0,
          shown.map(([name, queue]) => `qdisc ${queue} ${device === '' ? `dev ${name} ` : ''}root refcnt 2\n`).join(''),
        );
      }
      if (stuck) return answer(2);
      if (verb === 'add') {
        if (queues[device] !== 'noqueue 0:') return answer(2);
        queues[device] = SILENT;
      } else queues[device] = 'noqueue 0:';
      return answer(0);
    },
  };
}

beforeEach(() => {
  for (const [pid, network] of [
    ['4711', 'net:[2]'],
    ['self', 'net:[1]'],
    ['4712', 'net:[1]'],
  ] as const) {
    mkdirSync(join(proc(), pid, 'ns'), { recursive: true });
    mkdirSync(join(proc(), pid, 'net'));
    symlinkSync(network, join(proc(), pid, 'ns/net'));
    const lines = Object.keys(OPEN).map((name) => `  ${name}: 1 2 3`);
    writeFileSync(join(proc(), pid, 'net/dev'), ['Inter-|   Receive', ' face |bytes', ...lines, ''].join('\n'));
  }
});

const silence = (queues: Record<string, string>, options = {}, pid = 4711): Promise<void> =>
  silenceNetwork({ ...container, pid }, { run: tc(queues, options), nodePid: 'self', proc: proc() });

test('every interface but the loopback falls silent, as often as it is asked, and is opened again', async () => {
  const queues: Record<string, string> = { ...OPEN };
  await silence(queues);
  await silence(queues);
  expect(queues).toEqual({ lo: 'noqueue 0:', eth0: SILENT, eth1: SILENT });
  const told: string[] = [];
  await openNetwork(4711, tc(queues, { told }));
  expect(queues).toEqual(OPEN);
  // Whoever was told that it is elsewhere hears that it is not.
  expect(told.filter((line) => line.includes('eth1'))).toEqual([
    'sysctl -q -w net/ipv4/conf/eth1/arp_notify=1',
    'sysctl -q -w net/ipv6/conf/eth1/ndisc_notify=1',
    'ip link set dev eth1 address 0a:42:00:00:00:14',
    'sysctl -q -w net/ipv4/conf/eth1/arp_notify=0',
    'sysctl -q -w net/ipv6/conf/eth1/ndisc_notify=0',
  ]);
});

test('the network of the node is never silenced', async () => {
  const queues: Record<string, string> = { ...OPEN };
  await expect(silence(queues, {}, 4712)).rejects.toMatchObject({ reason: 'NetworkNotSilenced' });
  expect(queues).toEqual(OPEN);
});

test('what cannot be silenced or opened is said', async () => {
  await expect(silence({ ...OPEN }, { stuck: true })).rejects.toMatchObject({ reason: 'NetworkNotSilenced' });
  const stuck = tc({ eth0: SILENT }, { stuck: true });
  await expect(openNetwork(4711, stuck)).rejects.toMatchObject({ reason: 'NetworkLocked' });
});

test('a node without tc has silenced nothing', async () => {
  await expect(openNetwork(4711, tc({ eth0: SILENT }, { missing: ['tc'] }))).resolves.toBeUndefined();
});

test('a network with IPv6 needs ip6tables, too', async () => {
  writeFileSync(join(proc(), '4711/net/if_inet6'), '00000000000000000000000000000001 01 80 10 80       lo\n');
  const run = tc({ ...OPEN }, { missing: ['ip6tables-restore'] });
  const [found] = await findSilenceProblems(container, { run, nodePid: 'self', proc: proc() });
  expect(found).toMatchObject({ reason: 'NetworkNotSilenceable', blocking: true });
  expect(found?.message).toMatch('ip6tables-restore does not run on this node');
});

test.each<[string, Record<string, string>, Node, number]>([
  ['as Docker makes it', OPEN, {}, 0],
  ['of a node without tc', OPEN, { missing: ['tc'] }, 1],
  ['of a node without iptables', OPEN, { missing: ['iptables-restore'] }, 1],
  ['without IPv6, of a node without ip6tables', OPEN, { missing: ['ip6tables-restore'] }, 0],
  ['with traffic control of its own', { ...OPEN, eth0: 'tbf 8001:' }, {}, 1],
])('a container %s', async (_what, queues, options, problems) => {
  const found = await findSilenceProblems(container, {
    run: tc({ ...queues }, options),
    nodePid: 'self',
    proc: proc(),
  });
  expect(found.map(({ reason }) => reason)).toEqual(Array<string>(problems).fill('NetworkNotSilenceable'));
});
