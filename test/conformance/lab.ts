import type { NodeName } from '../lib/lab-docker';
import { command, docker, dockerHost, fetchText } from '../soak/lab';

export { docker };

/** Runs a shell script inside a node and returns its stdout; the arguments are `$1`, `$2`… Throws when it fails. */
export async function onNode(node: NodeName, script: string, ...args: string[]): Promise<string> {
  return (await command('lab/node-exec', node, 'sh', '-euc', script, 'sh', ...args)).trim();
}

/** The same on both nodes. */
export async function onBoth(script: string, ...args: string[]): Promise<void> {
  for (const node of ['node-a', 'node-b'] as const) await onNode(node, script, ...args);
}

/** The docker client against both daemons, one after the other. */
export async function dockerOnBoth(...args: string[]): Promise<void> {
  for (const node of ['node-a', 'node-b'] as const) await docker(node, ...args);
}

/**
 * What the container has written to its stdout, past the client, of which each costs a tenth of a second and more. Each
 * piece of a container without a terminal has Docker's header of eight bytes in front.
 */
export function stdoutOf(node: NodeName, name: string): Promise<string> {
  const socketPath = dockerHost(node).replace('unix://', '');
  return fetchText({ socketPath, path: `/containers/${name}/logs?stdout=1` });
}
