import { stdoutOf } from '../../conformance/lab';
import { docker } from '../../soak/lab';
import { FROM, NODES, removeContainer, TO } from '../lab';
import { phasesOf, spanOf, Stopwatch } from './marks';
import type { Way } from './way';

/** What everybody can do today: stop here, start there. All that was in memory is lost, and the program builds it anew. */
export function coldWay(): Way {
  return {
    id: 'cold',
    title: 'stop + start cold (state is lost)',
    fresh: true,
    log: stdoutOf,

    unfit({ workload }) {
      return workload.filesMiB + workload.smallFiles > 0 ? 'it loses changed files' : undefined;
    },

    async prepare({ names, run }) {
      for (const name of names) {
        await docker(FROM, 'run', '--detach', '--name', name, ...run);
        await docker(TO, 'create', '--name', name, ...run);
      }
    },

    async move({ names }) {
      const watches = await Promise.all(
        names.map(async (name) => {
          const watch = new Stopwatch();
          await watch.step('stop', () => docker(FROM, 'stop', name));
          await watch.step('start', () => docker(TO, 'start', name));
          return watch;
        }),
      );
      return {
        frozenMs: watches.map(({ marks }) => spanOf(marks)),
        phasesMs: watches.map(({ marks }) => phasesOf(marks)),
        bytes: 0,
      };
    },

    async clear({ names }) {
      for (const name of names) for (const node of NODES) await removeContainer(node, name);
    },
  };
}
