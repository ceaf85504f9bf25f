import { createMigrationAccess } from '../../../src/agent/kube-access';
import type { ContainerMigration, Progress } from '../../../src/api/types';
import type { ApplyOptions, ResourceClient } from '../../../src/kube/resource-client';
import type { Informer } from '../../../src/runtime/informer';
import { decision, error, migration, source, STARTED_AT, target, UID } from '../../lib/migration';

const progress: Progress = { doing: 'Verify', bytes: 1, files: 2, at: STARTED_AT };
const retry = { failures: 1, notBefore: STARTED_AT };
const read = migration({ decision: decision('Freeze'), target: target('Prepared') });
/** The same some seconds later: the agent itself has noted a failure, the controller something else. */
const now = migration(
  { decision: decision('Freeze'), source: source('Published'), target: target('Prepared', { error, retry }) },
  { metadata: { resourceVersion: '7' } },
);

async function write(found: ContainerMigration | undefined): Promise<{ status: object; options: ApplyOptions }[]> {
  const applied: { status: object; options: ApplyOptions }[] = [];
  const client = {
    find: () => Promise.resolve(found),
    applyStatus: (_namespace: string, _name: string, status: object, options: ApplyOptions) => {
      applied.push({ status, options });
      return Promise.resolve(found);
    },
  } as unknown as ResourceClient<ContainerMigration>;
  const access = createMigrationAccess(client, {} as unknown as Informer<ContainerMigration>);
  await access.writeProgress(read, 'target', progress, new AbortController().signal);
  return applied;
}

test('progress changes nothing else, and is refused when anything changes meanwhile', async () => {
  const [applied, ...more] = await write(now);
  expect(more).toEqual([]);
  expect(applied?.status).toEqual({ target: target('Prepared', { error, retry, progress }) });
  expect(applied?.options).toMatchObject({ uid: UID, resourceVersion: '7', fieldManager: 'transship-target-agent' });
});

test.each([
  ['the object is gone', undefined],
  ['the agent has no part in the status yet', migration()],
])('nothing is written when %s', async (_what, found) => {
  expect(await write(found)).toEqual([]);
});
