import type { ContainerMigration } from '../api/types';
import { ADMITTED_UID, FINALIZER } from '../api/types';
import { isConflict } from '../kube/errors';
import { decideController } from '../protocol/controller/decide';
import type { ControllerObservation, ControllerStep, PhaseDeadlines } from '../protocol/controller/step';
import type { ControllerStatus, StatusStep } from '../protocol/status';
import { acknowledged, statusAfter } from '../protocol/status';
import type { Clock } from '../runtime/clock';
import type { Reconcile, ReconcileContext, Result } from '../runtime/controller-loop';
import { BriefWaits } from './brief-waits';
import type { ClusterView, EventSink, MigrationStore } from './ports';

export interface ControllerDeps {
  readonly migrations: MigrationStore;
  readonly cluster: ClusterView;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly deadlines: PhaseDeadlines;
}

/** After a lost race the watch brings the newer object within milliseconds; this is for the case that it does not. */
const AFTER_CONFLICT_MS = 100;

/** One visit of the controller: look, decide, write. Every write fails when the object changed since the look. */
export function createReconciler(deps: ControllerDeps): Reconcile {
  const briefWaits = new BriefWaits();
  return async (key, context) => {
    const migration = deps.migrations.get(key);
    if (migration === undefined) {
      briefWaits.end(key);
      return {};
    }
    const step = decideController(migration, await observe(migration, deps));
    if (step.do !== 'Wait') briefWaits.end(key);
    try {
      return await perform(migration, step, { ...deps, briefWaits }, context);
    } catch (error) {
      if (!isConflict(error)) throw error;
      context.log.debug('object changed meanwhile, deciding anew', { step: step.do, because: step.because });
      return { requeueAfterMs: AFTER_CONFLICT_MS };
    }
  };
}

type Deps = ControllerDeps & { readonly briefWaits: BriefWaits };

/** Everything that the decision depends on besides the object. */
async function observe({ spec }: ContainerMigration, deps: ControllerDeps): Promise<ControllerObservation> {
  const [source, target] = await Promise.all([
    deps.cluster.node(spec.source.nodeName),
    deps.cluster.node(spec.target.nodeName),
  ]);
  return { nowMs: deps.clock.now(), source, target, deadlines: deps.deadlines };
}

async function perform(
  migration: ContainerMigration,
  step: ControllerStep,
  deps: Deps,
  { log }: ReconcileContext,
): Promise<Result> {
  switch (step.do) {
    case 'Rest':
      return {};
    case 'LetGo': {
      const { finalizers = [] } = migration.metadata;
      const left = finalizers.filter((name) => name !== FINALIZER);
      if (left.length !== finalizers.length) await deps.migrations.writeMetadata(migration, { finalizers: left });
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

/**
 * The finalizer comes before anything is touched, so that a deletion can never leave a frozen container behind; the
 * annotation, so that a copy of the object without its status is known for one.
 */
async function hold(migration: ContainerMigration, deps: ControllerDeps): Promise<ContainerMigration> {
  const { finalizers = [], annotations, uid } = migration.metadata;
  if (finalizers.includes(FINALIZER) && annotations?.[ADMITTED_UID] === uid) return migration;
  return deps.migrations.writeMetadata(migration, {
    finalizers: [...finalizers.filter((name) => name !== FINALIZER), FINALIZER],
    annotations: { [ADMITTED_UID]: uid },
  });
}

async function write(
  migration: ContainerMigration,
  step: StatusStep,
  deps: Deps,
  log: ReconcileContext['log'],
): Promise<Result> {
  const nowMs = deps.clock.now();
  const status = statusAfter(migration, step, new Date(nowMs).toISOString());
  // A wait that says nothing new is not written: it would only disturb the claim, which depends on resourceVersion.
  if (step.do !== 'Wait' || saysSomethingNew(migration, status)) {
    const keptBackMs = step.do === 'Wait' ? deps.briefWaits.keptBackMs(migration, status, nowMs) : undefined;
    if (step.do === 'Wait' && keptBackMs !== undefined) {
      return { requeueAfterMs: Math.max(Math.min(keptBackMs, step.untilMs - nowMs), AFTER_CONFLICT_MS) };
    }
    await deps.migrations.writeStatus(migration, status);
    // A phase that begins because of what an agent reports, the wake-up, is in the downtime: the status tells of it.
    const isAnnounced = step.do !== 'Wait' || status.reason !== status.phase;
    if (status.phase !== migration.status.phase && isAnnounced) announce(migration, step, status, deps, log);
  }
  return step.do === 'Wait' ? { requeueAfterMs: Math.max(step.untilMs - nowMs, AFTER_CONFLICT_MS) } : {};
}

function saysSomethingNew({ status, metadata }: ContainerMigration, next: ControllerStatus): boolean {
  return (
    status.phase !== next.phase ||
    status.reason !== next.reason ||
    status.message !== next.message ||
    status.observedGeneration !== metadata.generation
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
  log.info('phase changed', { phase, reason, because: step.because, attempt: status.decision?.attempt });
  deps.events.record(migration, bad ? 'Warning' : 'Normal', reason, message);
}
