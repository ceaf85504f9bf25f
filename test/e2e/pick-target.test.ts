/** A migration that does not say where to: the controller picks, waits while nothing fits, and never picks twice. */
import type { MigrationRequest } from '../../src/api/types';
import { isFinal, TARGET_PICKED } from '../../src/api/types';
import { parseRequest } from '../../src/api/validate';
import { counterScript, expectUnbroken } from '../lib/counter';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations } from '../lib/lab-migration';
import { mustRun } from '../lib/lab-tools';
import { poll } from '../lib/waiting';

const NAME = 'e2e-pick';
const BACK = 'e2e-pick-back';

const manifest = (name: string, from: string): string =>
  JSON.stringify({
    apiVersion: 'transship.dev/v1alpha1',
    kind: 'ContainerMigration',
    metadata: { name, namespace: 'default', labels: { 'transship-test': 'e2e' } },
    spec: { source: { nodeName: from, container: NAME } },
  });

const apply = (text: string, ...options: string[]): string =>
  mustRun('kubectl', ['apply', ...options, '-f', '-'], text).trim();
const get = (name: string): MigrationRequest =>
  parseRequest(JSON.parse(mustRun('kubectl', ['get', 'cmig', name, '-o', 'json'])));
const end = (name: string): Promise<MigrationRequest> =>
  poll(
    `the end of ${name}`,
    () => {
      const seen = get(name);
      return isFinal(seen) && seen;
    },
    30_000,
  );

beforeAll(() => {
  deleteMigrations();
  removeContainers(NAME);
  docker('node-a', 'run', '-d', '--name', NAME, 'transship-lab/busybox:1', 'sh', '-c', counterScript(10_000));
});

afterAll(() => {
  mustRun('kubectl', ['uncordon', 'node-a']);
  deleteMigrations();
  removeContainers(NAME);
});

test('without a target it goes to the node that fits, and applied again it stays as it is', async () => {
  const text = manifest(NAME, 'node-a');
  apply(text);
  const { spec, status, metadata } = await end(NAME);
  expect(status).toMatchObject({ phase: 'Succeeded', reason: 'Migrated' });
  expect(spec.target).toEqual({ nodeName: 'node-b' });
  expect(metadata.annotations?.[TARGET_PICKED]).toBe('the only node that fits');
  expect(stateOf('node-b', NAME)).toBe('running');
  const picked = ['get', 'events', '--field-selector', `involvedObject.name=${NAME},reason=TargetPicked`, '-o', 'json'];
  const message = await poll('the Event', () => {
    const { items } = JSON.parse(mustRun('kubectl', picked)) as { items: { message: string }[] };
    return items[0]?.message;
  });
  expect(message).toBe('picked node-b: the only node that fits');

  const version = (): string => get(NAME).metadata.resourceVersion;
  const before = version();
  expect(apply(text)).toContain('unchanged');
  expect(version()).toBe(before);
  // As GitOps does it: under a name of its own, and taking over what it says.
  const serverSide = ['--server-side', '--field-manager=gitops', '--force-conflicts'];
  for (let times = 0; times < 2; times++) apply(text, ...serverSide);
  const after = get(NAME);
  expect(after.spec).toEqual(spec);
  expect(after.metadata.generation).toBe(metadata.generation);
  expect(after.status).toEqual(status);
}, 60_000);

test('while no node fits it waits and says why; when one does, it goes there', async () => {
  mustRun('kubectl', ['cordon', 'node-a']);
  apply(manifest(BACK, 'node-b'));
  const waiting = await poll('a word about what is waited for', () => {
    const seen = get(BACK);
    return seen.status.reason === 'NoTargetNode' && seen;
  });
  expect(waiting.status.phase).toBe('Pending');
  expect(waiting.status.message).toContain('node-a: cordoned');
  expect(waiting.spec.target).toEqual({});
  expect(waiting.metadata.finalizers).toBeUndefined();
  expect(stateOf('node-b', NAME)).toBe('running');

  mustRun('kubectl', ['uncordon', 'node-a']);
  const { spec, status } = await end(BACK);
  expect(status).toMatchObject({ phase: 'Succeeded', reason: 'Migrated' });
  expect(spec.target.nodeName).toBe('node-a');
  expectUnbroken(docker('node-a', 'logs', NAME).split('\n'), 20);
}, 60_000);
