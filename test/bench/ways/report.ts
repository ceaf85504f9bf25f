import { join } from 'node:path';
import { stdoutOf } from '../../conformance/lab';
import { inLab } from '../../lib/chaos-lab';
import { command, docker } from '../../soak/lab';
import type { Shared } from '../lab';
import { FROM, idOf, inNode, longCommand, longDocker, NODES, removeContainer, sharedDirectory, TO } from '../lab';
import { phasesOf, spanOf, Stopwatch } from './marks';
import { bytesBelow } from './script';
import type { Job, Way } from './way';

const NAME = 'chk';
/** Docker's own copies of a checkpoint lie in the nodes' /tmp meanwhile, which is memory, and 1 GiB takes a minute. */
const MOST_MEMORY_MIB = 1024;

/**
 * The way of the report that the project began with: `docker checkpoint` into the shared volume, a copy into Docker's own
 * directory on the target, `docker start --checkpoint`. The report created the container on the target in between; here
 * that is done beforehand, to its advantage.
 */
export function reportWay(dockerMajor: number): Way {
  const directories = new Map<string, Shared>();
  return {
    id: 'report',
    title: "the report's way: docker checkpoint, copy, docker start --checkpoint",
    fresh: false,
    log: stdoutOf,

    unfit({ workload, clients }) {
      if (dockerMajor >= 28)
        return `Docker ${dockerMajor} cannot restore a container that has a network namespace of its own (containerd issue 12141)`;
      if (workload.filesMiB + workload.smallFiles > 0) return 'it leaves changed files behind';
      if (clients !== undefined) return 'CRIU refuses a container with open connections';
      if (workload.memoryMiB > MOST_MEMORY_MIB) return 'minutes a move, and copies of it in /tmp, which is memory';
      return undefined;
    },

    async prepare({ names, run }) {
      for (const name of names) {
        await docker(FROM, 'run', '--detach', '--name', name, ...run);
        await docker(TO, 'create', '--name', name, ...run);
        directories.set(name, sharedDirectory(name));
      }
    },

    async move({ names }) {
      const moved = await Promise.all(names.map((name) => move(name)));
      return {
        frozenMs: moved.map(({ marks }) => spanOf(marks)),
        phasesMs: moved.map(({ marks }) => phasesOf(marks)),
        bytes: names.reduce((sum, name) => sum + bytesBelow(directories.get(name)?.onHost ?? ''), 0),
      };
    },

    async clear({ names }: Job) {
      for (const name of names) {
        for (const node of NODES) await removeContainer(node, name);
        sharedDirectory(name);
      }
      // Docker leaves a copy of every checkpoint there.
      for (const node of NODES) await inNode(node, 'sh', '-c', 'rm -rf /tmp/ctrd-checkpoint*');
    },
  };

  async function move(name: string): Promise<Stopwatch> {
    const shared = directories.get(name);
    if (shared === undefined) throw new Error(`${name} was not prepared`);
    // Below Docker's own directory, by its name on the host.
    const place = inLab('nodes', TO, 'docker/containers', await idOf(TO, name), 'checkpoints');
    await command('mkdir', '-p', place);
    const watch = new Stopwatch();
    await watch.step('checkpoint', () =>
      longDocker(FROM, 'checkpoint', 'create', '--checkpoint-dir', shared.inNodes, name, NAME),
    );
    await watch.step('copy', () => longCommand('cp', '-a', join(shared.onHost, NAME), place));
    await watch.step('start', () => longDocker(TO, 'start', '--checkpoint', NAME, name));
    return watch;
  }
}
