import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeClient } from '../../../src/kube/client';
import { systemClock } from '../../../src/runtime/clock';
import { eventually, failureOf, proxiedClient } from './scratch';

const version = { method: 'GET', path: '/version' } as const;
const clusterRole = { method: 'GET', path: '/apis/rbac.authorization.k8s.io/v1/clusterroles' } as const;

test('requests one after the other share a connection or two', async () => {
  const { client, proxy } = await proxiedClient();
  for (let i = 0; i < 50; i++) await client.request(clusterRole);
  expect(proxy.opened).toBeLessThanOrEqual(3);
});

test('requests at the same time share connections with those before', async () => {
  const { client, proxy } = await proxiedClient();
  for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 8 }, () => client.request(version)));
  expect(proxy.opened).toBeLessThan(24);
});

test('a server that does not answer is given up after the time, and its connection too', async () => {
  const { client, proxy } = await proxiedClient({ requestTimeoutMs: 300 });
  await client.request(version);
  proxy.hold();
  const error = await failureOf(client.request(version));
  expect(error).toMatchObject({ reason: 'ApiServerTimeout', message: 'GET /version: no answer in time' });
  proxy.release();
  await expect(client.request(version)).resolves.toHaveProperty('gitVersion');
});

test('the caller can abandon a request', async () => {
  const { client, proxy } = await proxiedClient();
  proxy.hold();
  const abandon = new AbortController();
  const request = failureOf(client.request({ ...version, signal: abandon.signal }));
  abandon.abort(new Error('changed my mind'));
  expect(await request).toMatchObject({ cause: new Error('changed my mind') });
  proxy.release();
});

test('what calls a request off at the last moment keeps it from being sent', async () => {
  const { client, proxy } = await proxiedClient();
  const late = new Error('too late');
  const beforeSend = (): void => {
    throw late;
  };
  expect(await failureOf(client.request({ ...version, beforeSend }))).toMatchObject({ cause: late });
  expect(proxy.opened).toBe(0);
});

test('every answer is told with its status, and the calls that got none', async () => {
  const answers: string[] = [];
  const onAnswer = (verb: string, code: string): unknown => answers.push(`${verb} ${code}`);
  const { client, proxy } = await proxiedClient({ onAnswer });
  await client.request(version);
  await failureOf(client.request({ method: 'DELETE', path: '/api/v1/nodes/no-such-node' }));
  await proxy.stop();
  await failureOf(client.request(version));
  expect(answers).toEqual(['GET 200', 'DELETE 404', 'GET none']);
});

test('a server that is not there is unreachable, with the cause', async () => {
  const { client, proxy } = await proxiedClient();
  await proxy.stop();
  const error = await failureOf(client.request(version));
  expect(error).toMatchObject({ reason: 'ApiServerUnreachable', cause: { code: 'ECONNREFUSED' } });
});

test('a connection that breaks in the middle of a watch is unreachable, one that is aborted leaves none behind', async () => {
  const { client, proxy } = await proxiedClient();
  const watch = async (signal: AbortSignal): Promise<void> => {
    const query = { watch: true, timeoutSeconds: 600 };
    for await (const line of client.stream({ ...clusterRole, query, signal })) expect(line).toHaveProperty('type');
  };
  const broken = failureOf(watch(new AbortController().signal));
  await eventually('the watch is open', () => proxy.clients === 1);
  await systemClock.sleep(100);
  proxy.cut();
  expect(await broken).toMatchObject({ reason: 'ApiServerUnreachable' });
  const end = new AbortController();
  const aborted = failureOf(watch(end.signal));
  await eventually('the watch is open again', () => proxy.clients === 1);
  end.abort(new Error('stop'));
  await aborted;
  await eventually('the connection is closed', () => proxy.clients === 0);
});

describe('a kubeconfig that cannot be used', () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'kubeconfig-test-'))));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  const cluster = (more: object): object => ({
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:1', ...more } }],
    users: [{ name: 'x', user: {} }],
  });

  test.each<[string, string | undefined]>([
    ['is not there', undefined],
    ['is no YAML', '{{{'],
    ['names no current cluster', JSON.stringify({ ...cluster({}), 'current-context': 'other' })],
    ['asks for a proxy', JSON.stringify(cluster({ 'proxy-url': 'http://proxy:3128' }))],
  ])('because it %s, says so', async (_name, content) => {
    const path = join(directory, 'config');
    if (content !== undefined) writeFileSync(path, content);
    const make = (): unknown => createKubeClient({ clock: systemClock, kubeconfigPath: path, userAgent: 'test' });
    expect(await failureOf(Promise.resolve().then(make))).toMatchObject({ reason: 'InvalidKubeconfig' });
  });
});
