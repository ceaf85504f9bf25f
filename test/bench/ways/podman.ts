import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from '../../lib/lab-docker';
import { cgroupOf } from '../../lib/chaos-lab';
import { command } from '../../soak/lab';
import type { Shared } from '../lab';
import { enter, FROM, longCommand, NETWORK_OPTIONS, NODES, sharedDirectory, TO } from '../lab';
import { phasesOf, spanOf, Stopwatch } from './marks';
import type { Job, Way } from './way';

/** Where Podman's root file system lives, by node: the pid of its first process. */
export type PodmanPids = ReadonlyMap<NodeName, number>;

/** Builds Podman's root once, and starts it on both nodes. Throws with the reason when it does not run. */
export async function startPodman(): Promise<PodmanPids> {
  const lines = (await command('lab/podman/up')).trim().split('\n');
  const pids = new Map(lines.map((line) => line.split(' ')).map(([node, pid]) => [node as NodeName, Number(pid)]));
  for (const node of NODES) {
    await podman(pids, node, 'rm', '--all', '--force', '--time=0');
    await podman(pids, node, 'network', 'rm', '--force', 'bench-lan');
    await podman(pids, node, 'network', 'create', ...NETWORK_OPTIONS);
  }
  return pids;
}

const podman = (pids: PodmanPids, node: NodeName, ...words: string[]): Promise<string> =>
  command('nsenter', ...podmanWords(pids, node, words));

/** For nsenter: the client inside of Podman's root, with the few variables that it needs. */
function podmanWords(pids: PodmanPids, node: NodeName, words: readonly string[]): string[] {
  const pid = pids.get(node);
  if (pid === undefined) throw new Error(`Podman was not started on ${node}`);
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const variables = [`PATH=${path}`, 'HOME=/root', 'PODMAN_IGNORE_CGROUPSV1_WARNING=1'];
  return [...enter(pid), 'env', '-i', ...variables, 'podman', ...words];
}

export const podmanVersion = async (pids: PodmanPids): Promise<string> =>
  (await podman(pids, FROM, 'version', '--format', 'Podman {{.Client.Version}}')).trim();

/** The archives that Podman can write: as it does by itself, or not compressed. */
export type Compression = 'default' | 'none';

/** `podman container checkpoint --export` onto the shared volume, `podman container restore --import` from it. */
export function podmanWay(pids: PodmanPids, compression: Compression): Way {
  const directories = new Map<string, Shared>();
  const archiveOf = (shared: Shared | undefined): string => join(shared?.inNodes ?? '', 'checkpoint.tar');
  return {
    id: compression === 'default' ? 'podman' : 'podman-none',
    title: `Podman checkpoint --export, restore --import${compression === 'none' ? ', not compressed' : ''}`,
    fresh: false,
    log: (node, name) => podman(pids, node, 'logs', name),

    unfit({ clients, parallel }) {
      if (clients !== undefined) return 'CRIU refuses a container with open connections';
      if (compression === 'none' && parallel > 1) return 'only one at a time';
      return undefined;
    },

    async prepare({ names, run }) {
      for (const name of names) {
        const cgroup = `--cgroup-parent=/${cgroupOf(FROM)}`;
        await podman(pids, FROM, 'run', '--detach', cgroup, '--name', name, ...run);
        directories.set(name, sharedDirectory(name));
      }
    },

    async move({ names }) {
      const watches = await Promise.all(names.map((name) => move(name)));
      return {
        frozenMs: watches.map(({ marks }) => spanOf(marks)),
        phasesMs: watches.map(({ marks }) => phasesOf(marks)),
        bytes: names.reduce(
          (sum, name) => sum + statSync(join(directories.get(name)?.onHost ?? '', 'checkpoint.tar')).size,
          0,
        ),
      };
    },

    async clear({ names }: Job) {
      for (const name of names) {
        for (const node of NODES) await podman(pids, node, 'rm', '--force', '--ignore', '--time=0', name);
        sharedDirectory(name);
      }
    },
  };

  async function move(name: string): Promise<Stopwatch> {
    const file = archiveOf(directories.get(name));
    const options = compression === 'none' ? ['--compress=none'] : [];
    const watch = new Stopwatch();
    const checkpoint = ['container', 'checkpoint', `--export=${file}`, ...options, name];
    await watch.step('export', () => longCommand('nsenter', ...podmanWords(pids, FROM, checkpoint)));
    const restore = ['container', 'restore', `--import=${file}`];
    await watch.step('import', () => longCommand('nsenter', ...podmanWords(pids, TO, restore)));
    return watch;
  }
}
