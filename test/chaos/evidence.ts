import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inspectContainer, listContainers } from '../lib/chaos-docker';
import { inNodeRoot, NODES, processesOf, volumeRoot } from '../lib/chaos-lab';
import { SERVER_PORT } from '../lib/chaos-workload';
import type { NodeName } from '../lib/lab-docker';
import { sleep } from '../lib/waiting';
import type { Remaining } from './judge';
import { ON_VOLUME } from './judge';

/** What the agents keep of a migration on their nodes, and nothing of it after its end (docs/wrapper.md). */
const RUN_DIRECTORIES = ['restore', 'source', 'criu'];
/** Programs that work for a migration only. */
const WORKERS = ['criu', 'runc', 'tar'];
const LABEL_PREFIX = 'transship.dev/';

/** The containers of both nodes. */
export async function remainingContainers(): Promise<Remaining[]> {
  const found: Remaining[] = [];
  for (const node of NODES) {
    for (const { Id, Names, Labels } of await listContainers(node)) {
      const { State, HostConfig } = await inspectContainer(node, Id);
      found.push({
        node,
        id: Id,
        name: (Names[0] ?? '').replace(/^\//, ''),
        state: State.Status,
        restartPolicy: HostConfig.RestartPolicy.Name,
        labels: Object.keys(Labels).filter((label) => label.startsWith(LABEL_PREFIX)),
      });
    }
  }
  return found;
}

/** What is there of a migration besides its container. */
export function findLeftovers(): string[] {
  const onNodes = NODES.flatMap((node) => [
    ...RUN_DIRECTORIES.flatMap((directory) =>
      namesIn(inNodeRoot(node, join('/run/transship', directory))).map(
        (name) => `${node}:/run/transship/${directory}/${name}`,
      ),
    ),
    ...processesOf(node)
      .filter(({ name, state }) => WORKERS.includes(name) && state !== 'Z')
      .map(({ pid, name, commandLine }) => `process ${name} (${pid}) on ${node}: ${commandLine.slice(0, 120)}`),
  ]);
  const onVolume = namesIn(join(volumeRoot(), 'default')).map((name) => `${ON_VOLUME}default/${name}`);
  return [...onNodes, ...onVolume];
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** What the server says it was born as; undefined when it does not answer. */
export async function askServer(node: NodeName, withinMs: number): Promise<string | undefined> {
  const subnet = process.env['LAB_SUBNET'] ?? '10.88.0';
  const host = `${subnet}.${node === 'node-a' ? 11 : 12}`;
  const deadline = Date.now() + withinMs;
  do {
    const socket = connect({ host, port: SERVER_PORT, timeout: 1_000 });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    try {
      const [born] = (await text(socket)).split(' ');
      if (born !== undefined && born !== '') return born;
    } catch {
      // Not yet.
    }
    await sleep(50);
  } while (Date.now() < deadline);
  return undefined;
}
