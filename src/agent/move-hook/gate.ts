import { isIP } from 'node:net';
import { ReasonedError, TerminalError } from '../../runtime/errors';
import type { CommandResult, CommandRunner } from '../../runtime/exec';
import type { Answer } from '../networks/hooked';
import type { AddressGate } from './port';

const TIMEOUT_MS = 10_000;
/** By which the chains of a gate, and those of a container's answers, are known. A chain's name has 28 characters. */
const GATE = 'TRANSSHIP-GATE-';
const ANSWERS = 'TRANSSHIP-AS-';
const FAMILIES = { 4: 'iptables', 6: 'ip6tables' } as const;

type Family = (typeof FAMILIES)[keyof typeof FAMILIES];

/** A chain of ours, in a table of the node, with the chains that lead to it. */
interface OwnChain {
  readonly table: 'raw' | 'nat';
  readonly from: readonly string[];
  readonly name: string;
}

/**
 * By iptables on the node. Before connection tracking (`raw`), for two reasons: a packet for a published port that comes
 * before Docker's rule for it would be noted as one for the node itself, and so would all that follow; and a packet that
 * is dropped later has been seen by then.
 * @param commands run in the node's network
 */
export function createAddressGate(commands: CommandRunner): AddressGate {
  const run = (file: string, args: readonly string[], input?: string): Promise<CommandResult> =>
    commands.run(file, args, { timeoutMs: TIMEOUT_MS, ...(input === undefined ? {} : { input }) });
  const rulesOf = async (family: Family, table: OwnChain['table']): Promise<string[]> =>
    succeeded(family, await run(family, ['-w', '-t', table, '-S'])).split('\n');
  const restore = async (family: Family, table: OwnChain['table'], lines: readonly string[]): Promise<void> => {
    const text = [`*${table}`, ...lines, 'COMMIT', ''].join('\n');
    succeeded(family, await run(`${family}-restore`, ['--wait', '--noflush'], text));
  };
  // All at once: what is half there keeps nothing away. Without a look before, for a container stands still: who sets it
  // again adds a jump, which does no harm and is removed with the other.
  const set = (family: Family, { table, from, name }: OwnChain, rules: readonly string[]): Promise<void> => {
    const lines = rules.map((rule) => `-A ${name} ${rule}`);
    return restore(family, table, [`:${name} - [0:0]`, ...lines, ...from.map((chain) => `-I ${chain} -j ${name}`)]);
  };
  const remove = async (
    family: Family,
    table: OwnChain['table'],
    isUnwanted: (name: string) => boolean | Promise<boolean>,
  ): Promise<void> => {
    const now = await rulesOf(family, table);
    const names: string[] = [];
    for (const [, name = ''] of now.flatMap((rule) => [/^-N (TRANSSHIP-(?:GATE|AS)-\S+)$/.exec(rule) ?? []])) {
      if (name !== '' && (await isUnwanted(name))) names.push(name);
    }
    if (names.length === 0) return;
    const jumps = now.filter((rule) => names.some((name) => rule.endsWith(` -j ${name}`)));
    const lines = [...jumps.map((rule) => rule.replace('-A ', '-D ')), ...names.map((name) => `-F ${name}`)];
    await restore(family, table, [...lines, ...names.map((name) => `-X ${name}`)]);
  };
  return {
    shut: async (uid, addresses) => {
      const chain: OwnChain = { table: 'raw', from: ['PREROUTING', 'OUTPUT'], name: gateOf(uid) };
      await eachFamily(addresses, (family, ofFamily) =>
        set(
          family,
          chain,
          ofFamily.flatMap((address) => ['-s', '-d'].map((side) => `${side} ${address} -p tcp -j DROP`)),
        ),
      );
    },
    open: (uid, addresses) => eachFamily(addresses, (family) => remove(family, 'raw', (name) => name === gateOf(uid))),
    answerAs: async (containerID, answers) => {
      const chain: OwnChain = { table: 'nat', from: ['POSTROUTING'], name: answersOf(containerID) };
      await eachFamily(
        answers.map(({ address }) => address),
        (family) => set(family, chain, answers.filter((answer) => familyOf(answer.address) === family).map(ruleOf)),
      );
    },
    answerNoMore: (containerID, addresses) =>
      eachFamily(addresses, (family) => remove(family, 'nat', (name) => name === answersOf(containerID))),
    endSockets: async (addresses) => {
      const words = ['--kill', '--tcp', '--numeric', '--no-header', 'state', 'connected'];
      try {
        for (const address of addresses) await run('ss', [...words, 'src', bracketed(address)]);
      } catch (error) {
        if (!(error instanceof ReasonedError)) throw error;
      }
    },
    tidy: async ({ migration, container }) => {
      const isUnwanted = async (name: string): Promise<boolean> =>
        !(await (name.startsWith(GATE) ? migration(name.slice(GATE.length)) : container(name.slice(ANSWERS.length))));
      for (const family of Object.values(FAMILIES)) {
        // A kernel without IPv6 has nothing to remove.
        if (family === 'ip6tables' && (await run(family, ['-w', '-t', 'raw', '-S'])).exitCode !== 0) continue;
        await remove(family, 'raw', isUnwanted);
        await remove(family, 'nat', isUnwanted);
      }
    },
  };
}

const gateOf = (uid: string): string => GATE + prefixOf(uid, 8);
const answersOf = (containerID: string): string => ANSWERS + prefixOf(containerID, 12);

const ruleOf = ({ address, port, as, asPort }: Answer): string => {
  return `-s ${address} -p tcp --sport ${port} -j SNAT --to-source ${bracketed(as)}:${asPort}`;
};

/** Its end would be taken for a port. */
const bracketed = (address: string): string => (familyOf(address) === 'ip6tables' ? `[${address}]` : address);

async function eachFamily(
  addresses: readonly string[],
  act: (family: Family, addresses: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const family of Object.values(FAMILIES)) {
    const ofFamily = [...new Set(addresses.map(valid))].filter((address) => familyOf(address) === family);
    if (ofFamily.length > 0) await act(family, ofFamily);
  }
}

function familyOf(address: string): Family {
  return FAMILIES[isIP(valid(address)) === 6 ? 6 : 4];
}

/** They go into the words of programs that root runs. */
function valid(address: string): string {
  if (isIP(address) !== 0 && !address.includes('%')) return address;
  throw new TerminalError('AddressInvalid', `${JSON.stringify(address.slice(0, 100))} is no IP address`);
}

function prefixOf(id: string, length: number): string {
  const prefix = id.slice(0, length);
  if (prefix.length === length && /^[0-9a-f]+$/.test(prefix)) return prefix;
  throw new TerminalError(
    'AddressGateFailed',
    `${JSON.stringify(id.slice(0, 100))} is no ID that a chain can be named after`,
  );
}

function succeeded(family: Family, { exitCode, stdout, stderr }: CommandResult): string {
  if (exitCode === 0) return stdout;
  throw new ReasonedError(
    'AddressGateFailed',
    `the addresses that move could not be kept shut or opened again on the node: ${family}: ${stderr.trim().slice(-300)}`,
  );
}
