import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { KubeClient, KubeClientOptions } from '../../../src/kube/client';
import { createKubeClient } from '../../../src/kube/client';
import { asRecord, metadataOf } from '../../../src/kube/object-meta';
import type { ResourceType } from '../../../src/kube/resource-client';
import { ResourceClient } from '../../../src/kube/resource-client';
import { systemClock } from '../../../src/runtime/clock';
import { labEnvironment } from '../../lib/lab-tools';
import { TcpProxy } from '../../lib/tcp-proxy';

/** Where the scratch objects live; they go with their CRD. */
export const NAMESPACE = 'default';

/** What the tests look at in an object of the scratch kind. */
export interface Widget {
  readonly name: string;
  readonly resourceVersion: string;
  readonly size: unknown;
  readonly status: Record<string, unknown>;
}

const cleanups: (() => Promise<void>)[] = [];

/** Has this done after the test, however it ends. The last that was asked for comes first. */
export function afterwards(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  for (let next = cleanups.pop(); next !== undefined; next = cleanups.pop()) await next();
});

/** Polls until the answer is true; fails with what was awaited. */
export async function eventually(
  what: string,
  test: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const deadlineMs = systemClock.monotonic() + withinMs;
  while (!(await test())) {
    if (systemClock.monotonic() > deadlineMs) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await systemClock.sleep(20);
  }
}

/** What the promise rejected with; fails when it did not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

function kubeconfigPath(): string {
  const path = labEnvironment()['KUBECONFIG'];
  if (path === undefined) throw new Error('the lab names no KUBECONFIG: is the API server up? (lab/up)');
  return path;
}

/** A client of the lab's API server, as administrator. */
export function adminClient(options: { requestTimeoutMs?: number } = {}): KubeClient {
  const path = kubeconfigPath();
  return createKubeClient({ clock: systemClock, kubeconfigPath: path, userAgent: 'transship-test', ...options });
}

/** A client whose connections go through a proxy that the test can break; both are closed after the test. */
export async function proxiedClient(
  options: Pick<KubeClientOptions, 'requestTimeoutMs' | 'onAnswer'> = {},
): Promise<{ client: KubeClient; proxy: TcpProxy }> {
  const config = parse(readFileSync(kubeconfigPath(), 'utf8')) as { clusters: { cluster: { server: string } }[] };
  const cluster = config.clusters[0]?.cluster;
  if (cluster === undefined) throw new Error('the kubeconfig of the lab has no cluster');
  const { hostname, port } = new URL(cluster.server);
  const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
  cluster.server = `https://127.0.0.1:${proxy.port}`;
  const directory = mkdtempSync(join(tmpdir(), 'kube-test-'));
  const path = join(directory, 'kubeconfig');
  writeFileSync(path, stringify(config), { mode: 0o600 });
  const client = createKubeClient({
    clock: systemClock,
    kubeconfigPath: path,
    userAgent: 'transship-test',
    ...options,
  });
  afterwards(async () => {
    await client.close();
    await proxy.stop();
    rmSync(directory, { recursive: true });
  });
  return { client, proxy };
}

/** Makes a kind of its own for one test file, group test.transship.dev. `remove` takes it and its objects away. */
export async function scratchKind(
  client: KubeClient,
): Promise<{ type: ResourceType<Widget>; widgets: ResourceClient<Widget>; remove: () => Promise<void> }> {
  const group = 'test.transship.dev';
  const singular = `widget${randomBytes(3).toString('hex')}`;
  const type: ResourceType<Widget> = {
    apiVersion: `${group}/v1`,
    kind: `W${singular.slice(1)}`,
    plural: `${singular}s`,
    namespaced: true,
    parse: parseWidget,
  };
  const name = `${type.plural}.${group}`;
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await client.request({ method: 'POST', path, body: definition(name, group, singular, type) });
  const widgets = new ResourceClient(client, type);
  const served = async (): Promise<boolean> => {
    try {
      await widgets.list({ namespace: NAMESPACE });
      return true;
    } catch {
      return false;
    }
  };
  await eventually(`the API server serves ${name}`, served);
  const remove = async (): Promise<void> => {
    await client.request({ method: 'DELETE', path: `${path}/${name}` });
  };
  return { type, widgets, remove };
}

function definition(name: string, group: string, singular: string, type: ResourceType<Widget>): object {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const condition = {
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string' }, status: { type: 'string' } },
  };
  const conditions = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
    items: condition,
  };
  const status = { ...open, properties: { conditions } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open, status } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: type.kind, plural: type.plural, singular },
      versions: [{ name: 'v1', served: true, storage: true, schema, subresources: { status: {} } }],
    },
  };
}

/** A widget whose size is missing counts as unreadable. */
function parseWidget(value: unknown): Widget {
  const { spec, status } = asRecord(value);
  const { size } = asRecord(spec);
  if (size === undefined) throw new TypeError('a widget has a size');
  const { name, resourceVersion } = metadataOf(value);
  return { name, resourceVersion, size, status: asRecord(status) };
}
