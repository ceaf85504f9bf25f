import { insideOf, lockChains, openChains, unlockNetwork } from '../../../src/driver/runc/network-lock';
import { ReasonedError } from '../../../src/runtime/errors';
import type { CommandOptions, CommandResult, CommandRunner } from '../../../src/runtime/exec';

const PID = 42;

/** The rules in the network namespace of a container, and which programs the node has. */
interface Network {
  /** By program: the chains besides the built-in ones, and what is in all of them, as `iptables -S` prints it. */
  readonly chains: Record<string, string[]>;
  tables: string[];
  readonly programs: readonly string[];
  /** Rules that cannot be changed. */
  readonly stuck?: boolean;
}

const BUILT_IN = ['-P INPUT ACCEPT', '-P FORWARD ACCEPT', '-P OUTPUT ACCEPT'];
/** As criu 4.2.1 leaves it. */
const LOCKED = [
  '-N CRIU',
  '-A INPUT -j CRIU',
  '-A OUTPUT -j CRIU',
  '-A CRIU -m mark --mark 0xc114 -j ACCEPT',
  '-A CRIU -j DROP',
];
const THEIRS = ['-N DOCKER_OUTPUT', '-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT'];

/** Carries out on the rules what is ordered in the namespace. */
function runnerOf(network: Network): CommandRunner {
  const answer = (stdout: string | undefined): CommandResult => {
    const failed = stdout === undefined;
    return { exitCode: failed ? 1 : 0, signal: null, stdout: stdout ?? '', stderr: '', durationMs: 1 };
  };
  return {
    run: async (file, [flag, pid, net, end, program = '', ...args], { input }) => {
      expect([file, flag, pid, net, end]).toEqual(['nsenter', '-t', String(PID), '-n', '--']);
      if (!network.programs.includes(program)) throw new ReasonedError('CommandNotFound', `no ${program}`);
      if (input !== undefined) return Promise.resolve(answer(restore(network, program, input)));
      return Promise.resolve(answer(program === 'nft' ? nft(network, args) : iptables(network, program, args)));
    },
  };
}

function nft(network: Network, [verb, what, family, name]: string[]): string | undefined {
  if (verb === 'list' && what === 'tables') return network.tables.map((table) => `table ${table}\n`).join('');
  const table = `${family ?? ''} ${name ?? ''}`;
  if (verb !== 'delete' || network.stuck === true || !network.tables.includes(table)) return undefined;
  network.tables = network.tables.filter((other) => other !== table);
  return '';
}

function iptables(network: Network, program: string, [wait, order, ...args]: string[]): string | undefined {
  expect(wait).toBe('-w');
  const rules = network.chains[program] ?? [];
  if (order === '-S') return [...BUILT_IN, ...rules, ''].join('\n');
  const rule = args.join(' ');
  const goes: Record<string, (line: string) => boolean> = {
    '-D': (line) => line === `-A ${rule}`,
    '-F': (line) => line.startsWith(`-A ${rule} `),
    '-X': (line) => line === `-N ${rule}`,
  };
  const left = rules.filter((line) => goes[order ?? '']?.(line) !== true);
  // A chain goes only when it is empty and nothing leads to it.
  const isUsed = left.some((line) => line.startsWith(`-A ${rule} `) || line.endsWith(`-j ${rule}`));
  if (network.stuck === true || left.length === rules.length || (order === '-X' && isUsed)) return undefined;
  network.chains[program] = left;
  return '';
}

/** All or nothing, as `iptables-restore --noflush`. */
function restore(network: Network, program: string, input: CommandOptions['input']): string | undefined {
  const of = program.replace('-restore', '');
  const rules = [...(network.chains[of] ?? [])];
  for (const line of String(input).split('\n').slice(1, -2)) {
    if (network.stuck === true || (line.startsWith('-N') && rules.includes(line))) return undefined;
    if (line.startsWith('-I')) rules.unshift(line.replace('-I', '-A'));
    else rules.push(line);
  }
  network.chains[of] = rules;
  return '';
}

const ALL = ['iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore', 'nft'];
const open = { chains: { iptables: [], ip6tables: [] }, tables: [], programs: ALL };

const cases: Record<string, { before: Network; after: Pick<Network, 'chains' | 'tables'> }> = {
  'that is open is left open': { before: open, after: open },
  'that CRIU locked with iptables is opened': {
    before: { ...open, chains: { iptables: LOCKED, ip6tables: LOCKED } },
    after: open,
  },
  'that was locked for IPv6 alone is opened': {
    before: { ...open, chains: { iptables: [], ip6tables: LOCKED } },
    after: open,
  },
  'that was locked on the way in alone is opened': {
    before: { ...open, chains: { iptables: LOCKED.filter((line) => !line.includes('OUTPUT')), ip6tables: [] } },
    after: open,
  },
  'keeps the rules of others': {
    before: {
      ...open,
      chains: { iptables: [...THEIRS, ...LOCKED], ip6tables: ['-N CRIUS', '-A INPUT -j CRIUS'] },
    },
    after: { chains: { iptables: THEIRS, ip6tables: ['-N CRIUS', '-A INPUT -j CRIUS'] }, tables: [] },
  },
  'that CRIU locked with nftables is opened, and keeps the tables of others': {
    before: { ...open, tables: ['ip nat', 'inet CRIU-1f3a', 'ip6 filter', 'inet NOTCRIU', 'inet CRIU'] },
    after: { ...open, tables: ['ip nat', 'ip6 filter', 'inet NOTCRIU'] },
  },
  'of a node without nft is opened': {
    before: { ...open, chains: { iptables: LOCKED, ip6tables: [] }, programs: ['iptables', 'ip6tables'] },
    after: open,
  },
  'of a node without iptables is opened': {
    before: { ...open, tables: ['inet CRIU-42'], programs: ['nft'] },
    after: open,
  },
  'of a node that has neither was never locked': { before: { ...open, programs: [] }, after: open },
};

test.each(Object.entries(cases))('a network %s', async (_what, { before, after }) => {
  const network = structuredClone(before);
  await unlockNetwork(PID, runnerOf(network));
  expect(network).toMatchObject({ chains: after.chains, tables: after.tables });
});

test.each<[string, Partial<Network>]>([
  ['iptables', { chains: { iptables: LOCKED } }],
  ['ip6tables', { chains: { ip6tables: LOCKED } }],
  ['nft', { tables: ['inet CRIU-42'] }],
  ['another rule that leads to the chain', { chains: { iptables: [...LOCKED, '-A FORWARD -j CRIU'] }, stuck: false }],
])('a network that cannot be opened is said to be locked: %s', async (_what, changes) => {
  const network: Network = structuredClone({ ...open, stuck: true, ...changes });
  await expect(unlockNetwork(PID, runnerOf(network))).rejects.toMatchObject({ reason: 'NetworkLocked' });
});

test('all is kept out and in, as often as it is asked, before the rules of others, and let through again', async () => {
  const network: Network = structuredClone({ ...open, chains: { iptables: THEIRS, ip6tables: [] } });
  const run = runnerOf(network);
  for (let time = 0; time < 2; time++) await lockChains(PID, run, ['iptables', 'ip6tables']);
  const lock = ['-A OUTPUT -j TRANSSHIP', '-A INPUT -j TRANSSHIP'];
  const chain = ['-N TRANSSHIP', '-A TRANSSHIP -j DROP'];
  expect(network.chains).toEqual({ iptables: [...lock, ...THEIRS, ...chain], ip6tables: [...lock, ...chain] });
  await openChains(insideOf(PID, run));
  expect(network.chains).toEqual({ iptables: THEIRS, ip6tables: [] });
});

test('a network that cannot be locked is told', async () => {
  const network: Network = structuredClone({ ...open, stuck: true });
  await expect(lockChains(PID, runnerOf(network), ['iptables'])).rejects.toMatchObject({
    reason: 'NetworkNotSilenced',
  });
});

test('a program that hangs is not taken for an open network', async () => {
  const late = new ReasonedError('CommandTimedOut', 'for the test');
  await expect(unlockNetwork(PID, { run: () => Promise.reject(late) })).rejects.toBe(late);
});
