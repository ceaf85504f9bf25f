/** What the ways of moving a container are made of: commands in the nodes, logs, and the network of the servers. */
import { mkdirSync, rmSync } from 'node:fs';
import { systemClock } from '../../src/runtime/clock';
import { createCommandRunner } from '../../src/runtime/exec';
import { inLab, servicePid } from '../lib/chaos-lab';
import { askDocker } from '../lib/chaos-docker';
import type { NodeName } from '../lib/lab-docker';
import { labEnvironment } from '../lib/lab-tools';
import { command, docker, dockerHost } from '../soak/lab';

export const [FROM, TO] = ['node-a', 'node-b'] as const satisfies readonly NodeName[];
export const NODES: readonly NodeName[] = [FROM, TO];

/** lab/lib/common.sh. The servers are neighbours of the nodes: a client on the host reaches them without a router. */
const subnet = process.env['LAB_SUBNET'] ?? '10.88.0';
const NETWORK = 'bench-lan';
/** The address that a server has on both nodes. */
export const SERVER_ADDRESS = `${subnet}.200`;
let servers = 0;

/**
 * Options of `docker run` and `podman run` for a server, with a MAC address that none before had: the lab's bridge
 * remembers behind which node the last one was. The host forgets the last one too.
 */
export async function serverOptions(): Promise<string[]> {
  await command('ip', 'neigh', 'flush', 'to', SERVER_ADDRESS);
  servers += 1;
  const tail = [servers >> 8, servers & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  return ['--network', NETWORK, '--ip', SERVER_ADDRESS, '--mac-address', `02:54:be:9c:${tail}`];
}

/** Options of `docker network create` and `podman network create`. */
export const NETWORK_OPTIONS = [
  ...['--driver', 'macvlan', '--subnet', `${subnet}.0/24`, '--gateway', `${subnet}.1`],
  ...['-o', 'parent=eth0', NETWORK],
];

/** Makes the network of the servers on both nodes; an earlier one is taken away. */
export async function createNetworks(): Promise<void> {
  await removeNetworks();
  for (const node of NODES) await docker(node, 'network', 'create', ...NETWORK_OPTIONS);
}

export async function removeNetworks(): Promise<void> {
  for (const node of NODES) await docker(node, 'network', 'rm', NETWORK).catch(() => undefined);
}

/** `--target=PID …`: options of nsenter that lead into the node whose first process it is. */
export const enter = (pid: number): string[] => [`--target=${pid}`, '--mount', '--uts', '--pid', '--net', '--'];

/** The node's first process, as the host sees it. Throws when the node does not run. */
export function pidOf(node: NodeName): number {
  const pid = servicePid(`node@${node}`);
  if (pid === undefined) throw new Error(`${node} does not run`);
  return pid;
}

/** Runs a program inside a node, without the shells of lab/node-exec around it. */
export const inNode = (node: NodeName, ...words: string[]): Promise<string> =>
  command('nsenter', ...enter(pidOf(node)), ...words);

/** Docker's own checkpoint of 1 GiB takes half a minute, and several times that on a busy machine. */
const STEP_MS = 600_000;
const runner = createCommandRunner(systemClock);

/** A step of a move that takes as long as the memory is large. Throws with its words when it fails. */
export async function longCommand(program: string, ...args: string[]): Promise<void> {
  const env = { PATH: labEnvironment()['PATH'] ?? '', HOME: '/root' };
  const { exitCode, stderr } = await runner.run(program, args, { timeoutMs: STEP_MS, env });
  if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')} (exit ${exitCode ?? 'by signal'}): ${stderr}`);
}

/** The same for the docker client against a node's daemon. */
export const longDocker = (node: NodeName, ...args: string[]): Promise<void> =>
  longCommand('docker', '--host', dockerHost(node), ...args);

/** A directory of the shared volume, by its names on the host and in the nodes. */
export interface Shared {
  readonly onHost: string;
  readonly inNodes: string;
}

/** Makes it anew. */
export function sharedDirectory(name: string): Shared {
  const onHost = inLab('shared/bench', name);
  rmSync(onHost, { recursive: true, force: true });
  mkdirSync(onHost, { recursive: true });
  return { onHost, inNodes: `/mnt/transship/bench/${name}` };
}

export function removeShared(): void {
  rmSync(inLab('shared/bench'), { recursive: true, force: true });
}

/** Removes a container, in whatever state it is; one that is not there is removed already. */
export async function removeContainer(node: NodeName, name: string): Promise<void> {
  await askDocker(node, 'DELETE', `/containers/${name}?force=true&v=true`).catch((error: unknown) => {
    if (!/: (404|409) /.test(String(error))) throw error;
  });
}

export async function idOf(node: NodeName, name: string): Promise<string> {
  return (await docker(node, 'inspect', '--format', '{{.Id}}', name)).trim();
}
