/** What an agent writes into the status, on a real API server with the real CRD. */
import { randomBytes } from 'node:crypto';
import type { TargetStatus } from '../../../src/api/types';
import type { KubeClient } from '../../../src/kube/client';
import { MIGRATIONS } from '../../../src/kube/migrations';
import { ResourceClient } from '../../../src/kube/resource-client';
import { mustRun } from '../../lib/lab-tools';
import { adminClient, NAMESPACE } from './scratch';

const name = `agent-status-${randomBytes(4).toString('hex')}`;
let client: KubeClient;

beforeAll(() => {
  mustRun('kubectl', ['apply', '-f', 'crds/containermigrations.yaml', '--validate=false']);
  client = adminClient();
});

afterAll(async () => {
  const migrations = new ResourceClient(client, MIGRATIONS);
  await migrations.delete(NAMESPACE, name);
  // No agent is there that would settle it.
  const gone = await migrations.find(NAMESPACE, name);
  if (gone !== undefined) await migrations.mergePatch(NAMESPACE, name, { metadata: { finalizers: null } });
  await client.close();
});

test('what an agent leaves out the next time is gone, objects too', async () => {
  const migrations = new ResourceClient(client, MIGRATIONS);
  const spec = { source: { nodeName: 'nowhere-a', container: 'looper' }, target: { nodeName: 'nowhere-b' } };
  await migrations.create(NAMESPACE, { metadata: { name }, spec });
  const write = async (target: TargetStatus): Promise<TargetStatus | undefined> => {
    const written = await migrations.applyStatus(NAMESPACE, name, { target }, { fieldManager: 'test-agent' });
    return written.status.target;
  };
  const present: TargetStatus = { nodeName: 'nowhere-b', state: 'Preflighted' };
  const failed: TargetStatus = {
    ...present,
    error: { reason: 'VolumeHung', message: 'for the test', logTail: 'for the test' },
    retry: { failures: 1, notBefore: '2026-01-01T00:00:00Z' },
  };
  expect(await write(failed)).toEqual(failed);
  expect(await write(present)).toEqual(present);
});
