import type { ContainerMigration, TargetStatus } from '../../api/types';
import { isConflict, KubeError } from '../../kube/errors';
import { decideTarget } from '../../protocol/target';
import type { TargetStep } from '../../protocol/target';
import type { Reconcile, ReconcileContext, Result } from '../../runtime/controller-loop';
import type { Logger } from '../../runtime/log';
import { actorError } from '../actor-error';
import type { AgentDeps } from '../ports';
import { claim } from './claim';
import { findOurs } from './ours';
import { preflightTarget } from './preflight';
import { prepareTarget } from './prepare';
import { giveBack, wakeTarget } from './wake';

/** After a lost race for the claim: at once, for the container is frozen. */
const AFTER_CONFLICT_MS = 1;

/** One visit of the agent to a migration whose target is its node. */
export function createTargetReconciler(deps: AgentDeps): Reconcile {
  const isOurs = (migration: ContainerMigration): boolean =>
    (migration.status.target?.nodeName ?? migration.spec.target.nodeName) === deps.node.name;

  return async (key, context) => {
    const cached = deps.migrations.cached(key);
    if (cached === undefined || !isOurs(cached)) return {};
    const expected = decideTarget(cached);
    if (expected.do === 'Wait') {
      context.log.debug('nothing to do', { role: 'target', why: expected.why });
      return {};
    }
    // Purely local, and asked for on every resync of every finished migration: the API server need not be asked.
    if (expected.do === 'CleanUp') return cleanUp(cached, deps);
    // The cache may lag behind our own last write; a step is only taken on what the API server says now.
    const migration = await deps.migrations.fresh(cached);
    if (migration === undefined || !isOurs(migration)) return {};
    return perform(migration, decideTarget(migration), deps, context);
  };
}

async function perform(
  migration: ContainerMigration,
  step: TargetStep,
  deps: AgentDeps,
  context: ReconcileContext,
): Promise<Result> {
  const { log } = context;
  const status = migration.status.target ?? { nodeName: deps.node.name, state: 'Preflighted' as const };
  const finish = async (next: TargetStatus): Promise<Result> => {
    await deps.migrations.writeTarget(migration, next);
    log.info('step done', { role: 'target', step: step.do, state: next.state });
    return {};
  };
  if (step.do !== 'Wait' && step.do !== 'CleanUp') {
    log.info('step begins', { role: 'target', step: step.do, attempt: migration.status.decision?.attempt });
  }
  switch (step.do) {
    case 'Wait':
      return {};
    case 'Preflight':
      return finish(await preflightTarget(migration, deps));
    case 'Prepare':
      return finish(await orFailed(prepareTarget(migration, status, deps), status, log));
    case 'Claim':
      return claimAndWake(migration, status, deps, log);
    case 'Wake':
      return finish(await wakeOrGiveBack(migration, status, deps, log));
    case 'CleanUp':
      return cleanUp(migration, deps);
    case 'Withdraw':
      await giveBack(migration, deps);
      return finish({ ...status, state: 'Withdrawn' });
  }
}

async function cleanUp({ metadata, status }: ContainerMigration, { driver }: AgentDeps): Promise<Result> {
  const { containerID } = status.target ?? {};
  if (containerID !== undefined) await driver.forget(containerID, metadata.uid);
  return {};
}

/** The claim and the wake-up in one visit: in between the container is down. */
async function claimAndWake(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
  log: Logger,
): Promise<Result> {
  let claimed: ContainerMigration;
  try {
    claimed = await claim(migration, status, deps);
  } catch (error) {
    if (isConflict(error)) return { requeueAfterMs: AFTER_CONFLICT_MS };
    // Nobody knows whether the claim arrived: look again.
    if (error instanceof KubeError) throw error;
    await deps.migrations.writeTarget(migration, failed(status, error, log));
    return {};
  }
  log.info('claimed', { role: 'target' });
  const target = claimed.status.target ?? status;
  await deps.migrations.writeTarget(claimed, await wakeOrGiveBack(claimed, target, deps, log));
  log.info('step done', { role: 'target', step: 'Wake' });
  return {};
}

async function wakeOrGiveBack(
  migration: ContainerMigration,
  status: TargetStatus,
  deps: AgentDeps,
  log: Logger,
): Promise<TargetStatus> {
  try {
    return await wakeTarget(migration, status, deps);
  } catch (error) {
    // A container that runs on although something else went wrong is not given back: it is restored.
    const container = await findOurs(migration, deps);
    if (container !== undefined && container.pid !== 0) {
      // What keeps it from being reported is said in the object, and tried again.
      await deps.migrations.writeTarget(migration, { ...status, error: actorError(error) });
      throw error;
    }
    await giveBack(migration, deps);
    return failed(status, error, log);
  }
}

async function orFailed(work: Promise<TargetStatus>, status: TargetStatus, log: Logger): Promise<TargetStatus> {
  try {
    return await work;
  } catch (error) {
    return failed(status, error, log);
  }
}

function failed(status: TargetStatus, error: unknown, log: Logger): TargetStatus {
  log.warn('step failed', { role: 'target', error });
  return { ...status, state: 'Failed', error: actorError(error) };
}
