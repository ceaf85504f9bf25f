import type { KubeClient } from '../../../src/kube/client';
import { isAlreadyExists, isConflict, isNotFound } from '../../../src/kube/errors';
import { NODES } from '../../../src/kube/nodes';
import { ResourceClient } from '../../../src/kube/resource-client';
import type { Widget } from './scratch';
import { adminClient, failureOf, NAMESPACE, scratchKind } from './scratch';

let client: KubeClient;
let widgets: ResourceClient<Widget>;
let remove: () => Promise<void>;

beforeAll(async () => {
  client = adminClient();
  ({ widgets, remove } = await scratchKind(client));
}, 60_000);

afterAll(async () => {
  await remove();
  await client.close();
});

const make = (name: string, spec: object = { size: 1 }): Promise<Widget> =>
  widgets.create(NAMESPACE, { metadata: { name }, spec });

test('what is created can be read, listed, changed and deleted', async () => {
  await make('simple');
  expect(await widgets.get(NAMESPACE, 'simple')).toMatchObject({ name: 'simple', size: 1 });
  expect((await widgets.list({ namespace: NAMESPACE })).items.map(({ key }) => key)).toContain('default/simple');
  expect(await widgets.mergePatch(NAMESPACE, 'simple', { spec: { size: 2 } })).toMatchObject({ size: 2 });
  await widgets.delete(NAMESPACE, 'simple');
  expect(await widgets.find(NAMESPACE, 'simple')).toBeUndefined();
  await expect(widgets.delete(NAMESPACE, 'simple')).resolves.toBeUndefined();
});

test('two field managers apply to the status, and each keeps its fields and conditions', async () => {
  await make('shared');
  const apply = (fieldManager: string, status: object): Promise<Widget> =>
    widgets.applyStatus(NAMESPACE, 'shared', status, { fieldManager });
  await apply('controller', { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] });
  await apply('agent', { measured: 5, conditions: [{ type: 'Frozen', status: 'True' }] });
  const both = await apply('controller', { phase: 'Done', conditions: [{ type: 'Ready', status: 'True' }] });
  expect(both.status).toMatchObject({ phase: 'Done', measured: 5 });
  expect(both.status['conditions']).toEqual([
    { type: 'Ready', status: 'True' },
    { type: 'Frozen', status: 'True' },
  ]);
  const without = await apply('agent', { measured: 6 });
  expect(without.status).toEqual({ phase: 'Done', measured: 6, conditions: [{ type: 'Ready', status: 'True' }] });
  expect(without.size).toBe(1);
});

test('an apply with a stale version is a conflict and changes nothing', async () => {
  const { resourceVersion } = await make('raced');
  const first = { fieldManager: 'first', resourceVersion };
  await widgets.applyStatus(NAMESPACE, 'raced', { claimedBy: 'first' }, first);
  const second = widgets.applyStatus(
    NAMESPACE,
    'raced',
    { claimedBy: 'second' },
    { fieldManager: 'second', resourceVersion },
  );
  expect(isConflict(await failureOf(second))).toBe(true);
  expect((await widgets.get(NAMESPACE, 'raced')).status).toEqual({ claimedBy: 'first' });
});

test('a merge patch with a stale version is a conflict', async () => {
  const { resourceVersion } = await make('patched');
  await widgets.mergePatch(NAMESPACE, 'patched', { spec: { size: 2 } }, { resourceVersion });
  const again = widgets.mergePatch(NAMESPACE, 'patched', { spec: { size: 3 } }, { resourceVersion });
  expect(isConflict(await failureOf(again))).toBe(true);
});

test('an apply creates the object when there is none', async () => {
  await widgets.apply(NAMESPACE, 'applied', { spec: { size: 9 } }, { fieldManager: 'me' });
  expect(await widgets.get(NAMESPACE, 'applied')).toMatchObject({ size: 9 });
});

test('errors of the server are told apart', async () => {
  await make('there');
  expect(isAlreadyExists(await failureOf(make('there')))).toBe(true);
  expect(isNotFound(await failureOf(widgets.get(NAMESPACE, 'not-there')))).toBe(true);
  expect(await failureOf(make('Bad_Name'))).toMatchObject({ reason: 'Invalid', statusCode: 422 });
});

test('a list of more than one page is whole, and says what cannot be read', async () => {
  const many = Array.from({ length: 505 }, (_, i) => `many-${i}`);
  for (let i = 0; i < many.length; i += 50) await Promise.all(many.slice(i, i + 50).map((name) => make(name)));
  await expect(make('unreadable', {})).rejects.toMatchObject({ reason: 'ObjectUnreadable' });
  const { items } = await widgets.list({ namespace: NAMESPACE });
  const keys = items.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(many.filter((name) => !keys.includes(`${NAMESPACE}/${name}`))).toEqual([]);
  expect(items.filter(({ parsed }) => !parsed.ok).map(({ key }) => key)).toEqual([`${NAMESPACE}/unreadable`]);
}, 120_000);

test('a node is known by its name, and another is not', async () => {
  const nodes = new ResourceClient(client, NODES);
  const { items } = await nodes.list();
  const [first] = items.flatMap(({ parsed }) => (parsed.ok ? [parsed.value] : []));
  expect(await nodes.find('', first?.name ?? '')).toEqual(first);
  expect(await nodes.find('', 'no-such-node')).toBeUndefined();
});
