import type { MigrationRequest } from '../../../src/api/types';
import { keyOf } from '../../../src/api/types';
import type { ClusterView } from '../../../src/controller/ports';
import type { ControllerDeps } from '../../../src/controller/reconcile';
import { createReconciler } from '../../../src/controller/reconcile';
import type { Candidate } from '../../../src/protocol/controller/choose-target';
import type { NodeView, PhaseDeadlines } from '../../../src/protocol/controller/step';
import { TargetLoads } from '../../../src/controller/target-loads';
import type { Result } from '../../../src/runtime/controller-loop';
import { FakeClock } from '../../lib/fake-clock';
import { STARTED_AT } from '../../lib/migration';
import { recordingLogger } from '../../lib/recording-logger';
import { Store } from './store';

const deadlines: PhaseDeadlines = {
  admitMs: 60_000,
  preflightMs: 120_000,
  prepareMs: 300_000,
  freezeMs: 300_000,
  restoreMs: 300_000,
  rollBackMs: 120_000,
};

/**
 * A controller that can visit one object.
 *
 * @param nodes what it sees of the nodes now; all is well where nothing is said
 * @param lately what others have seen of them in the last seconds
 * @param turns who has to wait; nobody when absent
 * @param candidates what a target may be picked from
 */
export function setup(
  object: MigrationRequest,
  nodes: Record<string, Partial<NodeView>> = {},
  lately = nodes,
  turns?: ControllerDeps['turns'],
  candidates: { readonly now: readonly Candidate[]; readonly lately: readonly Candidate[] } = { now: [], lately: [] },
): {
  store: Store;
  clock: FakeClock;
  events: string[];
  log: ReturnType<typeof recordingLogger>;
  looks: string[];
  visit: () => Promise<Result>;
} {
  const store = new Store(object);
  const clock = new FakeClock(Date.parse(STARTED_AT));
  const events: string[] = [];
  const log = recordingLogger();
  const looks: string[] = [];
  const look =
    (kind: string, views: Record<string, Partial<NodeView>>): ClusterView['node'] =>
    (name) => {
      looks.push(`${kind} ${name}`);
      return Promise.resolve({ exists: true, agentAlive: true, outOfService: false, ...views[name] });
    };
  const cluster: ClusterView = {
    node: look('now', nodes),
    recentNode: look('recent', lately),
    candidates: () => Promise.resolve(candidates.now),
    recentCandidates: () => Promise.resolve(candidates.lately),
  };
  const reconcile = createReconciler({
    migrations: store,
    cluster,
    clock,
    deadlines,
    targets: new TargetLoads(() => [store.object]),
    events: { record: (_object, type, reason) => events.push(`${type} ${reason}`) },
    ...(turns === undefined ? {} : { turns }),
  });
  const visit = (): Promise<Result> => reconcile(keyOf(object), { signal: new AbortController().signal, log });
  return { store, clock, events, log, looks, visit };
}
