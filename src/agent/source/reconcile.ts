import type { ContainerMigration, SourceStatus } from '../../api/types';
import { isConflict, KubeError } from '../../kube/errors';
import type { SourceObservation, SourceStep } from '../../protocol/source';
import { decideSource } from '../../protocol/source';
import type { Reconcile, ReconcileContext, Result } from '../../runtime/controller-loop';
import type { Logger } from '../../runtime/log';
import { actorError } from '../actor-error';
import { withChosenDriver } from '../chosen-driver';
import { releaseReservation } from '../journal-holder';
import { follow } from '../latest';
import type { AgentDeps } from '../ports';
import { withProgress } from '../progress';
import { nextRetry, PATIENT, URGENT, withoutTries } from '../retry';
import { isTransient } from '../transient';
import { adoptCheckpoint, freezeSource, noteReport, reportNotRunning } from './freeze';
import { observeSource } from './observe';
import { preflightSource } from './preflight';
import { prepareSource } from './prepare';
import { releaseSource } from './release';
import { restoreOriginal } from './restore';
import { reportLost, undoNothing, wakeOriginal } from './roll-back';
import { thawForRetry } from './thaw';

/** After a lost race for a write: at once, for the container may be frozen. */
const AFTER_CONFLICT_MS = 1;

/** One visit of the agent to a migration whose source is its node. */
export function createSourceReconciler(all: AgentDeps): Reconcile {
  const isOurs = (migration: ContainerMigration): boolean =>
    (migration.status.source?.nodeName ?? migration.spec.source.nodeName) === all.node.name;
  const unseen = (): SourceObservation => ({ nowMs: all.clock.now(), view: undefined });

  return async (key, context) => {
    const cached = all.migrations.cached(key);
    if (cached === undefined || !isOurs(cached)) return {};
    const expected = decideSource(cached, unseen());
    if (expected.because === 'Finished') await releaseReservation(cached, all);
    if (expected.do === 'Wait') return wait(expected, all, context.log);
    // The cache may lag behind our own last write; a step is only taken on what the API server says now.
    const migration = await all.migrations.fresh(cached);
    if (migration === undefined || !isOurs(migration)) return {};
    const deps = withChosenDriver(all, migration);
    try {
      const step = decideSource(migration, unseen());
      if (step.do !== 'Look') return await perform(migration, step, deps, context);
      const view = await observeSource(migration, deps);
      return await perform(migration, decideSource(migration, { nowMs: deps.clock.now(), view }), deps, context);
    } catch (error) {
      if (isConflict(error)) return { requeueAfterMs: AFTER_CONFLICT_MS };
      throw error;
    }
  };
}

function wait(step: SourceStep & { do: 'Wait' }, deps: AgentDeps, log: Logger): Result {
  log.debug('nothing to do', { role: 'source', because: step.because });
  return step.untilMs === undefined ? {} : { requeueAfterMs: step.untilMs - deps.clock.now() };
}

type Work = Exclude<SourceStep, { do: 'Wait' | 'Look' }>;

async function perform(
  migration: ContainerMigration,
  step: SourceStep,
  deps: AgentDeps,
  { log }: ReconcileContext,
): Promise<Result> {
  if (step.do === 'Wait') return wait(step, deps, log);
  if (step.do === 'Look') throw new TypeError('a decision that has seen the world needs no second look');
  const fields = { role: 'source', step: step.do, because: step.because };
  log.info('step begins', { ...fields, attempt: migration.status.decision?.attempt });
  const status: SourceStatus = migration.status.source ?? { nodeName: deps.node.name, state: 'Pending' };
  const latest = follow(migration, deps.migrations);
  let written: ContainerMigration;
  try {
    const next = await withProgress(migration, 'source', { deps, log }, (telling) =>
      run(migration, step, withoutTries(status), telling),
    );
    await noteReport(migration, next, deps);
    written = await report(migration, next, deps, latest());
    log.info('step done', { ...fields, state: next.state });
  } catch (error) {
    // Neither could the failure be written: the queue tries again.
    if (error instanceof KubeError) throw error;
    log.warn('step failed', { ...fields, error });
    return afterFailure(migration, step, status, error, deps);
  }
  if (decideSource(written, { nowMs: 0, view: undefined }).because === 'Finished')
    await releaseReservation(written, deps);
  return {};
}

/**
 * Writes what came of a step, on the object as it was seen; when that changed meanwhile, on what it is now, as long as
 * the same would be decided of it.
 */
async function report(
  migration: ContainerMigration,
  next: SourceStatus,
  { migrations, clock }: AgentDeps,
  latest = migration,
): Promise<ContainerMigration> {
  const unseen = { nowMs: clock.now(), view: undefined };
  const { because } = decideSource(migration, unseen);
  const isSame = (now: ContainerMigration): boolean => decideSource(now, unseen).because === because;
  for (let known = isSame(latest) ? latest : migration; ;) {
    try {
      return await migrations.writeSource(known, next);
    } catch (error) {
      const now = isConflict(error) ? await migrations.fresh(migration) : undefined;
      if (now === undefined || !isSame(now)) throw error;
      known = now;
    }
  }
}

function run(migration: ContainerMigration, step: Work, status: SourceStatus, deps: AgentDeps): Promise<SourceStatus> {
  switch (step.do) {
    case 'Preflight':
      return preflightSource(migration, deps);
    case 'Prepare':
      return prepareSource(migration, status, deps);
    case 'Freeze':
      return freezeSource(migration, status, deps);
    case 'Adopt':
      return adoptCheckpoint(migration, status, deps);
    case 'Fail':
      return reportNotRunning(step.reason, status, deps);
    case 'Release':
      return releaseSource(migration, status, deps);
    case 'Wake':
      return wakeOriginal(migration, status, deps);
    case 'Undo':
      return undoNothing(migration, status, deps);
    case 'Restore':
      return restoreOriginal(migration, status, deps);
    case 'ReportLost':
      return reportLost(migration, status, deps);
  }
}

async function afterFailure(
  migration: ContainerMigration,
  step: Work,
  status: SourceStatus,
  error: unknown,
  deps: AgentDeps,
): Promise<Result> {
  const told = actorError(error);
  switch (step.do) {
    case 'Preflight':
    case 'Prepare':
    case 'Freeze':
    case 'Adopt':
    case 'Fail': {
      if (!isTransient(error)) {
        await report(migration, { ...withoutTries(status), state: 'Failed', error: told }, deps);
        return {};
      }
      // A container does not stand still for a wait, unless its dump is good: that is never thrown away.
      const frozen = step.do !== 'Preflight' && step.do !== 'Prepare' && !(await thawForRetry(migration, status, deps));
      const retry = nextRetry(status.retry, frozen ? URGENT : PATIENT, deps.clock);
      await report(migration, { ...withoutTries(status), error: told, retry }, deps);
      return { requeueAfterMs: Date.parse(retry.notBefore) - deps.clock.now() };
    }
    case 'Release':
    case 'Wake':
    case 'Undo':
    case 'Restore':
    case 'ReportLost':
      // Must succeed, and is tried again for as long as it takes. Told once, not at every try.
      if (status.error?.reason !== told.reason) await report(migration, { ...withoutTries(status), error: told }, deps);
      throw error;
  }
}
