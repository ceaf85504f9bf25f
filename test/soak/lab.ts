import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../src/runtime/clock';
import { createCommandRunner } from '../../src/runtime/exec';
import type { NodeName } from '../lib/lab-docker';
import { labEnvironment, project } from '../lib/lab-tools';

export const NODES: readonly [NodeName, NodeName] = ['node-a', 'node-b'];
const runner = createCommandRunner(systemClock);

/** A container as its daemon lists it. */
export interface Listed {
  readonly name: string;
  /** `running`, `paused`, `created`… */
  readonly state: string;
}

/** Runs a program with the lab's environment beside everything else, and returns its stdout. Throws when it fails. */
export async function command(program: string, ...args: string[]): Promise<string> {
  const env = Object.fromEntries(Object.entries(labEnvironment()).filter(([, value]) => value !== undefined));
  const options = { timeoutMs: 120_000, cwd: project, env: env as Record<string, string> };
  const { exitCode, stdout, stderr } = await runner.run(program, args, options);
  if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')} (exit ${exitCode ?? 'by signal'}): ${stderr}`);
  return stdout;
}

export const dockerHost = (node: NodeName): string =>
  labEnvironment()[`DOCKER_HOST_${node.replaceAll('-', '_')}`] ?? '';

export const docker = (node: NodeName, ...args: string[]): Promise<string> =>
  command('docker', '--host', dockerHost(node), ...args);

/** The containers whose name begins so, in every state, asked of the daemon directly: a client process costs more. */
export async function list(node: NodeName, prefix: string): Promise<Listed[]> {
  const filters = encodeURIComponent(JSON.stringify({ name: [`^/${prefix}`] }));
  const socketPath = dockerHost(node).replace('unix://', '');
  const body = await fetchText({ socketPath, path: `/containers/json?all=1&filters=${filters}` });
  return (JSON.parse(body) as { Names: string[]; State: string }[]).map(({ Names, State }) => ({
    name: (Names[0] ?? '').slice(1),
    state: State,
  }));
}

/** One HTTP request over a connection of its own. */
export function fetchText(
  where: { readonly socketPath: string; readonly path: string } | { readonly url: string },
): Promise<string> {
  const options = { agent: false, timeout: 5_000 };
  return new Promise((resolve, reject) => {
    const request =
      'url' in where ? get(where.url, options, answer) : get({ ...options, ...where, host: 'docker' }, answer);
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.on('error', reject);
    function answer(response: IncomingMessage): void {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`status ${response.statusCode ?? 0}: ${body}`));
      }, reject);
    }
  });
}
