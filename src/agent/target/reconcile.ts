import type { ContainerMigration, TargetStatus } from '../../api/types';
import { isConflict, KubeError } from '../../kube/errors';
import type { TargetObservation, TargetStep } from '../../protocol/target';
import { decideTarget } from '../../protocol/target';
import type { Reconcile, ReconcileContext, Result } from '../../runtime/controller-loop';
import type { Logger } from '../../runtime/log';
import { actorError } from '../actor-error';
import { withChosenDriver } from '../chosen-driver';
import { removeCreated } from '../created-container';
import { withAddressesReturned } from '../move-hook/wake-steps';
import type { AgentDeps } from '../ports';
import type { Filled } from '../fill';
import { follow } from '../latest';
import { withProgress } from '../progress';
import { removeFromTarget } from '../volumes/target';
import { nextRetry, PATIENT, URGENT, withoutTries } from '../retry';
import { isTransient } from '../transient';
import type { JustClaimed } from './claim-and-fill';
import { claimAndFill } from './claim-and-fill';
import { observeTarget } from './observe';
import { completeMemory, loseMemory } from './memory';
import { preflightTarget } from './preflight';
import { prepareTarget } from './prepare';
import type { Work } from './report';
import { report } from './report';
import { settleTarget } from './settle';
import { isBegunAnew } from '../wake-up';
import { wakeTarget } from './wake';

/** After a lost race for a guarded write: at once, for the container is frozen. */
const AFTER_CONFLICT_MS = 1;

/** What the claim has just been made for: inside the downtime nobody is asked for what is known. */
const AS_CLAIMED: TargetObservation['view'] = { container: 'created', outOfService: false };

/** One visit of the agent to a migration whose target is its node. */
export function createTargetReconciler(deps: AgentDeps): Reconcile {
  const isOurs = (migration: ContainerMigration): boolean =>
    (migration.status.target?.nodeName ?? migration.spec.target.nodeName) === deps.node.name;

  return async (key, context) => {
    const cached = deps.migrations.cached(key);
    if (cached === undefined || !isOurs(cached)) return {};
    const expected = decideTarget(cached, { nowMs: deps.clock.now(), view: undefined });
    if (expected.do === 'Wait') return wait(expected, deps, context.log);
    // The cache may lag behind our own last write; a step is only taken on what the API server says now. For a claim, which
    // would fail on an old version by itself, it is worth its time as well: what the controller writes of the publication
    // is in it, and a claim that is refused for that costs more (with the cached version: 21 writes instead of 19).
    const migration = await deps.migrations.fresh(cached);
    if (migration === undefined || !isOurs(migration)) return {};
    try {
      return await visit(migration, withChosenDriver(deps, migration), context);
    } catch (error) {
      if (isConflict(error)) return { requeueAfterMs: AFTER_CONFLICT_MS };
      throw error;
    }
  };
}

async function visit(
  migration: ContainerMigration,
  deps: AgentDeps,
  context: ReconcileContext,
  justClaimed?: JustClaimed,
): Promise<Result> {
  const seen = (view?: TargetObservation['view']): TargetObservation => ({ nowMs: deps.clock.now(), view });
  const first = decideTarget(migration, seen());
  if (first.do !== 'Look') return perform(migration, first, deps, context);
  const step = decideTarget(
    migration,
    seen(justClaimed === undefined ? await observeTarget(migration, deps) : AS_CLAIMED),
  );
  return step.because === 'Wake' && justClaimed === undefined
    ? perform(await showLife(migration, deps), step, deps, context)
    : perform(migration, step, deps, context, justClaimed);
}

/**
 * Before a container is woken up in another visit than the claim's: a guarded write, so that a controller which is about
 * to fence this node, because it was dead a moment ago, finds the object changed and looks again.
 */
function showLife(migration: ContainerMigration, { migrations, clock }: AgentDeps): Promise<ContainerMigration> {
  const { target } = migration.status;
  if (target === undefined) throw new TypeError('a claim has a status');
  const wakeStartedAt = new Date(clock.now()).toISOString();
  return migrations.writeTarget(migration, { ...target, wakeStartedAt });
}

function wait(step: TargetStep & { do: 'Wait' }, deps: AgentDeps, log: Logger): Result {
  log.debug('nothing to do', { role: 'target', because: step.because });
  return step.untilMs === undefined ? {} : { requeueAfterMs: step.untilMs - deps.clock.now() };
}

async function perform(
  migration: ContainerMigration,
  step: TargetStep,
  deps: AgentDeps,
  context: ReconcileContext,
  justClaimed?: JustClaimed,
): Promise<Result> {
  const { log } = context;
  if (step.do === 'Wait') return wait(step, deps, log);
  if (step.do === 'Look') throw new TypeError('a decision that has seen the world needs no second look');
  const fields = { role: 'target', step: step.do, because: step.because };
  log.info('step begins', { ...fields, attempt: migration.status.decision?.attempt });
  const status: TargetStatus = migration.status.target ?? { nodeName: deps.node.name, state: 'Pending' };
  const latest = justClaimed?.latest ?? follow(migration, deps.migrations);
  const doing = <T>(what: (telling: AgentDeps) => Promise<T>): Promise<T> =>
    withProgress(migration, 'target', { deps, log }, what);
  let claimed: Awaited<ReturnType<typeof claimAndFill>>;
  try {
    if (step.do !== 'Claim') {
      const next = await doing((telling) => run(migration, step, status, telling, justClaimed?.filled));
      await report(migration, step, next, deps, latest());
      log.info('step done', { ...fields, state: next.state });
      return {};
    }
    claimed = await doing((telling) => claimAndFill(migration, step, withoutTries(status), telling, latest));
    log.info('step done', { ...fields, state: claimed.written.status.target?.state });
  } catch (error) {
    // Somebody else was first, or nobody knows whether a write arrived: look again.
    if (error instanceof KubeError) throw error;
    log.warn('step failed', { ...fields, error });
    return afterFailure(migration, step, status, error, deps);
  }
  // The claim and the wake-up in one visit: in between the container is down. What fails of it is no failure of the claim.
  return visit(claimed.written, deps, context, claimed);
}

async function run(
  migration: ContainerMigration,
  step: Exclude<Work, { do: 'Claim' }>,
  status: TargetStatus,
  deps: AgentDeps,
  filled: Filled | undefined,
): Promise<TargetStatus> {
  const fresh = withoutTries(status);
  switch (step.do) {
    case 'Preflight':
      return preflightTarget(migration, deps);
    case 'Prepare':
      return prepareTarget(migration, fresh, deps);
    case 'Wake':
      return wakeTarget(migration, fresh, deps, filled);
    case 'GiveBack':
      await withAddressesReturned(migration, status, deps, () => removeFromTarget(migration, status.containerID, deps));
      // With what the wake-up failed of.
      return { ...fresh, state: 'Failed', ...(status.error === undefined ? {} : { error: status.error }) };
    case 'Complete':
      return completeMemory(migration, fresh, deps);
    case 'Lose':
      return loseMemory(migration, fresh, deps);
    case 'Settle':
      return settleTarget(migration, fresh, deps);
    case 'Withdraw':
      await withAddressesReturned(migration, status, deps, () => removeFromTarget(migration, status.containerID, deps));
      return { ...fresh, state: 'Withdrawn', ...(status.error === undefined ? {} : { error: status.error }) };
  }
}

async function afterFailure(
  migration: ContainerMigration,
  step: Work,
  status: TargetStatus,
  error: unknown,
  deps: AgentDeps,
): Promise<Result> {
  const told = actorError(error);
  // As carefully as a success: what the step itself tells of its progress changes the object, and tries must be counted.
  const write = (next: TargetStatus): Promise<unknown> => report(migration, step, next, deps);
  const again = async (pace: typeof PATIENT): Promise<Result> => {
    const retry = nextRetry(status.retry, pace, deps.clock);
    await write({ ...withoutTries(status), error: told, retry });
    return { requeueAfterMs: Date.parse(retry.notBefore) - deps.clock.now() };
  };
  switch (step.do) {
    case 'Preflight':
    case 'Prepare':
    case 'Claim':
      if (isTransient(error)) return again(step.do === 'Claim' ? URGENT : PATIENT);
      await write({ ...withoutTries(status), state: 'Failed', error: told });
      return {};
    case 'Wake': {
      // A container that runs on although something else went wrong is not given back: it is restored.
      if (!isBegunAnew(error) && (await observeTarget(migration, deps)).container === 'woken') return again(URGENT);
      // What failed to start cannot be started again; it is created anew for the next try.
      await removeCreated(migration, status.containerID, deps);
      if (isTransient(error)) return again(URGENT);
      try {
        await withAddressesReturned(migration, status, deps, () => Promise.resolve());
      } catch {
        // Not given back before that is done: it is tried with the next wake-up, and after the last of them.
        return again(URGENT);
      }
      await write({ ...withoutTries(status), state: 'Failed', error: told });
      return {};
    }
    case 'GiveBack':
    case 'Complete':
    case 'Lose':
    case 'Settle':
    case 'Withdraw':
      // Must succeed, and is tried again for as long as it takes. Told once, not at every try. The tries of a wake-up
      // stay counted: it is given back because of them.
      if (status.error?.reason !== told.reason) await write({ ...status, error: told });
      throw error;
  }
}
