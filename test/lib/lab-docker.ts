import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { labEnvironment, mustRun, run } from './lab-tools';

/** Names of the lab's nodes. */
export type NodeName = 'node-a' | 'node-b';

const socketOf = (node: NodeName): string => labEnvironment()[`DOCKER_HOST_${node.replaceAll('-', '_')}`] ?? '';

/**
 * What `runc exec` says when its child has died before it was told anything, so that nothing of the program has run. Seen
 * once, in CI, right after a `docker run`, and not in 5,640 calls that were made to see it again; others know it of nested
 * Docker, too.
 */
const DIED_AT_ONCE = 'waiting for init preliminary setup: read init-p: connection reset by peer';

/** Runs the docker client against a node's daemon and returns its stdout. */
export function docker(node: NodeName, ...args: string[]): string {
  const words = ['--host', socketOf(node), ...args];
  if (args[0] !== 'exec') return mustRun('docker', words).trim();
  try {
    return mustRun('docker', words).trim();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes(DIED_AT_ONCE)) throw error;
    // Whoever meets it again learns what the kernel had to say.
    process.stderr.write(
      `${error.message}\nis tried once more; the kernel's last words:\n${run('dmesg', []).stdout.slice(-2000)}\n`,
    );
    return mustRun('docker', words).trim();
  }
}

/** Removes containers that may or may not be there, on both nodes. */
export function removeContainers(...names: string[]): void {
  for (const node of ['node-a', 'node-b'] as const) run('docker', ['--host', socketOf(node), 'rm', '-f', ...names]);
}

/** `running`, `paused`, `exited`…, or undefined when the node has no such container. */
export function stateOf(node: NodeName, name: string): string | undefined {
  const { code, stdout } = run('docker', [
    '--host',
    socketOf(node),
    'inspect',
    '--type',
    'container',
    '-f',
    '{{.State.Status}}',
    name,
  ]);
  return code === 0 ? stdout.trim() : undefined;
}

/** The containers of a node, in every state. */
export function containerNames(node: NodeName): string[] {
  return docker(node, 'ps', '--all', '--format', '{{.Names}}').split('\n').filter(Boolean).sort();
}

/** Lines that a container writes, collected while it lives: its logs go when it is removed. */
export class LogFollower {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #text = '';

  constructor(node: NodeName, name: string) {
    this.#child = spawn('docker', ['--host', socketOf(node), 'logs', '--follow', name], {
      env: labEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#text += chunk.toString('utf8')));
    this.#ended = new Promise((resolve) =>
      this.#child.once('close', () => {
        resolve();
      }),
    );
  }

  /** What was written so far. */
  lines(): string[] {
    return this.#text.split('\n').filter(Boolean);
  }

  /** All that was written until the container ended, or until now when it still runs after the grace. */
  async finish(graceMs = 5_000): Promise<string[]> {
    const timer = setTimeout(() => this.#child.kill(), graceMs);
    await this.#ended;
    clearTimeout(timer);
    return this.lines();
  }
}
