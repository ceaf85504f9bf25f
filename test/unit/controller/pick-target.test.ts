import { TARGET_PICKED } from '../../../src/api/types';
import { createClusterView } from '../../../src/controller/cluster-view';
import { TargetLoads } from '../../../src/controller/target-loads';
import { KubeError } from '../../../src/kube/errors';
import { ABLE, candidate, requested } from '../../lib/candidate';
import { FakeClock } from '../../lib/fake-clock';
import { FakeTransport } from '../../lib/fake-transport';
import { decision } from '../../lib/migration';
import { setup } from './setup';

const two = [candidate('node-a'), candidate('node-b')];
const cordoned = [candidate('node-a'), candidate('node-b', { isCordoned: true })];

describe('a migration that does not say where to', () => {
  test('gets a target in its spec first, and is admitted with that', async () => {
    const { store, visit, events } = setup(requested(), {}, {}, undefined, { now: two, lately: two });
    expect(await visit()).toEqual({});
    expect(store.object.spec.target).toEqual({ nodeName: 'node-b' });
    expect(store.object.metadata.annotations?.[TARGET_PICKED]).toBe('the only node that fits');
    expect(store.object.status).toEqual({});
    expect(events).toEqual(['Normal TargetPicked']);
    await visit();
    expect(store.object.status).toMatchObject({ phase: 'Preflight', observedGeneration: 2 });
    expect(store.object.status.decision?.step).toBe('Preflight');
  });

  test('waits and says why when none fits, until one does', async () => {
    const now = { now: cordoned, lately: cordoned };
    const { store, visit, events } = setup(requested(), {}, {}, undefined, now);
    expect(await visit()).toEqual({ requeueAfterMs: 5_000 });
    expect(store.object.status).toMatchObject({ phase: 'Pending', reason: 'NoTargetNode' });
    expect(store.object.status.message).toContain('node-b: cordoned');
    expect(store.object.metadata.finalizers).toBeUndefined();
    const { resourceVersion } = store.object.metadata;
    await visit();
    expect(store.object.metadata.resourceVersion).toBe(resourceVersion);
    expect(events).toEqual(['Normal NoTargetNode']);
    now.now = now.lately = two;
    await visit();
    expect(store.object.spec.target.nodeName).toBe('node-b');
  });

  test('is refused after the deadline, but only for what the nodes are like now', async () => {
    const nodes = { now: two, lately: cordoned };
    const { store, visit, clock } = setup(requested(), {}, {}, undefined, nodes);
    await visit();
    await clock.advance(60_000);
    nodes.now = cordoned;
    await visit();
    expect(store.object.status).toMatchObject({ phase: 'Failed', reason: 'NoTargetNode' });
    expect(store.object.spec.target).toEqual({});

    const late = setup(requested(), {}, {}, undefined, { now: two, lately: cordoned });
    await late.visit();
    await late.clock.advance(60_000);
    await late.visit();
    expect(late.store.object.spec.target.nodeName).toBe('node-b');
  });

  test('does not get a node that was cordoned a moment ago', async () => {
    const { store, visit } = setup(requested(), {}, {}, undefined, { now: cordoned, lately: two });
    await visit();
    expect(store.object.spec.target).toEqual({});
    expect(store.object.status.reason).toBe('NoTargetNode');
  });

  test('is looked at anew when somebody else names a target at the same moment', async () => {
    const { store, visit, events } = setup(requested(), {}, {}, undefined, { now: two, lately: two });
    store.refuse = new KubeError('Conflict', 'it was changed', { statusCode: 409 });
    expect(await visit()).toEqual({ requeueAfterMs: 100 });
    expect(store.object.spec.target).toEqual({});
    expect(events).toEqual([]);
  });

  test('loses its name where no API server guards it, before a node has reported: it ends, and nothing was touched', async () => {
    const object = requested({}, { status: { phase: 'Preflight', decision: decision('Preflight') } });
    const { store, visit } = setup(object, {}, {}, undefined, { now: two, lately: two });
    await visit();
    expect(store.object.status).toMatchObject({ phase: 'Failed', reason: 'SpecChanged' });
  });
});

test('two that are created together do not meet at one node, though the watch tells of neither yet', () => {
  const [one, other] = ['1', '2'].map((uid) => requested({}, { metadata: { uid } }));
  if (one === undefined || other === undefined) throw new Error('unreachable');
  const loads = new TargetLoads(() => [one, other]);
  const nodes = [...two, candidate('node-c')];
  loads.decided(one, { do: 'PickTarget', because: 'PickTarget', nodeName: 'node-b', why: 'first' });
  expect(loads.poolFor(other, nodes).loads.get('node-b')).toMatchObject({ underWay: 1 });
  expect(loads.poolFor(one, nodes).loads.size).toBe(0);
  loads.decided(one, { do: 'Admit', because: 'Admit' });
  expect(loads.poolFor(other, nodes).loads.size).toBe(0);
});

test('the nodes that may be picked from are three lists, shared for some seconds', async () => {
  const clock = new FakeClock();
  const transport = new FakeTransport();
  const metadata = (name: string): object => ({ name, uid: 'u', resourceVersion: '1' });
  const renewTime = new Date(clock.now()).toISOString();
  const lists: Record<string, object[]> = {
    '/api/v1/nodes': [
      { metadata: { ...metadata('node-a'), labels: { zone: 'eu' } }, spec: { unschedulable: true } },
      { metadata: metadata('node-b'), spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] } },
    ],
    '/apis/transship.dev/v1alpha1/migrationnodes': [{ metadata: metadata('node-a'), status: ABLE }],
    '/apis/coordination.k8s.io/v1/namespaces/ns/leases': [
      {
        metadata: { ...metadata('transship-agent-node-a'), namespace: 'ns' },
        spec: { leaseDurationSeconds: 40, renewTime },
      },
      { metadata: { ...metadata('transship-controller'), namespace: 'ns' }, spec: { renewTime } },
    ],
  };
  transport.answer = ({ path }) => ({ metadata: { resourceVersion: '1' }, items: lists[path] });
  const view = createClusterView(transport, clock, 'ns');
  const [first] = await Promise.all([view.recentCandidates(), view.recentCandidates()]);
  expect(first).toEqual([
    candidate('node-a', { labels: { zone: 'eu' }, isCordoned: true }),
    { name: 'node-b', labels: {}, isCordoned: false, taints: ['dedicated'], agentAlive: false },
  ]);
  expect(transport.requests.map(({ path }) => path).toSorted()).toEqual(Object.keys(lists).toSorted());
  await view.candidates();
  expect(transport.requests).toHaveLength(6);
});
