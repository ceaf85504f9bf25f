import type { ContainerMigration } from '../api/types';
import type { ContainerInfo } from '../docker/engine';
import type { RestoreProof } from '../driver/restore-proof';
import { allDone } from '../runtime/all-done';
import { ReasonedError, reasonOf } from '../runtime/errors';
import { reportedOptions } from './criu-options';
import type { Filled, FillVolumes } from './fill';
import { fill } from './fill';
import { openAddresses } from './move-hook/source-steps';
import { takeAddresses } from './move-hook/wake-steps';
import { addressesToRestore } from './networks/kept-addresses';
import type { AgentDeps } from './ports';

/** How a wake-up differs from others. */
export interface WakeSettings {
  readonly fillVolumes?: FillVolumes;
  /** What is in place already; of another container or checkpoint it counts for nothing. */
  readonly filled?: Filled | undefined;
  /** The container runs before its memory is there: see `Driver.arm`. */
  readonly lazyPages?: boolean;
}

/** How a wake-up went. */
export interface WokenUp {
  /** RFC 3339, this node's clock; undefined when an earlier life of the agent began it. */
  readonly wakeStartedAt: string | undefined;
  /** RFC 3339, when the processes ran on. */
  readonly resumedAt: string;
  readonly proof: RestoreProof;
}

/** A container runs, or has run, and it is not the one that was dumped: whatever it does, it goes. */
const BEGUN_ANEW = new Set(['NotARestore', 'RestoreNotProven', 'AlreadyRan']);

/** True for a failure of `wakeUp` after which no container may stay, even though one runs. */
export function isBegunAnew(error: unknown): boolean {
  return BEGUN_ANEW.has(reasonOf(error, ''));
}

/**
 * Wakes a created container up from the migration's checkpoint, or continues what an earlier life of the agent began.
 * Never restores twice: the marker is consumed before the restore, and a start that finds it consumed reports what
 * came of it. A container that was begun anew instead is none that was woken up (`isBegunAnew`).
 *
 * @param manifestDigest that of the checkpoint that was verified
 */
export async function wakeUp(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifestDigest: string,
  deps: AgentDeps,
  settings: WakeSettings = {},
): Promise<WokenUp> {
  const { driver, clock } = deps;
  const before = await driver.wakeState(container.id);
  const isToStart = before === 'none' || before === 'armed';
  await allDone(
    before === 'none' ? arm(migration, container, manifestDigest, deps, settings) : Promise.resolve(),
    isToStart ? takeAddresses(migration, container, deps) : Promise.resolve(),
  );
  const startedMs = clock.now();
  const { resumedAt } = await driver.wake(container.id, { timeoutMs: deps.deadlines.wakeMs });
  await openAddresses(migration, deps);
  // The container runs: from here on nobody waits.
  const started = await requireStarted(container.id, deps);
  if (addressesOf(migration, container) !== undefined && started.pid !== 0) await driver.openNetwork(started);
  const proof = await driver.prove(started);
  return { wakeStartedAt: before === 'none' ? new Date(startedMs).toISOString() : undefined, resumedAt, proof };
}

/**
 * Whether a container has run on from the checkpoint, whatever became of it since: what its marker says, until it is
 * proved. One that runs without a marker may have done so, and its wake-up been settled.
 */
export async function hasRunOn(container: ContainerInfo, { driver }: Pick<AgentDeps, 'driver'>): Promise<boolean> {
  if (container.state === 'created' && container.pid === 0) return false;
  const state = await driver.wakeState(container.id);
  return state === 'resumed' || (state === 'none' && container.pid !== 0);
}

/** Makes the next start a restore, when all is in place that is no part of the checkpoint's images. */
async function arm(
  migration: ContainerMigration,
  container: ContainerInfo,
  manifestDigest: string,
  deps: AgentDeps,
  { fillVolumes, filled, lazyPages = false }: WakeSettings,
): Promise<void> {
  const isFilled = filled?.container.id === container.id && filled.manifestDigest === manifestDigest;
  if (isFilled) await fillVolumes?.(migration, container, filled.manifest, deps);
  const { directories } = isFilled ? filled : await fill(migration, container, manifestDigest, deps, fillVolumes);
  const criuOptions = reportedOptions(migration.status.source);
  const addresses = addressesOf(migration, container);
  await deps.driver.arm(container.id, migration.metadata.uid, directories, {
    criuOptions,
    ...(addresses === undefined ? {} : { addresses }),
    ...(lazyPages ? { lazyPages } : {}),
  });
}

function addressesOf({ spec, status }: ContainerMigration, { networkMode }: ContainerInfo): string[] | undefined {
  return addressesToRestore(status.source ?? {}, spec, networkMode);
}

/** The marker alone is no proof: a wrapper that dies at the very end leaves it behind a start that failed. */
async function requireStarted(containerID: string, { engine, node }: AgentDeps): Promise<ContainerInfo> {
  const container = await engine.inspect(containerID);
  if (container !== undefined && container.state !== 'created') return container;
  throw new ReasonedError('StartFailed', `the container was restored on ${node.name}, but Docker did not start it`);
}
