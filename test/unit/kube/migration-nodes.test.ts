import { KubeError } from '../../../src/kube/errors';
import { MigrationNodeStore } from '../../../src/kube/migration-nodes';
import { FakeTransport } from '../../lib/fake-transport';

const NODE = { name: 'node-a', uid: 'uid-1' };
const OBJECT = '/apis/transship.dev/v1alpha1/migrationnodes/node-a';
const notFound = (): KubeError => new KubeError('NotFound', 'for the test', { statusCode: 404 });
const signal = new AbortController().signal;
const stored = (uid: string): object => ({
  metadata: { name: 'node-a', ownerReferences: [{ uid }] },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});

let transport: FakeTransport;
let store: MigrationNodeStore;
beforeEach(() => {
  transport = new FakeTransport();
  store = new MigrationNodeStore(transport, 'node-a');
});
const paths = (): string[] => transport.requests.map(({ method, path }) => `${method} ${path}`);

test('an object that belongs to the Node costs one write', async () => {
  transport.answer = () => stored('uid-1');
  await store.write(NODE, { summary: 'runc' }, signal);
  expect(paths()).toEqual([`PATCH ${OBJECT}/status`]);
});

test('one that is missing is made, owned by the Node', async () => {
  let made = false;
  transport.answer = ({ path }) => {
    if (path === OBJECT) made = true;
    else if (!made) throw notFound();
    return stored('uid-1');
  };
  await store.write(NODE, { summary: 'runc' }, signal);
  expect(paths()).toEqual([`PATCH ${OBJECT}/status`, `PATCH ${OBJECT}`, `PATCH ${OBJECT}/status`]);
  expect(transport.requests[1]?.body).toMatchObject({
    kind: 'MigrationNode',
    metadata: { name: 'node-a', ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'node-a', uid: 'uid-1' }] },
  });
});

test('one of an earlier Node of the name goes over to this one', async () => {
  transport.answer = () => stored('uid-0');
  await store.write(NODE, {}, signal);
  expect(paths()).toEqual([`PATCH ${OBJECT}/status`, `PATCH ${OBJECT}`]);
});

test('the conditions of an earlier life are read, and none when there is no object', async () => {
  transport.answer = () => stored('uid-1');
  expect(await store.conditions(signal)).toEqual([{ type: 'Ready', status: 'True' }]);
  transport.answer = () => {
    throw notFound();
  };
  expect(await store.conditions(signal)).toEqual([]);
});
