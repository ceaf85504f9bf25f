import { FileJournal } from '../../../../src/agent/journal';
import type { SweepWorld } from '../../../../src/agent/sweep/look';
import { Sweep } from '../../../../src/agent/sweep/sweep';
import type { NotedDirectory } from '../../../../src/agent/volumes/host-directories-port';
import { FileVolumeLedger } from '../../../../src/agent/volumes/ledger';
import { createRuncLeftovers } from '../../../../src/driver/runc/leftovers';
import { FakeAddresses } from '../../../lib/fake-addresses';
import { FakeClock } from '../../../lib/fake-clock';
import { FakeDirectories } from '../../../lib/fake-directories';
import { FakeDocker } from '../../../lib/fake-docker';
import { FakeMounts } from '../../../lib/fake-mounts';
import { UID } from '../../../lib/migration';
import { recordingLogger } from '../../../lib/recording-logger';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const LABELS = { 'transship.dev/migration-uid': UID };
const directory = useTemporaryDirectory();
let docker: FakeDocker;
let mounts: FakeMounts;
let directories: FakeDirectories;
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
  directories = new FakeDirectories(mounts);
  ledger = new FileVolumeLedger(directory());
  reminded = [];
  mounts.add('data', {}, { labels: LABELS });
  mounts.add('of-somebody', {}, { labels: { 'transship.dev/migration-uid': 'another' } });
});

function sweep(objects: { namespace: string; name: string; uid: string }[] = []): Promise<boolean> {
  const clock = new FakeClock();
  const world = {
    ...{ engine: docker, dockerVolumes: mounts.docker(), volumeLedger: ledger, clock },
    moveHooks: new FakeAddresses().hooks(),
    ...{ hostDirectories: directories.access(), directoryNotes: directories.notes(), mountFiles: mounts.access() },
    journal: new FileJournal(directory()),
    files: createRuncLeftovers(directory(), clock),
    driver: { createOptions: () => ({ runtime: 'transship', annotations: {} }) },
    dockerDriver: { createOptions: () => ({ runtime: 'runc', annotations: { is: 'another' } }) },
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

describe('host directories', () => {
  const path = '/srv/site';
  const note = (files: NotedDirectory['files'], more: Partial<NotedDirectory> = {}): void => {
    directories.add(path);
    if (files !== 'none') mounts.files.set(path, { page: 'hello' });
    directories.noted.set(UID, [{ path, makes: ['/srv', path], files, ...more }]);
  };
  const there = (): [boolean, string[]] => [directories.has(path), [...directories.noted.keys()]];

  test.each(['none', 'some'] as const)('with %s of the files go when the migration is gone', async (files) => {
    note(files);
    await sweep();
    expect(there()).toEqual([false, []]);
    expect(directories.has('/srv')).toBe(false);
  });

  test('that a container may have run with stay', async () => {
    note('all');
    await sweep();
    expect(there()).toEqual([true, []]);
    expect(mounts.files.get(path)).toEqual({ page: 'hello' });
  });

  test('that were there before stay, empty, and are whose they were', async () => {
    const found = { uid: 7, gid: 8, mode: '1777' };
    note('some', { makes: [], found });
    await sweep();
    expect(there()).toEqual([true, []]);
    expect(mounts.files.get(path)).toEqual({});
    expect(directories.owners.get(path)).toEqual(found);
  });

  test('are for a later sweep while a container of the migration is there', async () => {
    note('some');
    container('looper', LABELS);
    await sweep();
    expect(there()).toEqual([true, [UID]]);
  });

  test('of an object that exists are left to its reconcilers', async () => {
    note('some');
    await sweep([{ namespace: 'default', name: 'move', uid: UID }]);
    expect(there()).toEqual([true, [UID]]);
    expect(reminded).toEqual(['default/move']);
  });

  test('hold somebody’s files by now when nothing was put there', async () => {
    note('none');
    mounts.files.set(path, { precious: 'yes' });
    await sweep();
    expect(mounts.files.get(path)).toEqual({ precious: 'yes' });
    expect(there()).toEqual([true, []]);
  });
});
