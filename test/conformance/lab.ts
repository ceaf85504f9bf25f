import type { NodeName } from '../lib/lab-docker';
import { command, docker } from '../soak/lab';

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
