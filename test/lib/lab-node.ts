import type { NodeName } from './lab-docker';
import type { Outcome } from './lab-tools';
import { mustRun, run } from './lab-tools';

/** Runs a command inside a node. Never throws for its exit code. */
export function inNode(node: NodeName, ...command: string[]): Outcome {
  return run('lab/node-exec', [node, ...command]);
}

/** Runs a shell script inside a node and returns its stdout; the arguments are `$1`, `$2`… Throws when it fails. */
export function onNode(node: NodeName, script: string, ...args: string[]): string {
  return mustRun('lab/node-exec', [node, 'sh', '-euc', script, 'sh', ...args]).trim();
}

/** The address at which the node says that it can be reached. */
export function addressOf(node: NodeName): string {
  return mustRun('kubectl', [
    'get',
    'node',
    node,
    '-o',
    'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}',
  ]);
}
