import type { ContainerMigration, SourceStatus } from '../../api/types';
import { decideSource } from '../../protocol/source';
import type { SourceStep } from '../../protocol/source';
import type { Reconcile, ReconcileContext } from '../../runtime/controller-loop';
import { actorError } from '../actor-error';
import type { AgentDeps } from '../ports';
import { freezeSource } from './freeze';
import { preflightSource } from './preflight';
import { prepareSource } from './prepare';
import { releaseSource } from './release';
import { rollBackSource } from './rollback';

/** One visit of the agent to a migration whose source is its node. */
export function createSourceReconciler(deps: AgentDeps): Reconcile {
  const isOurs = (migration: ContainerMigration): boolean =>
    (migration.status.source?.nodeName ?? migration.spec.source.nodeName) === deps.node.name;

  return async (key, context) => {
    const cached = deps.migrations.cached(key);
    if (cached === undefined || !isOurs(cached)) return {};
    const expected = decideSource(cached);
    if (expected.do === 'Wait') {
      context.log.debug('nothing to do', { role: 'source', why: expected.why });
      return {};
    }
    // The cache may lag behind our own last write; a step is only taken on what the API server says now.
    const migration = await deps.migrations.fresh(cached);
    if (migration === undefined || !isOurs(migration)) return {};
    await perform(migration, decideSource(migration), deps, context);
    return {};
  };
}

async function perform(
  migration: ContainerMigration,
  step: SourceStep,
  deps: AgentDeps,
  { log }: ReconcileContext,
): Promise<void> {
  if (step.do === 'Wait') return;
  log.info('step begins', { role: 'source', step: step.do, attempt: migration.status.decision?.attempt });
  let next: SourceStatus;
  try {
    next = await run(migration, step, deps);
  } catch (error) {
    const failed = statusOfFailure(migration, step, error, deps);
    if (failed === undefined) throw error;
    log.warn('step failed', { role: 'source', step: step.do, error });
    await deps.migrations.writeSource(migration, failed);
    // What must succeed is tried again, with growing waits.
    if (failed.state !== 'Failed') throw error;
    return;
  }
  await deps.migrations.writeSource(migration, next);
  log.info('step done', { role: 'source', step: step.do, state: next.state });
}

async function run(
  migration: ContainerMigration,
  step: Exclude<SourceStep, { do: 'Wait' }>,
  deps: AgentDeps,
): Promise<SourceStatus> {
  const status = migration.status.source;
  const present = (): SourceStatus => status ?? { nodeName: deps.node.name, state: 'Preflighted' };
  switch (step.do) {
    case 'Preflight':
      return preflightSource(migration, deps);
    case 'Prepare':
      return prepareSource(migration, present(), deps);
    case 'Freeze':
      return freezeSource(migration, present(), deps);
    case 'Release':
      return releaseSource(migration, present(), deps);
    case 'RollBack':
      return rollBackSource(migration, status, deps);
  }
}

/** What the object says of a failed step; undefined when it is to be retried without a word (nothing was touched). */
function statusOfFailure(
  { status: { source } }: ContainerMigration,
  step: SourceStep,
  error: unknown,
  deps: AgentDeps,
): SourceStatus | undefined {
  const base = source ?? { nodeName: deps.node.name, state: 'Failed' as const };
  switch (step.do) {
    case 'Prepare':
    case 'Freeze':
      return { ...base, state: 'Failed', error: actorError(error) };
    case 'Release':
    case 'RollBack':
      return source === undefined ? undefined : { ...source, error: actorError(error) };
    case 'Preflight':
    case 'Wait':
      return undefined;
  }
}
