import type { ContainerMigration } from '../api/types';
import { FINALIZER } from '../api/types';
import { isConflict } from '../kube/errors';
import type { ControllerObservation, ControllerStep } from '../protocol/controller';
import { decideController } from '../protocol/controller';
import type { ControllerStatus, StatusStep } from '../protocol/status';
import { acknowledged, statusAfter } from '../protocol/status';
import type { Clock } from '../runtime/clock';
import type { Reconcile, ReconcileContext, Result } from '../runtime/controller-loop';
import type { ClusterView, EventSink, MigrationStore } from './ports';

export interface ControllerDeps {
  readonly migrations: MigrationStore;
  readonly cluster: ClusterView;
  readonly events: EventSink;
  readonly clock: Clock;
}

/** After a lost race the watch brings the newer object within milliseconds; this is for the case that it does not. */
const AFTER_CONFLICT_MS = 100;

/** One visit of the controller: look, decide, write. Every write fails when the object changed since the look. */
export function createReconciler(deps: ControllerDeps): Reconcile {
  return async (key, context) => {
    const migration = deps.migrations.get(key);
    if (migration === undefined) return {};
    const step = decideController(migration, await observe(migration, deps));
    try {
      return await perform(migration, step, deps, context);
    } catch (error) {
      if (!isConflict(error)) throw error;
      context.log.debug('object changed meanwhile, deciding anew', { step: step.do });
      return { requeueAfterMs: AFTER_CONFLICT_MS };
    }
  };
}

/** Everything that the decision depends on besides the object. */
async function observe({ spec }: ContainerMigration, deps: ControllerDeps): Promise<ControllerObservation> {
  const names = [spec.source.nodeName, spec.target.nodeName];
  const nodes = await Promise.all(
    names.map(async (name) => ({
      name,
      exists: await deps.cluster.nodeExists(name),
      alive: await deps.cluster.agentAlive(name),
    })),
  );
  const find = (name: string): { exists: boolean; alive: boolean } | undefined =>
    nodes.find((node) => node.name === name);
  return {
    nowMs: deps.clock.now(),
    nodeExists: (name) => find(name)?.exists === true,
    agentAlive: (name) => find(name)?.alive === true,
  };
}

async function perform(
  migration: ContainerMigration,
  step: ControllerStep,
  deps: ControllerDeps,
  { log }: ReconcileContext,
): Promise<Result> {
  switch (step.do) {
    case 'Rest':
      return {};
    case 'LetGo': {
      const left = (migration.metadata.finalizers ?? []).filter((name) => name !== FINALIZER);
      if (left.length !== migration.metadata.finalizers?.length) await deps.migrations.writeFinalizers(migration, left);
      return {};
    }
    case 'Acknowledge':
      await deps.migrations.writeStatus(migration, acknowledged(migration));
      return {};
    case 'Admit':
      return write(await hold(migration, deps), step, deps, log);
    case 'Refuse':
    case 'Advance':
    case 'Revoke':
    case 'Finish':
    case 'Wait':
      return write(migration, step, deps, log);
  }
}

/** The finalizer comes before anything is touched, so that a deletion can never leave a frozen container behind. */
async function hold(migration: ContainerMigration, deps: ControllerDeps): Promise<ContainerMigration> {
  const finalizers = migration.metadata.finalizers ?? [];
  return finalizers.includes(FINALIZER)
    ? migration
    : deps.migrations.writeFinalizers(migration, [...finalizers, FINALIZER]);
}

async function write(
  migration: ContainerMigration,
  step: StatusStep,
  deps: ControllerDeps,
  log: ReconcileContext['log'],
): Promise<Result> {
  const nowMs = deps.clock.now();
  const status = statusAfter(migration, step, new Date(nowMs).toISOString());
  // A wait that says nothing new is not written: it would only disturb the claim, which depends on resourceVersion.
  if (step.do !== 'Wait' || saysSomethingNew(migration, status)) {
    await deps.migrations.writeStatus(migration, status);
    if (status.phase !== migration.status.phase) announce(migration, step, status, deps, log);
  }
  return step.do === 'Wait' ? { requeueAfterMs: Math.max(step.untilMs - nowMs, AFTER_CONFLICT_MS) } : {};
}

function saysSomethingNew({ status, metadata }: ContainerMigration, next: ControllerStatus): boolean {
  return (
    status.phase !== next.phase || status.message !== next.message || status.observedGeneration !== metadata.generation
  );
}

function announce(
  migration: ContainerMigration,
  step: StatusStep,
  status: ControllerStatus,
  deps: ControllerDeps,
  log: ReconcileContext['log'],
): void {
  const { phase, reason = '', message = '' } = status;
  const bad = step.do === 'Refuse' || step.do === 'Revoke' || phase === 'RolledBack' || phase === 'Failed';
  log.info('phase changed', { phase, reason, attempt: status.decision?.attempt });
  deps.events.record(migration, bad ? 'Warning' : 'Normal', reason, message);
}
