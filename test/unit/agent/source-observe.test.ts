import { observeSource } from '../../../src/agent/source/observe';
import type { ContainerState } from '../../../src/docker/engine';
import type { SourceView } from '../../../src/protocol/source';
import { ReasonedError } from '../../../src/runtime/errors';
import { FakeMove } from '../../lib/fake-move';
import { CONTAINER_ID, UID } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;

beforeEach(async () => {
  move = await new FakeMove(directory()).toFreeze();
});

const view = (): Promise<SourceView> => observeSource(move.api.object, move.source.deps());
const hung = new ReasonedError('VolumeHung', 'for the test');

test.each<[ContainerState, SourceView['original']]>([
  ['running', 'running'],
  ['restarting', 'running'],
  ['paused', 'paused'],
  ['created', 'stopped'],
  ['exited', 'stopped'],
  ['removing', 'stopped'],
  ['dead', 'stopped'],
])('an original that Docker calls %s is %s', async (state, original) => {
  move.source.docker.change(CONTAINER_ID, { state });
  expect(await view()).toEqual({
    original,
    journal: 'reserved',
    checkpoint: 'none',
    replacement: 'none',
    outOfService: false,
  });
});

test('an original that Docker does not know is gone', async () => {
  await move.source.docker.remove(CONTAINER_ID);
  expect(await view()).toMatchObject({ original: 'gone' });
});

test.each([
  [{}, 'reserved'],
  [{ freezeStartedAt: 'then' }, 'frozen'],
  [{ freezeStartedAt: 'then', frozenAt: 'then' }, 'frozen'],
  [{ freezeStartedAt: 'then', frozenAt: 'then', dumpedAt: 'then' }, 'dumped'],
])('a journal with %j says %s', async (times, journal) => {
  await move.source.journal.begin(CONTAINER_ID, UID, times);
  expect(await view()).toMatchObject({ journal });
});

test('the reservation of another migration is none of ours', async () => {
  await move.source.journal.release(CONTAINER_ID);
  await move.source.journal.reserve(CONTAINER_ID, { migrationUID: 'another', migration: 'default/another' });
  expect(await view()).toMatchObject({ journal: 'untouched' });
});

describe('the checkpoint', () => {
  beforeEach(async () => {
    await move.source.visit();
  });

  const manifestOf = (changes: object): unknown => {
    const { manifest } = move.volume;
    if (manifest !== undefined) move.volume.manifest = { ...manifest, manifest: { ...manifest.manifest, ...changes } };
    return manifest;
  };
  const journalLost = (): Promise<void> => move.source.journal.release(CONTAINER_ID);

  test.each<[string, () => unknown, SourceView['checkpoint']]>([
    ['is published', () => undefined, 'published'],
    ['is none without a manifest', () => (move.volume.manifest = undefined), 'none'],
    ['is none of ours with another’s manifest', () => manifestOf({ migrationUID: 'another' }), 'none'],
    ['is none of this container', () => manifestOf({ containerID: 'd'.repeat(64) }), 'none'],
    ['is none when the journal says that it ran since', () => move.source.journal.begin(CONTAINER_ID, UID, {}), 'none'],
    [
      'is none that the journal does not know',
      () => move.source.journal.begin(CONTAINER_ID, UID, { dumpedAt: 'then' }),
      'none',
    ],
    ['survives a reboot, which takes the journal', journalLost, 'published'],
    [
      'is not the one that was reported',
      () => {
        const { source } = move.status;
        if (source?.checkpoint === undefined) throw new Error('it was published');
        move.api.set({ source: { ...source, checkpoint: { ...source.checkpoint, digest: 'sha256:other' } } });
      },
      'none',
    ],
  ])('%s, once the original died and the migration is revoked', async (_what, happens, checkpoint) => {
    move.revoke();
    move.source.docker.die(CONTAINER_ID);
    await happens();
    expect(await view()).toMatchObject({ checkpoint });
  });

  test.each<[string, () => unknown]>([
    ['is paused', () => undefined],
    ['runs', () => move.source.docker.change(CONTAINER_ID, { state: 'running' })],
    ['is gone', () => move.source.docker.remove(CONTAINER_ID)],
  ])('is not asked for in a rollback when the original %s: the volume may hang', async (_what, happens) => {
    move.revoke();
    happens();
    move.source.fail('store.readManifest', hung);
    expect(await view()).toMatchObject({ checkpoint: 'none' });
  });

  test('is asked for where it counts, and a volume that hangs is not taken for an empty one', async () => {
    move.revoke();
    move.source.docker.die(CONTAINER_ID);
    move.source.fail('store.readManifest', hung);
    await expect(view()).rejects.toBe(hung);
  });

  test('is not asked for before there is a dump', async () => {
    await move.source.journal.begin(CONTAINER_ID, UID, { freezeStartedAt: 'then' });
    move.source.fail('store.readManifest', hung);
    expect(await view()).toMatchObject({ checkpoint: 'none', journal: 'frozen' });
  });
});

describe('the replacement', () => {
  const ours = { labels: { 'transship.dev/migration-uid': UID }, runtime: 'transship', name: 'other' };
  const id = 'd'.repeat(64);

  test.each<[string, object, SourceView['replacement']]>([
    ['created', { ...ours, state: 'created', pid: 0 }, 'created'],
    ['running', ours, 'running'],
    ['dead before it was restored', { ...ours, state: 'exited', pid: 0 }, 'created'],
    ['somebody else’s, with our label', { ...ours, runtime: 'runc' }, 'none'],
    ['of another migration', { ...ours, labels: { 'transship.dev/migration-uid': 'another' } }, 'none'],
  ])('that is %s', async (_what, container, replacement) => {
    move.revoke();
    move.source.docker.add({ id, ...container });
    expect(await view()).toMatchObject({ replacement });
  });

  test('that ran on and has ended since is never restored again', async () => {
    move.revoke();
    move.source.docker.add({ id, ...ours, state: 'exited', pid: 0 });
    move.source.markers.set(id, 'resumed');
    expect(await view()).toMatchObject({ replacement: 'running' });
  });

  test('is not looked for before the migration is revoked', async () => {
    move.source.docker.add({ id, ...ours });
    expect(await view()).toMatchObject({ replacement: 'none' });
  });
});
