import type { MigrationRequest } from '../../../src/api/types';
import { FINALIZER } from '../../../src/api/types';
import { createClusterView } from '../../../src/controller/cluster-view';
import { createMigrationStore } from '../../../src/controller/kube-ports';
import { errorOfAnswer } from '../../../src/kube/errors';
import { REQUESTS } from '../../../src/kube/migrations';
import { ResourceClient } from '../../../src/kube/resource-client';
import type { MigrationStore } from '../../../src/controller/ports';
import type { Informer } from '../../../src/runtime/informer';
import { FakeClock } from '../../lib/fake-clock';
import { FakeTransport } from '../../lib/fake-transport';
import { decision, migration } from '../../lib/migration';

function setup(): { transport: FakeTransport; store: MigrationStore } {
  const transport = new FakeTransport();
  transport.answer = () => migration();
  const informer: Pick<Informer<MigrationRequest>, 'get'> = { get: () => migration() };
  const client = new ResourceClient(transport, REQUESTS);
  return { transport, store: createMigrationStore(client, informer as Informer<MigrationRequest>) };
}

describe('reading', () => {
  const version = (resourceVersion: string, uid = 'uid-1'): MigrationRequest =>
    migration({}, { metadata: { resourceVersion, uid } });

  /** A store whose cache holds what is put there, and an API server that answers writes with these versions. */
  function reading(...answers: string[]): { store: MigrationStore; cache: { has: MigrationRequest | undefined } } {
    const cache: { has: MigrationRequest | undefined } = { has: version('1') };
    const transport = new FakeTransport();
    transport.answer = () => version(answers.shift() ?? '');
    const informer: Pick<Informer<MigrationRequest>, 'get'> = { get: () => cache.has };
    const client = new ResourceClient(transport, REQUESTS);
    return { store: createMigrationStore(client, informer as Informer<MigrationRequest>), cache };
  }
  const readVersion = (store: MigrationStore): string | undefined =>
    store.get('default/move')?.metadata.resourceVersion;

  test('what was written is read before the watch has told of it, whichever of its writes the watch is at', async () => {
    const { store, cache } = reading('2', '3');
    const held = await store.writeMetadata(version('1'), { finalizers: [FINALIZER] });
    await store.writeStatus(held, { phase: 'Preflight' });
    expect(readVersion(store)).toBe('3');
    cache.has = version('2');
    expect(readVersion(store)).toBe('3');
    cache.has = version('3');
    expect(readVersion(store)).toBe('3');
  });

  test('what somebody else wrote after it counts, and the own write is forgotten', async () => {
    const { store, cache } = reading('2');
    await store.writeStatus(version('1'), { phase: 'Preflight' });
    cache.has = version('9');
    expect(readVersion(store)).toBe('9');
    cache.has = version('1');
    expect(readVersion(store)).toBe('1');
  });

  test('an object that is gone, or another one of its name, is not hidden by an own write', async () => {
    for (const now of [undefined, version('1', 'uid-2')]) {
      const { store, cache } = reading('2');
      await store.writeStatus(version('1'), { phase: 'Preflight' });
      cache.has = now;
      expect(store.get('default/move')).toBe(now);
    }
  });

  test('a write on a version that somebody else wrote begins anew', async () => {
    const { store, cache } = reading('2', '5');
    await store.writeStatus(version('1'), { phase: 'Preflight' });
    await store.writeStatus(version('4'), { phase: 'Preparing' });
    cache.has = version('4');
    expect(readVersion(store)).toBe('5');
    cache.has = version('1');
    expect(readVersion(store)).toBe('1');
  });

  test('a write that changed nothing leaves nothing behind', async () => {
    const { store, cache } = reading('1');
    await store.writeStatus(version('1'), { phase: 'Preflight' });
    cache.has = version('1');
    expect(store.get('default/move')).toBe(cache.has);
  });
});

const seen = migration({ decision: decision('Freeze') }, { metadata: { resourceVersion: '41' } });

test('every write carries the version of the object that was decided on', async () => {
  const { transport, store } = setup();
  await store.writeStatus(seen, { phase: 'Freezing' });
  await store.writeMetadata(seen, { finalizers: [FINALIZER] });
  await store.writeTarget(seen, 'node-b', 'the only node that fits');
  for (const { method, body } of transport.requests) {
    expect(method).toBe('PATCH');
    expect(body).toMatchObject({ metadata: { resourceVersion: '41' } });
  }
});

test('a status is written for this very object, not for one of the same name', async () => {
  const { transport, store } = setup();
  await store.writeStatus(seen, { phase: 'Freezing' });
  expect(transport.requests[0]?.path).toContain('/default/containermigrations/move/status');
  expect(transport.requests[0]?.body).toMatchObject({ metadata: { uid: seen.metadata.uid } });
});

test('finalizers are replaced, annotations added', async () => {
  const { transport, store } = setup();
  await store.writeMetadata(seen, { finalizers: [], annotations: { 'transship.dev/admitted-uid': 'u' } });
  expect(transport.requests[0]).toMatchObject({
    contentType: 'application/merge-patch+json',
    body: { metadata: { finalizers: [], annotations: { 'transship.dev/admitted-uid': 'u' } } },
  });
});

test('a target is written together with why it was picked, and nothing else of the spec is', async () => {
  const { transport, store } = setup();
  await store.writeTarget(seen, 'node-b', 'the only node that fits');
  expect(transport.requests[0]).toMatchObject({ contentType: 'application/merge-patch+json' });
  expect(transport.requests[0]?.body).toEqual({
    metadata: { annotations: { 'transship.dev/target-picked': 'the only node that fits' }, resourceVersion: '41' },
    spec: { target: { nodeName: 'node-b' } },
  });
});

describe('a node, as the controller sees it', () => {
  const lease = { metadata: { namespace: 'ns', name: 'transship-agent-node-a', resourceVersion: '1' } };
  const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }];

  function look(node: object | undefined, renewedAgoMs: number | undefined): Promise<unknown> {
    const clock = new FakeClock();
    const transport = new FakeTransport();
    const renewTime = new Date(clock.now() - (renewedAgoMs ?? 0)).toISOString();
    transport.answer = ({ path }) => {
      const found = path.includes('/leases/')
        ? renewedAgoMs !== undefined && { ...lease, spec: { leaseDurationSeconds: 40, renewTime } }
        : node;
      if (found === undefined || found === false) throw errorOfAnswer('GET', 404, '{"reason":"NotFound"}');
      return found;
    };
    return createClusterView(transport, clock, 'ns').node('node-a');
  }

  const metadata = { name: 'node-a', uid: 'u', resourceVersion: '1' };

  test.each([
    ['that is well', { metadata }, 1_000, { exists: true, agentAlive: true, outOfService: false }],
    ['that was never there', undefined, undefined, { exists: false, agentAlive: false, outOfService: false }],
    ['that has no agent', { metadata }, undefined, { exists: true, agentAlive: false, outOfService: false }],
    ['whose agent is long gone', { metadata }, 900_000, { exists: true, agentAlive: false, outOfService: false }],
    [
      'that is fenced',
      { metadata, spec: { taints } },
      900_000,
      { exists: true, agentAlive: false, outOfService: true },
    ],
    // Removed with its virtual machine: what it was marked with is gone too, and so nobody vouches for it.
    ['that was removed', undefined, 900_000, { exists: false, agentAlive: false, outOfService: false }],
  ])('%s', async (_what, node, renewedAgoMs, view) => {
    expect(await look(node, renewedAgoMs)).toEqual(view);
  });
});
