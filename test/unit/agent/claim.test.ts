import type { AgentDeps } from '../../../src/agent/ports';
import { createTargetReconciler } from '../../../src/agent/target/reconcile';
import type { ContainerMigration, TargetStatus } from '../../../src/api/types';
import { keyOf } from '../../../src/api/types';
import { KubeError } from '../../../src/kube/errors';
import type { Result } from '../../../src/runtime/controller-loop';
import { ReasonedError } from '../../../src/runtime/errors';
import { FakeClock } from '../../lib/fake-clock';
import { checkpoint, CONTAINER_ID, decision, migration, revoked, source, target, UID } from '../../lib/migration';
import { recordingLogger } from '../../lib/recording-logger';

/** The object as the API server has it; every write needs the version that it has. */
let stored: ContainerMigration;
/** Happens while the target verifies. */
let meanwhile: () => void;
let verified: number;
/** What the verification fails of. */
let damaged: ReasonedError | undefined;

const publishedAt = (version: string, more: Partial<ContainerMigration['status']> = {}): ContainerMigration =>
  migration(
    { decision: decision('Freeze'), source: source('Published', { checkpoint }), target: target('Prepared'), ...more },
    { metadata: { resourceVersion: version } },
  );

beforeEach(() => {
  stored = publishedAt('1');
  meanwhile = () => undefined;
  verified = 0;
  damaged = undefined;
});

function deps(): AgentDeps {
  const writeTarget = ({ metadata }: ContainerMigration, status: TargetStatus): Promise<ContainerMigration> => {
    if (metadata.resourceVersion !== stored.metadata.resourceVersion) {
      return Promise.reject(new KubeError('Conflict', 'the object has been modified', { statusCode: 409 }));
    }
    stored = { ...stored, status: { ...stored.status, target: status } };
    return Promise.resolve(stored);
  };
  return {
    node: { name: 'node-b', isOutOfService: () => Promise.resolve(false) },
    clock: new FakeClock(),
    deadlines: { dumpMs: 1_000, wakeMs: 1_000 },
    migrations: { cached: () => stored, fresh: () => Promise.resolve(stored), writeTarget },
    engine: { inspect: () => Promise.resolve(undefined), list: () => Promise.resolve([]) },
    driver: { createOptions: () => ({ runtime: 'transship', annotations: {} }) },
    store: {
      verify: () => {
        verified++;
        meanwhile();
        if (damaged !== undefined) return Promise.reject(damaged);
        return Promise.resolve({ migrationUID: UID, containerID: CONTAINER_ID, files: [] });
      },
    },
  } as unknown as AgentDeps;
}

/** One visit. The wake-up that follows a claim at once finds no container here, and fails. */
function visit(): Promise<Result> {
  const context = { signal: new AbortController().signal, log: recordingLogger() };
  return createTargetReconciler(deps())(keyOf(stored), context);
}

test('a change besides does not cost another verification: the claim is made on the object as it is now', async () => {
  meanwhile = () => {
    stored = publishedAt('2', { message: 'waiting for node-b (Verify: 1 MiB in 3 files so far)' });
  };
  await visit();
  expect(stored.status.target?.claimedAt).toBeDefined();
  expect(verified).toBe(1);
});

test.each([
  ['CheckpointCorrupt', { state: 'Failed' }],
  ['VolumeHung', { state: 'Prepared', retry: { failures: 1 } }],
])('a failure (%s) is noted and counted although the object changed besides', async (reason, expected) => {
  damaged = new ReasonedError(reason, 'for the test');
  meanwhile = () => {
    stored = publishedAt('2', { message: 'waiting for node-b (Verify: 1 MiB in 3 files so far)' });
  };
  await visit();
  expect(stored.status.target).toMatchObject({ ...expected, error: { reason } });
});

test.each<[string, ContainerMigration]>([
  ['was revoked', publishedAt('2', { decision: { ...decision('Freeze'), revoked } })],
  ['is another attempt', publishedAt('2', { decision: decision('Freeze', { attempt: 2 }) })],
  [
    'has another checkpoint',
    publishedAt('2', {
      source: source('Published', { checkpoint: { ...checkpoint, digest: `sha256:${'e'.repeat(64)}` } }),
    }),
  ],
  ['ended', publishedAt('2', { phase: 'Failed' })],
])('what was verified is not claimed when the migration %s meanwhile', async (_what, changed) => {
  meanwhile = () => {
    stored = changed;
  };
  await expect(visit()).resolves.toEqual({ requeueAfterMs: 1 });
  expect(stored.status.target).toEqual(target('Prepared'));
});
