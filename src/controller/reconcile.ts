import type { MigrationRequest } from '../api/types';
import { ADMITTED_UID, FINALIZER, hasTarget } from '../api/types';
import { isConflict } from '../kube/errors';
import type { Candidate } from '../protocol/controller/choose-target';
import { decideController, decideUnseen } from '../protocol/controller/decide';
import type { ControllerObservation, ControllerStep, NodeView, PhaseDeadlines } from '../protocol/controller/step';
import { statusToTell, tellAfterMs } from '../protocol/controller/told';
import type { ControllerStatus, StatusStep } from '../protocol/status';
import { acknowledged, statusAfter } from '../protocol/status';
import type { Clock } from '../runtime/clock';
import type { Reconcile, ReconcileContext, Result } from '../runtime/controller-loop';
import type { ClusterView, EventSink, MigrationStore } from './ports';
import type { TargetLoads } from './target-loads';
import type { TurnKeeper } from './turn-keeper';

export interface ControllerDeps {
  readonly migrations: MigrationStore;
  readonly cluster: ClusterView;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly deadlines: PhaseDeadlines;
  readonly targets: Pick<TargetLoads, 'poolFor' | 'decided'>;
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
async function lookAndDecide(migration: MigrationRequest, deps: ControllerDeps): Promise<Decided> {
  const settled = decideUnseen(migration);
  if (settled !== undefined) return { step: settled, seen: unseen(deps) };
  const { cluster } = deps;
  const decided = decideInTurn(
    migration,
    await observe(migration, deps, {
      node: (name) => cluster.recentNode(name),
      candidates: () => cluster.recentCandidates(),
    }),
    deps,
  );
  const { source, target } = decided.seen;
  // A target is picked for good, and not one that was cordoned a moment ago: that is seen by a look now, too.
  if (decided.step.do === 'Wait' || (hasTarget(migration) && isWell(source) && isWell(target))) return decided;
  return decideInTurn(migration, await observe(migration, deps, cluster), deps);
}

/** Nothing is awaited between the look at the line and the note of what came of it: others may be deciding as well. */
function decideInTurn(
  migration: MigrationRequest,
  { candidates, ...nodes }: Look,
  { turns, targets }: Pick<ControllerDeps, 'turns' | 'targets'>,
): Decided {
  const place = hasTarget(migration) ? turns?.placeOf(migration) : undefined;
  const pool = candidates && targets.poolFor(migration, candidates);
  const seen = { ...nodes, ...(place === undefined ? {} : { place }), ...(pool === undefined ? {} : { pool }) };
  const step = decideController(migration, seen);
  turns?.decided(migration, step);
  targets.decided(migration, step);
  return { step, seen };
}

const isWell = ({ exists, agentAlive, outOfService }: NodeView): boolean => exists && agentAlive && !outOfService;

const UNKNOWN: NodeView = { exists: false, agentAlive: false, outOfService: false };

/** For what does not depend on the nodes. */
function unseen({ clock, deadlines }: ControllerDeps): ControllerObservation {
  return { nowMs: clock.now(), source: UNKNOWN, target: UNKNOWN, deadlines };
}

/** What was seen of the nodes: all of them when a target is still to be picked. */
interface Look extends ControllerObservation {
  readonly candidates?: readonly Candidate[];
}

/** Everything that the decision depends on besides the objects. */
async function observe(
  migration: MigrationRequest,
  { clock, deadlines }: ControllerDeps,
  look: Pick<ClusterView, 'node' | 'candidates'>,
): Promise<Look> {
  const from = look.node(migration.spec.source.nodeName);
  if (!hasTarget(migration)) {
    const [source, candidates] = await Promise.all([from, look.candidates()]);
    return { nowMs: clock.now(), source, target: UNKNOWN, deadlines, candidates };
  }
  const [source, target] = await Promise.all([from, look.node(migration.spec.target.nodeName)]);
  return { nowMs: clock.now(), source, target, deadlines };
}

async function perform(
  migration: MigrationRequest,
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
    case 'PickTarget':
      await deps.migrations.writeTarget(migration, step.nodeName, step.why);
      log.info('target picked', { target: step.nodeName, why: step.why, because: step.because });
      deps.events.record(migration, 'Normal', 'TargetPicked', `picked ${step.nodeName}: ${step.why}`);
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
async function hold(migration: MigrationRequest, deps: ControllerDeps): Promise<MigrationRequest> {
  const { finalizers = [], annotations, uid } = migration.metadata;
  if (finalizers.includes(FINALIZER) && annotations?.[ADMITTED_UID] === uid) return migration;
  return deps.migrations.writeMetadata(migration, {
    finalizers: [...finalizers.filter((name) => name !== FINALIZER), FINALIZER],
    annotations: { [ADMITTED_UID]: uid },
  });
}

async function write(
  migration: MigrationRequest,
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
  migration: MigrationRequest,
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
  migration: MigrationRequest,
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
