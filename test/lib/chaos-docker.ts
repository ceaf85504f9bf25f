import { request } from 'node:http';
import type { NodeName } from './lab-docker';
import { inLab } from './chaos-lab';

/** A container as `GET /containers/json` shows it. */
export interface ListedContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** What the harness looks at in an inspect answer. */
export interface InspectedContainer {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly Pid: number };
  readonly HostConfig: { readonly RestartPolicy: { readonly Name: string } };
}

/** One call of the Engine API of a node. Throws with Docker's words; a client of a call costs a tenth of a second, this none. */
export function askDocker(node: NodeName, method: string, path: string, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const call = request(
      {
        socketPath: inLab('nodes', node, 'run/docker.sock'),
        method,
        path,
        headers: { Host: 'docker', ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }) },
        timeout: 30_000,
      },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        answer.once('error', reject);
        answer.once('end', () => {
          const status = answer.statusCode ?? 0;
          if (status >= 400) reject(new Error(`${method} ${path} on ${node}: ${status} ${text.trim()}`));
          else resolve(text === '' ? undefined : JSON.parse(text));
        });
      },
    );
    call.once('error', reject);
    call.once('timeout', () => call.destroy(new Error(`${method} ${path} on ${node}: no answer within 30 s`)));
    call.end(sent);
  });
}

/** The containers of a node, in every state. */
export async function listContainers(node: NodeName): Promise<readonly ListedContainer[]> {
  return (await askDocker(node, 'GET', '/containers/json?all=true')) as readonly ListedContainer[];
}

export async function inspectContainer(node: NodeName, id: string): Promise<InspectedContainer> {
  return (await askDocker(node, 'GET', `/containers/${id}/json`)) as InspectedContainer;
}

/** Removes every container of a node, whatever its state: the lab of a chaos run has no others. */
export async function removeAllContainers(node: NodeName): Promise<void> {
  for (const { Id } of await listContainers(node)) {
    await askDocker(node, 'DELETE', `/containers/${Id}?force=true&v=true`).catch((error: unknown) => {
      if (!String(error).includes(': 404 ')) throw error;
    });
  }
}
