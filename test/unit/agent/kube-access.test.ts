import type { MigrationRequest } from '../../../src/api/types';
import { keyOf } from '../../../src/api/types';
import { createMigrationAccess } from '../../../src/agent/kube-access';
import { MIGRATIONS } from '../../../src/kube/migrations';
import { ResourceClient } from '../../../src/kube/resource-client';
import type { Informer } from '../../../src/runtime/informer';
import { requested } from '../../lib/candidate';
import { FakeTransport } from '../../lib/fake-transport';
import { migration } from '../../lib/migration';

test('an agent does not see what has no target yet', () => {
  const objects = [requested({}, { metadata: { name: 'open' } }), migration()];
  const informer: Pick<Informer<MigrationRequest>, 'get' | 'list'> = {
    get: (key) => objects.find((object) => keyOf(object) === key),
    list: () => objects,
  };
  const client = new ResourceClient(new FakeTransport(), MIGRATIONS);
  const access = createMigrationAccess(client, informer as Informer<MigrationRequest>);
  expect(access.cached('default/open')).toBeUndefined();
  expect(access.cached('default/move')).toEqual(migration());
  expect(access.list()).toEqual([migration()]);
});
