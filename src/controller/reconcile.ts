import type { ContainerMigration } from '../api/types';
import { ADMITTED_UID, FINALIZER } from '../api/types';
import { isConflict } from '../kube/errors';
import { decideController, decideUnseen } from '../protocol/controller/decide';
import type { ControllerObservation, ControllerStep, NodeView, PhaseDeadlines } from '../protocol/controller/step';
import { statusToTell, tellAfterMs } from '../protocol/controller/told';
import type { ControllerStatus, StatusStep } from '../protocol/status';
import { acknowledged, statusAfter } from '../protocol/status';
import type { Clock } from '../runtime/clock';
import type { Reconcile, ReconcileContext, Result } from '../runtime/controller-loop';
import type { ClusterView, EventSink, MigrationStore } from './ports';
import type { TurnKeeper } from './turn-keeper';

export interface ControllerDeps {
  readonly migrations: MigrationStore;
  readonly cluster: ClusterView;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly deadlines: PhaseDeadlines;
  /** Absent: nobody has to wait for a turn. */
  readonly turns?: Pick<TurnKeeper, 'placeOf' | 'decided' | 'written'>;
}

/** After a lost race the watch brings the newer object within milliseconds; this is for the case that it does not. */
const AFTER_CONFLICT_MS = 100;

/** One visit of the controller: look, decide, write. Every write fails when the object changed since the look. */
export function createReconciler(deps: ControllerDeps): Reconcile {
  return async (key, context) => {
    const migration = deps.migrations.get(key);
    if (migration === undefined) return {};
    const { step, seen } = await lookAndDecide(migration, deps);
    try {
      const result = await perform(migration, step, seen, deps, context);
      deps.turns?.written(migration, { isRefused: false });
      return result;
    } catch (error) {
      deps.turns?.written(migration, { isRefused: isConflict(error) });
      if (!isConflict(error)) throw error;
      context.log.debug('object changed meanwhile, deciding anew', { step: step.do, because: step.because });
      return { requeueAfterMs: AFTER_CONFLICT_MS };
    }
  };
}

interface Decided {
  readonly step: ControllerStep;
  readonly seen: ControllerObservation;
}

/**
 * Decides on what was seen of the nodes lately. That a node was well a moment ago is as good as that it is well now: it may
 * fail in the next moment all the same. But what is done because a node is not well is only done when it is not well now:
 * the taint may be gone, and the container woken up there.
 */
async function lookAndDecide(migration: ContainerMigration, deps: ControllerDeps): Promise<Decided> {
  const settled = decideUnseen(migration);
  if (settled !== undefined) return { step: settled, seen: unseen(deps) };
  const recent = await observe(migration, deps, (name) => deps.cluster.recentNode(name));
  const decided = decideInTurn(migration, recent, deps);
  if (decided.step.do === 'Wait' || (isWell(recent.source) && isWell(recent.target))) return decided;
  return decideInTurn(migration, await observe(migration, deps, (name) => deps.cluster.node(name)), deps);
}

/** Nothing is awaited between the look at the line and the note of what came of it: others may be deciding as well. */
function decideInTurn(
  migration: ContainerMigration,
  nodes: ControllerObservation,
  { turns }: Pick<ControllerDeps, 'turns'>,
): Decided {
  const place = turns?.placeOf(migration);
  const seen = place === undefined ? nodes : { ...nodes, place };
  const step = decideController(migration, seen);
  turns?.decided(migration, step);
  return { step, seen };
}

const isWell = ({ exists, agentAlive, outOfService }: NodeView): boolean => exists && agentAlive && !outOfService;

/** For what does not depend on the nodes. */
function unseen({ clock, deadlines }: ControllerDeps): ControllerObservation {
  const unknown: NodeView = { exists: false, agentAlive: false, outOfService: false };
  return { nowMs: clock.now(), source: unknown, target: unknown, deadlines };
}

/** Everything that the decision depends on besides the object. */
async function observe(
  { spec }: ContainerMigration,
  { clock, deadlines }: ControllerDeps,
  look: (node: string) => Promise<NodeView>,
): Promise<ControllerObservation> {
  const [source, target] = await Promise.all([look(spec.source.nodeName), look(spec.target.nodeName)]);
  return { nowMs: clock.now(), source, target, deadlines };
}

async function perform(
  migration: ContainerMigration,
  step: ControllerStep,
  seen: ControllerObservation,
  deps: ControllerDeps,
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
    case 'Wait':
      return wait(migration, step, seen, deps, log);
    case 'Admit':
      return write(await hold(migration, deps), step, seen, deps, log);
    case 'Refuse':
    case 'Advance':
    case 'Revoke':
    case 'Finish':
      return write(migration, step, seen, deps, log);
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
  seen: ControllerObservation,
  deps: ControllerDeps,
  log: ReconcileContext['log'],
): Promise<Result> {
  const at = new Date(deps.clock.now()).toISOString();
  await deps.migrations.writeStatus(migration, statusToTell(migration, step, seen, at));
  // The event tells of the step itself.
  const status = statusAfter(migration, step, at);
  // A phase that begins because of what an agent reports, the wake-up, is in the downtime: the status tells of it.
  // That others come first is no event either.
  const isAnnounced = step.do !== 'Wait' || (status.reason !== status.phase && step.place === undefined);
  if (status.phase !== migration.status.phase && isAnnounced) announce(migration, step, status, deps, log);
  return {};
}

/** A wait that says nothing new is not written: it would only disturb the claim, which depends on resourceVersion. */
async function wait(
  migration: ContainerMigration,
  step: StatusStep & { readonly do: 'Wait' },
  seen: ControllerObservation,
  deps: ControllerDeps,
  log: ReconcileContext['log'],
): Promise<Result> {
  const againMs = Math.max(step.untilMs - seen.nowMs, AFTER_CONFLICT_MS);
  const status = statusAfter(migration, step, new Date(seen.nowMs).toISOString());
  const tellInMs = tellAfterMs(migration, status, seen);
  if (tellInMs !== undefined && tellInMs > 0) return { requeueAfterMs: Math.min(againMs, tellInMs) };
  if (tellInMs === 0) await write(migration, step, seen, deps, log);
  return { requeueAfterMs: againMs };
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
