import type { ContainerMigration } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import { isAlreadyExists } from '../../src/kube/errors';
import type { ResourceClient } from '../../src/kube/resource-client';
import { describeError } from '../../src/runtime/errors';
import type { NodeName } from '../lib/lab-docker';
import { manifestOf, otherNode } from '../lib/lab-migration';
import { sleep } from '../lib/waiting';
import { list } from './lab';
import type { Minutes } from './minutes';
import type { Witness, Workload } from './workloads';
import { PREFIX } from './workloads';

const NAMESPACE = 'default';
/** A migration that does not end within this is stuck; faults take seconds each. */
const END_DEADLINE_MS = 180_000;
const DELETE_DEADLINE_MS = 60_000;
const SETTLE_DEADLINE_MS = 30_000;

export interface MoverDeps {
  readonly migrations: ResourceClient<ContainerMigration>;
  /** The object as a watch last told it. */
  readonly seen: (key: string) => ContainerMigration | undefined;
  readonly minutes: Minutes;
}

/** Moves one container forth and back without pause, until it is told to stop; looks after every move. */
export async function keepMoving(
  workload: Workload,
  witness: Witness,
  deps: MoverDeps,
  stop: AbortSignal,
): Promise<void> {
  let at: NodeName = 'node-a';
  await witness.settled(at, false);
  for (let move = 1; !stop.aborted; move++) {
    const name = `${workload.name}-${move}`;
    const ended = await migrate(name, workload, at, deps);
    if (ended === undefined) {
      deps.minutes.violation(`${name} did not end: ${JSON.stringify(deps.seen(`${NAMESPACE}/${name}`)?.status)}`);
      return;
    }
    const { phase = '', reason = '' } = ended.status;
    deps.minutes.count(`${phase}${phase === 'Succeeded' ? '' : `: ${reason}`}`);
    const moved = phase === 'Succeeded';
    if (moved) at = otherNode(at);
    else deps.minutes.tell(`${name}: ${phase}: ${reason}: ${ended.status.message ?? ''}`);
    if (!(await runsOnlyOn(at, workload.name))) {
      deps.minutes.violation(`${workload.name} does not run on ${at} alone after ${name} ended ${phase} ${reason}`);
      return;
    }
    await witness.settled(at, moved);
    if (!(await remove(name, deps))) deps.minutes.violation(`${name} is not deleted: its finalizer stays`);
  }
}

async function migrate(
  name: string,
  { name: container }: Workload,
  from: NodeName,
  deps: MoverDeps,
): Promise<ContainerMigration | undefined> {
  const body = JSON.parse(manifestOf({ name, container, from, to: otherNode(from) })) as object;
  const deadline = Date.now() + END_DEADLINE_MS;
  await insist(deadline, () =>
    deps.migrations.create(NAMESPACE, body).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    }),
  );
  while (Date.now() < deadline) {
    const migration = deps.seen(`${NAMESPACE}/${name}`);
    if (migration !== undefined && isFinal(migration)) return migration;
    await sleep(20);
  }
  return undefined;
}

/** Also waits until it is gone: the finalizer stays while anything depends on the object. */
async function remove(name: string, deps: MoverDeps): Promise<boolean> {
  const deadline = Date.now() + DELETE_DEADLINE_MS;
  await insist(deadline, () => deps.migrations.delete(NAMESPACE, name));
  while (deps.seen(`${NAMESPACE}/${name}`) !== undefined) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** The API server is away at times. */
async function insist(deadline: number, act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`still: ${describeError(error)}`, { cause: error });
      await sleep(250);
    }
  }
}

async function runsOnlyOn(node: NodeName, name: string): Promise<boolean> {
  const deadline = Date.now() + SETTLE_DEADLINE_MS;
  for (;;) {
    const [here, there] = [await list(node, PREFIX), await list(otherNode(node), PREFIX)];
    const runs = here.some((container) => container.name === name && container.state === 'running');
    if (runs && !there.some((container) => container.name === name)) return true;
    if (Date.now() > deadline) return false;
    await sleep(100);
  }
}
