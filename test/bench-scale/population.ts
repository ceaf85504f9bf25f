import type { ContainerMigration, Status } from '../../src/api/types';
import { FINALIZER } from '../../src/api/types';
import { createMigrationAccess } from '../../src/agent/kube-access';
import type { ResourceClient } from '../../src/kube/resource-client';
import { systemClock } from '../../src/runtime/clock';
import type { Informer } from '../../src/runtime/informer';
import { partsOf } from './actors';
import { DEAD_NODE, NAMESPACE, QUICK_NODES, SLOW_NODES } from './cluster';
import type { Mix } from './figures';
import { inParallel } from './parallel';
import { play } from './play';

/** How many objects are made at the same time. */
const WIDTH = 24;
/** Of every hundred objects so many wait for an agent, and so many are at a step that takes long. */
const WAITING = 3;
const IN_FLIGHT = 3;

type Kind = keyof Mix;

/** Which kind of object the one with that number is: spread evenly, the same in every run. */
export function kindOf(number: number): Kind {
  const place = (number * 37) % 100;
  return place < WAITING ? 'waiting' : place < WAITING + IN_FLIGHT ? 'inFlight' : 'finished';
}

/** How many of each kind are among the first `count` objects. */
export function mixOf(count: number): Mix {
  const kinds = Array.from({ length: count }, (_none, number) => kindOf(number));
  const many = (wanted: Kind): number => kinds.filter((kind) => kind === wanted).length;
  return { finished: many('finished'), waiting: many('waiting'), inFlight: many('inFlight') };
}

/** The spec of one object as a user would write it; a deadline so long that nothing of it ends by itself. */
export function specOf(number: number, kind: Kind): object {
  const quick = (offset: number): string => QUICK_NODES[(number + offset) % QUICK_NODES.length] ?? '';
  const [from, to] =
    kind === 'finished' ? [quick(0), quick(1)] : kind === 'waiting' ? [quick(0), DEAD_NODE] : SLOW_NODES;
  const container = `looper-${number}`;
  return { source: { nodeName: from, container }, target: { nodeName: to }, activeDeadlineSeconds: 86_400 };
}

/**
 * Puts the objects `from` to `to` (not included) into the API server as the three actors would have left them; of those
 * that are not finished each part is written under the name of the one whose it is. No controller may run meanwhile.
 */
export async function populate(
  client: ResourceClient<ContainerMigration>,
  informer: Informer<ContainerMigration>,
  from: number,
  to: number,
): Promise<void> {
  const access = createMigrationAccess(client, informer);
  const numbers = Array.from({ length: to - from }, (_none, index) => from + index);
  await inParallel(WIDTH, numbers, async (number) => {
    const kind = kindOf(number);
    const metadata = { name: `scale-${number}`, ...(kind === 'waiting' ? {} : { finalizers: [FINALIZER] }) };
    const created = await client.create(NAMESPACE, { metadata, spec: specOf(number, kind) });
    if (kind === 'waiting') return;
    const stop = (status: Status): boolean => kind === 'inFlight' && status.source?.state === 'Prepared';
    const { status } = play(created, systemClock.now(), stop);
    if (kind === 'finished') {
      // Nobody writes to it any more: in whose name it was written makes no difference.
      await client.applyStatus(NAMESPACE, metadata.name, status, { fieldManager: 'transship-bench-scale' });
      return;
    }
    const { controller, source, target } = partsOf(status);
    const options = { fieldManager: 'transship-controller' };
    let written = await client.applyStatus(NAMESPACE, metadata.name, controller, options);
    if (source !== undefined) written = await access.writeSource(written, source);
    if (target !== undefined) await access.writeTarget(written, target);
  });
}
