import { errorOfAnswer, KubeError } from '../../../src/kube/errors';
import type { ResourceType } from '../../../src/kube/resource-client';
import { ResourceClient } from '../../../src/kube/resource-client';
import { asRecord } from '../../../src/kube/object-meta';
import type { WatchEvent } from '../../../src/runtime/lister-watcher';
import { ResourceExpiredError } from '../../../src/runtime/lister-watcher';
import { FakeTransport } from '../../lib/fake-transport';

const things: ResourceType<string> = {
  apiVersion: 'test.transship.dev/v1',
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
  parse: (value) => {
    const size = asRecord(asRecord(value)['spec'])['size'];
    if (typeof size !== 'string') throw new TypeError('spec.size is missing');
    return size;
  },
};

const thing = (name: string, size: unknown = 'big'): object => ({
  metadata: { namespace: 'ns', name, resourceVersion: '7' },
  spec: { size },
});

function setUp(): { transport: FakeTransport; client: ResourceClient<string> } {
  const transport = new FakeTransport();
  transport.answer = () => thing('a');
  return { transport, client: new ResourceClient(transport, things) };
}

const notFound = (): never => {
  throw errorOfAnswer('GET', 404, '{"reason":"NotFound"}');
};

test('an object is parsed; one that cannot be is an error with a reason', async () => {
  const { transport, client } = setUp();
  expect(await client.get('ns', 'a')).toBe('big');
  transport.answer = () => thing('a', 5);
  await expect(client.get('ns', 'a')).rejects.toMatchObject({
    reason: 'ObjectUnreadable',
    message: 'the Thing ns/a is not what the schema promises',
    cause: new TypeError('spec.size is missing'),
  });
});

test('an object that is not there is an error for get, nothing for find, and fine for delete', async () => {
  const { transport, client } = setUp();
  transport.answer = notFound;
  await expect(client.get('ns', 'a')).rejects.toBeInstanceOf(KubeError);
  expect(await client.find('ns', 'a')).toBeUndefined();
  await expect(client.delete('ns', 'a')).resolves.toBeUndefined();
});

test('other errors are not taken for an absence', async () => {
  const { transport, client } = setUp();
  transport.answer = () => {
    throw errorOfAnswer('GET', 403, '');
  };
  await expect(client.find('ns', 'a')).rejects.toMatchObject({ reason: 'Forbidden' });
  await expect(client.delete('ns', 'a')).rejects.toMatchObject({ reason: 'Forbidden' });
});

test('a long list is fetched page by page, and what cannot be read is a failure among the others', async () => {
  const { transport, client } = setUp();
  transport.answer = ({ query }) =>
    query?.['continue'] === 'next'
      ? { metadata: { resourceVersion: '9' }, items: [thing('c')] }
      : { metadata: { resourceVersion: '9', continue: 'next' }, items: [thing('a'), thing('b', 5)] };
  const { items, resourceVersion } = await client.list({ namespace: 'ns' });
  expect(resourceVersion).toBe('9');
  expect(items.map(({ key, parsed }) => [key, parsed.ok])).toEqual([
    ['ns/a', true],
    ['ns/b', false],
    ['ns/c', true],
  ]);
  expect(transport.requests.map(({ query }) => query?.['continue'])).toEqual([undefined, 'next']);
});

test.each<[string, Partial<ResourceType<string>>, string, string]>([
  ['a kind of a group', {}, 'ns', '/apis/test.transship.dev/v1/namespaces/ns/things/a%2F..%2Fb'],
  ['a kind of the core', { apiVersion: 'v1' }, 'ns', '/api/v1/namespaces/ns/things/a%2F..%2Fb'],
  ['a kind without namespaces', { namespaced: false }, '', '/apis/test.transship.dev/v1/things/a%2F..%2Fb'],
])('the path of %s; a name cannot leave it', async (_name, change, namespace, path) => {
  const { transport } = setUp();
  await new ResourceClient(transport, { ...things, ...change }).get(namespace, 'a/../b');
  expect(transport.requests[0]?.path).toBe(path);
});

test('an apply of the status carries the coordinates, the version and nothing else', async () => {
  const { transport, client } = setUp();
  await client.applyStatus('ns', 'a', { ok: true }, { fieldManager: 'me', resourceVersion: '7' });
  expect(transport.requests).toMatchObject([
    {
      method: 'PATCH',
      path: '/apis/test.transship.dev/v1/namespaces/ns/things/a/status',
      query: { fieldManager: 'me', force: true },
      contentType: 'application/apply-patch+yaml',
    },
  ]);
  expect(transport.requests[0]?.body).toEqual({
    apiVersion: 'test.transship.dev/v1',
    kind: 'Thing',
    metadata: { namespace: 'ns', name: 'a', resourceVersion: '7' },
    status: { ok: true },
  });
});

test('an apply keeps the metadata of its body, a merge patch too', async () => {
  const { transport, client } = setUp();
  const body = { metadata: { labels: { x: 'y' } }, spec: { size: 'big' } };
  await client.apply('ns', 'a', body, { fieldManager: 'me' });
  await client.mergePatch('ns', 'a', body, { resourceVersion: '7' });
  expect(transport.requests.map((request) => request.body)).toMatchObject([
    { metadata: { name: 'a', labels: { x: 'y' } }, spec: { size: 'big' } },
    { metadata: { resourceVersion: '7', labels: { x: 'y' } }, spec: { size: 'big' } },
  ]);
});

describe('a watch', () => {
  const version = { metadata: { resourceVersion: '8' } };
  const watch = async (transport: FakeTransport, lines: unknown[]): Promise<WatchEvent<string>[]> => {
    transport.lines = () => lines;
    const source = new ResourceClient(transport, things).listerWatcher({ namespace: 'ns' });
    const events: WatchEvent<string>[] = [];
    const options = { timeoutMs: 30_000, signal: new AbortController().signal };
    for await (const event of source.watch('7', options)) events.push(event);
    return events;
  };

  test('asks for bookmarks and for an end after its time', async () => {
    const transport = new FakeTransport();
    await watch(transport, []);
    const query = { watch: true, allowWatchBookmarks: true, resourceVersion: '7', timeoutSeconds: 30 };
    expect(transport.requests).toMatchObject([{ query }]);
  });

  test('tells changes, deletions and bookmarks apart', async () => {
    const events = await watch(new FakeTransport(), [
      { type: 'ADDED', object: thing('a') },
      { type: 'MODIFIED', object: thing('a', 5) },
      { type: 'DELETED', object: thing('a') },
      { type: 'BOOKMARK', object: version },
    ]);
    expect(events).toMatchObject([
      { type: 'changed', object: { key: 'ns/a', resourceVersion: '7', parsed: { ok: true, value: 'big' } } },
      { type: 'changed', object: { key: 'ns/a', parsed: { ok: false } } },
      { type: 'deleted', object: { key: 'ns/a' } },
      { type: 'bookmark', resourceVersion: '8' },
    ]);
  });

  test('an expired version is told as such, other errors as errors of the API', async () => {
    const error = (code: number): unknown => ({ type: 'ERROR', object: { code, reason: 'X', message: 'why' } });
    await expect(watch(new FakeTransport(), [error(410)])).rejects.toBeInstanceOf(ResourceExpiredError);
    await expect(watch(new FakeTransport(), [error(500)])).rejects.toMatchObject({ statusCode: 500 });
  });
});

test('a list whose continuation expired is told as such', async () => {
  const { transport, client } = setUp();
  transport.answer = () => {
    throw errorOfAnswer('GET', 410, '{"reason":"Expired"}');
  };
  const listing = client.listerWatcher().list(new AbortController().signal);
  await expect(listing).rejects.toBeInstanceOf(ResourceExpiredError);
});
