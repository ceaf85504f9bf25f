import { FileJournal } from '../../../../src/agent/journal';
import type { SweepWorld } from '../../../../src/agent/sweep/look';
import { Sweep } from '../../../../src/agent/sweep/sweep';
import { FileVolumeLedger } from '../../../../src/agent/volumes/ledger';
import { createRuncLeftovers } from '../../../../src/driver/runc/leftovers';
import { FakeClock } from '../../../lib/fake-clock';
import { FakeDocker } from '../../../lib/fake-docker';
import { FakeMounts } from '../../../lib/fake-mounts';
import { UID } from '../../../lib/migration';
import { recordingLogger } from '../../../lib/recording-logger';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const LABELS = { 'transship.dev/migration-uid': UID };
const directory = useTemporaryDirectory();
let docker: FakeDocker;
let mounts: FakeMounts;
let ledger: FileVolumeLedger;
let reminded: string[];

const left = (): string[] => [...mounts.volumes.keys()];
const container = (name: string, labels: Record<string, string> = {}): void => {
  const raw = { Mounts: [{ Type: 'volume', Name: 'data', Source: '', Destination: '/data' }] };
  docker.add({ id: 'd'.repeat(64), name, raw, labels, runtime: 'runc' });
};

beforeEach(() => {
  docker = new FakeDocker();
  mounts = new FakeMounts(docker);
  ledger = new FileVolumeLedger(directory());
  reminded = [];
  mounts.add('data', {}, { labels: LABELS });
  mounts.add('of-somebody', {}, { labels: { 'transship.dev/migration-uid': 'another' } });
});

function sweep(objects: { namespace: string; name: string; uid: string }[] = []): Promise<boolean> {
  const clock = new FakeClock();
  const world = {
    ...{ engine: docker, dockerVolumes: mounts.docker(), volumeLedger: ledger, clock },
    journal: new FileJournal(directory()),
    files: createRuncLeftovers(directory(), clock),
    driver: { createOptions: () => ({ runtime: 'transship', annotations: {} }) },
    shelf: { root: '/nowhere', find: () => Promise.resolve([]) },
  } as unknown as SweepWorld;
  const limits = { wakeMs: 1_000, scrapMs: 1_000, configMs: 1_000, attemptMs: 1_000 };
  const more = { busy: () => [], remind: (key: string) => reminded.push(key), clock, log: recordingLogger() };
  return new Sweep({ world, node: 'node-b', limits, objects: () => Promise.resolve(objects), ...more }).run();
}

test('volumes that nothing has run with go when the migration is gone', async () => {
  await ledger.note(UID);
  expect(await sweep()).toBe(true);
  expect(left()).toEqual(['of-somebody']);
  expect(await ledger.list()).toEqual([]);
});

test('without the note they may hold somebody’s files, whatever their label says', async () => {
  expect(await sweep()).toBe(true);
  expect(left()).toEqual(['data', 'of-somebody']);
});

test('one that somebody else has mounted is theirs for good', async () => {
  await ledger.note(UID);
  container('somebody');
  await sweep();
  await docker.remove('d'.repeat(64));
  await sweep();
  expect(left()).toEqual(['data', 'of-somebody']);
});

test('one that a container of the migration has mounted is for a later sweep', async () => {
  await ledger.note(UID);
  container('looper', LABELS);
  await sweep();
  expect(left()).toEqual(['data', 'of-somebody']);
  await docker.remove('d'.repeat(64));
  await sweep();
  expect(left()).toEqual(['of-somebody']);
});

test('as long as the object exists its reconcilers are reminded', async () => {
  await ledger.note(UID);
  await sweep([{ namespace: 'default', name: 'move', uid: UID }]);
  expect(left()).toEqual(['data', 'of-somebody']);
  expect(reminded).toEqual(['default/move']);
});
