import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allDone } from '../../runtime/all-done';
import { ReasonedError } from '../../runtime/errors';
import type { CommandRunner } from '../../runtime/exec';
import type { DriverContainer, Finding } from '../driver';
import { networkOf, optional } from '../processes';
import type { Inside, IpTables } from './network-lock';
import { insideOf, lockChains, openChains } from './network-lock';
import type { RuncDriverOptions } from './options';

const TIMEOUT_MS = 10_000;
/** By which ours is told from what a container with NET_ADMIN may have set up itself. */
const HANDLE = '7a11:';

/**
 * Keeps everything that leaves an interface from leaving it, ARP and neighbour discovery too, by a queue with room for
 * nothing: the whole network of a container falls silent, and gets its voice back without having lost an address or a
 * route, as it would by being set down (measured: docs/connections.md).
 */
const QUEUE = ['root', 'handle', HANDLE, 'pfifo', 'limit', '0'];

/** Why nothing that the container sends could be held back. */
export async function findSilenceProblems(container: DriverContainer, options: SilenceOptions): Promise<Finding[]> {
  const inside = insideOf(container.pid, options.run);
  const shown = await inside('tc', 'qdisc', 'show');
  const blocking = true;
  const missing = [
    ...(shown === undefined ? ['tc (iproute2)'] : []),
    ...(await missingLocks(inside, container, options)),
  ];
  if (shown === undefined || missing.length > 0) {
    const message = `${missing.join(' and ')} does not run on this node, which silences a container while it moves`;
    return [{ reason: 'NetworkNotSilenceable', message: `${message}: install it`, blocking }];
  }
  const interfaces = await interfacesOf(container.pid, options);
  const own = rootQueues(shown).filter(({ device, kind, handle }) => {
    return interfaces.includes(device) && handle !== HANDLE && !(kind === 'noqueue' || handle === '0:');
  });
  return own.map(({ device, kind }) => ({
    reason: 'NetworkNotSilenceable',
    message: `the container has traffic control of its own (${kind} on ${device}), which would be lost; remove it: tc qdisc del dev ${device} root`,
    blocking,
  }));
}

/** What silencing acts on. */
export type SilenceOptions = Pick<RuncDriverOptions, 'run' | 'nodePid'> & { readonly proc?: string };

/** Nothing leaves the container's network from here on, and no packet comes in. */
export async function silenceNetwork({ pid }: DriverContainer, options: SilenceOptions): Promise<void> {
  const { run, nodePid, proc } = options;
  if ((await networkOf(pid, proc)) === (await networkOf(nodePid, proc))) {
    throw notSilenced('it is that of the node');
  }
  // Whoever opens it again after a failure must not be overtaken by what still closes it.
  await allDone(
    lockChains(pid, run, await familiesOf(pid, options)),
    ...(await interfacesOf(pid, options)).map(async (device) => {
      const words = ['-t', String(pid), '-n', '--', 'tc', 'qdisc', 'add', 'dev', device, ...QUEUE];
      const { exitCode, stderr } = await run.run('nsenter', words, { timeoutMs: TIMEOUT_MS });
      if (exitCode === 0) return;
      // An earlier life of the agent has done it.
      const shown = (await insideOf(pid, run)('tc', 'qdisc', 'show', 'dev', device)) ?? '';
      if (!shown.includes(`pfifo ${HANDLE} root`)) throw notSilenced(`${device}: ${stderr.trim().slice(-300)}`);
    }),
  );
}

/** Lets out what `silenceNetwork` or the wake-up held back. */
export async function openNetwork(pid: number, run: CommandRunner): Promise<void> {
  const inside = insideOf(pid, run);
  const silent = async (): Promise<string[]> => {
    const { exitCode, stdout, stderr } = await showQueues(pid, run);
    if (exitCode === 0) return rootQueues(stdout).flatMap(({ handle, device }) => (handle === HANDLE ? device : []));
    // A node without tc has silenced nothing; and with its last process the network is gone.
    if (exitCode === 127 || (await networkOf(pid)) === undefined) return [];
    throw new ReasonedError(
      'NetworkLocked',
      `whether the container is silent cannot be told: ${stderr.trim().slice(-300)}`,
    );
  };
  const openQueues = async (): Promise<void> => {
    const devices = await silent();
    if (devices.length === 0) return;
    for (const device of devices) await inside('tc', 'qdisc', 'del', 'dev', device, 'root', 'handle', HANDLE);
    const [left] = await silent();
    if (left === undefined) {
      await Promise.all(devices.map((device) => announce(device, inside)));
      return;
    }
    const cure = `tc qdisc del dev ${left} root`;
    throw new ReasonedError('NetworkLocked', `the network of the container cannot be opened; ${cure} in its namespace`);
  };
  await Promise.all([openQueues(), openChains(inside)]);
}

/**
 * Tells the neighbours that the container is here still: a target that was about to wake it up may have told them
 * otherwise, and it may have nothing to send by itself. An address that is set once more to what it is makes the kernel
 * say so. What cannot be told is no failure: neighbours ask again, some time.
 */
async function announce(device: string, inside: Inside): Promise<void> {
  const [, mac] = / link\/ether (\S+)/.exec((await inside('ip', '-o', 'link', 'show', 'dev', device)) ?? '') ?? [];
  if (mac === undefined) return;
  const settings = [`net/ipv4/conf/${device}/arp_notify`, `net/ipv6/conf/${device}/ndisc_notify`];
  const before = await Promise.all(settings.map((setting) => inside('sysctl', '-n', setting)));
  for (const setting of settings) await inside('sysctl', '-q', '-w', `${setting}=1`);
  await inside('ip', 'link', 'set', 'dev', device, 'address', mac);
  for (const [index, setting] of settings.entries()) {
    await inside('sysctl', '-q', '-w', `${setting}=${before[index]?.trim() ?? '0'}`);
  }
}

function showQueues(pid: number, run: CommandRunner): ReturnType<CommandRunner['run']> {
  return run.run('nsenter', ['-t', String(pid), '-n', '--', 'tc', 'qdisc', 'show'], { timeoutMs: TIMEOUT_MS });
}

/** What is needed to lock the network, and does not run in it. */
async function missingLocks(inside: Inside, { pid }: DriverContainer, options: SilenceOptions): Promise<string[]> {
  const families = await familiesOf(pid, options);
  const ran = await Promise.all(families.map((family) => inside(`${family}-restore`, '--version')));
  return families.flatMap((family, index) => (ran[index] === undefined ? `${family}-restore` : []));
}

/** A network without an IPv6 address, not even that of the loopback, has nothing to lock there. */
async function familiesOf(pid: number, { proc = '/proc' }: SilenceOptions): Promise<IpTables[]> {
  const addresses = (await optional(readFile(join(proc, String(pid), 'net/if_inet6'), 'utf8'))) ?? '';
  return addresses === '' ? ['iptables'] : ['iptables', 'ip6tables'];
}

/** All but the loopback. A name holds no blank and no slash: the kernel refuses them. */
async function interfacesOf(pid: number, { proc = '/proc' }: SilenceOptions): Promise<string[]> {
  const table = (await optional(readFile(join(proc, String(pid), 'net/dev'), 'utf8'))) ?? '';
  const names = [...table.matchAll(/^\s*(\S+?):/gm)].map(([, name = '']) => name);
  return names.filter((name) => name !== 'lo');
}

/** Of `qdisc noqueue 0: dev eth0 root refcnt 2`. */
function rootQueues(shown: string): { readonly kind: string; readonly handle: string; readonly device: string }[] {
  return [...shown.matchAll(/^qdisc (\S+) (\S+) dev (\S+) root/gm)].map(([, kind = '', handle = '', device = '']) => {
    return { kind, handle, device };
  });
}

function notSilenced(why: string): ReasonedError {
  return new ReasonedError('NetworkNotSilenced', `the network of the frozen container could not be silenced: ${why}`);
}
