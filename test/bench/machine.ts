import { cpus, release, totalmem } from 'node:os';
import { onNode } from '../conformance/lab';
import { command } from '../soak/lab';
import type { Machine } from './result';

/** What the figures depend on. `more`: versions of what does not run in the nodes. */
export async function machineFacts(more: readonly string[]): Promise<Machine> {
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    kernel: release(),
    versions: [...(await nodeVersions()), `Node.js ${process.version.slice(1)}`, ...more],
  };
}

/** The Docker of the nodes, and what is beneath it, by their own word. */
async function nodeVersions(): Promise<string[]> {
  const said = await onNode(
    'node-a',
    `printf 'Docker %s\\ncontainerd %s\\nrunc %s\\nCRIU %s' \\
      "$(dockerd --version | sed 's/.*version \\([^,]*\\).*/\\1/')" "$(containerd --version | cut -d' ' -f3)" \\
      "$(runc --version | sed -n 's/^runc version //p')" "$(criu --version | sed -n 's/^Version: //p')"`,
  );
  return said.split('\n');
}

/** Major version of the nodes' Docker. */
export function dockerMajorOf({ versions }: Machine): number {
  return Number(/^Docker (\d+)/.exec(versions.find((version) => version.startsWith('Docker ')) ?? '')?.[1]);
}

/** Commit of this checkout, with `+` when files were changed. */
export async function commitOf(): Promise<string> {
  const hash = (await command('git', 'rev-parse', '--short=10', 'HEAD')).trim();
  const changed = (await command('git', 'status', '--porcelain')).trim();
  return changed === '' ? hash : `${hash}+`;
}
