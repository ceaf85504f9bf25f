import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stdoutOf } from '../../conformance/lab';
import { command, docker, dockerHost } from '../../soak/lab';
import type { Shared } from '../lab';
import { FROM, idOf, inNode, NODES, pidOf, removeContainer, sharedDirectory, TO } from '../lab';
import type { Mark } from './marks';
import { phasesOf, readMarks, spanOf } from './marks';
import type { Job, Way } from './way';

/** What lies ready before the script begins. */
interface Ready {
  readonly shared: Shared;
  readonly id: string;
}

/** Where CRIU's options for the restore lie, on the target. */
const configOf = (name: string): string => `/run/transship/criu/${name}.conf`;

/**
 * The floor: what Transship does in its freeze window, by the same runc and the same wrapper, as a shell script that
 * checks nothing, writes no digest and asks nobody. What can be done beforehand is done beforehand.
 */
export function scriptWay(): Way {
  const ready = new Map<string, Ready>();
  return {
    id: 'script',
    title: 'bare shell script of the same runc steps',
    fresh: false,
    log: stdoutOf,

    unfit({ workload, clients }) {
      if (workload.filesMiB + workload.smallFiles > 0) return 'it carries no files';
      if (clients !== undefined) return 'CRIU refuses a container with open connections';
      return undefined;
    },

    async prepare({ names, run }) {
      for (const name of names) {
        await docker(FROM, 'run', '--detach', '--name', name, ...run);
        const shared = sharedDirectory(name);
        const config = configOf(name);
        await inNode(TO, 'sh', '-euc', 'mkdir -p "${1%/*}"; echo leave-stopped >"$1"', 'sh', config);
        const options = ['--runtime', 'transship', '--annotation', `org.criu.config=${config}`];
        await docker(TO, 'create', '--name', name, ...options, ...run);
        const target = await idOf(TO, name);
        await inNode(TO, 'sh', '-euc', ARM, 'sh', `/run/transship/restore/${target}`, shared.inNodes);
        ready.set(name, { shared, id: await idOf(FROM, name) });
      }
    },

    async move({ names }) {
      const marks = await Promise.all(names.map((name) => run(name)));
      return {
        frozenMs: marks.map(spanOf),
        phasesMs: marks.map(phasesOf),
        bytes: names.reduce((sum, name) => sum + bytesBelow(join(readyOf(name).shared.onHost, 'images')), 0),
      };
    },

    async clear({ names }: Job) {
      for (const name of names) {
        const target = await idOf(TO, name).catch(() => undefined);
        for (const node of NODES) await removeContainer(node, name);
        await inNode(TO, 'rm', '-f', configOf(name));
        if (target !== undefined) await inNode(TO, 'rm', '-rf', `/run/transship/restore/${target}`);
        sharedDirectory(name);
      }
    },
  };

  async function run(name: string): Promise<Mark[]> {
    const { shared, id } = readyOf(name);
    const nodes = [dockerHost(FROM), String(pidOf(FROM)), dockerHost(TO)];
    return readMarks(await command('test/bench/ways/steps.sh', ...nodes, name, id, shared.inNodes));
  }

  function readyOf(name: string): Ready {
    const found = ready.get(name);
    if (found === undefined) throw new Error(`${name} was not prepared`);
    return found;
  }
}

/** The marker of docs/wrapper.md, armed. */
const ARM =
  'umask 077; mkdir -p "$1" "$2/images" "$2/dump" "$2/work"; ln -sfn "$2/images" "$1/images"; ln -sfn "$2/work" "$1/work"; : >"$1/armed"';

/** What the files below a directory take up, in bytes. */
export function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
