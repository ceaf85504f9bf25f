/** What becomes of a host directory that is copied, on both nodes. */
import type { FakeMove } from '../../../lib/fake-move';
import { CONTAINER_ID } from '../../../lib/migration';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';
import { checks, preflight, state } from './shop';
import { bind, noted, onTarget, PAGES, site, SITE, somebody } from './site';

const OTHER = '98765432-0000-4000-8000-000000000000';
const directory = useTemporaryDirectory();
const moveWith = (more: Parameters<typeof site>[1] = {}): FakeMove => site(directory(), more);

test('the files arrive; the source keeps them, and the target keeps no note', async () => {
  const move = await moveWith().toRestored();
  expect(state(move)).toEqual(['Published', 'Restored']);
  expect(onTarget(move)).toEqual(PAGES);
  expect(move.status.source?.volumes).toContainEqual({
    ...{ name: SITE, destination: '/site', policy: 'Copy', sizeBytes: 9 },
  });
  await move.untilDone(move.target);
  await move.untilDone(move.source);
  expect(state(move)).toEqual(['Released', 'Settled']);
  expect(move.source.mounts.files.get(SITE)).toEqual(PAGES);
  expect(onTarget(move)).toEqual(PAGES);
  expect(noted(move)).toBeUndefined();
});

test('spec.volumes alone copies none', async () => {
  const move = await moveWith({ volumeOverrides: [], volumes: 'Copy' }).toRestored();
  expect(move.status.source?.volumes?.map(({ name }) => name)).not.toContain(SITE);
  expect(onTarget(move)).toBeUndefined();
});

test('it is nobody’s before the container is there, and root’s alone until all files are in place', async () => {
  const move = await moveWith().toPublished();
  expect(onTarget(move)).toEqual({});
  expect(noted(move)).toEqual([{ path: SITE, makes: ['/data', '/data/shop', SITE], files: 'none' }]);
  move.target.meanwhile('store.fillVolume.before', () => undefined);
  move.target.meanwhile('store.fillVolume.before', () => undefined);
  move.target.meanwhile('store.fillVolume.before', () => {
    expect(noted(move)).toMatchObject([{ files: 'some' }]);
    expect(move.target.directories.owners.get(SITE)).toEqual({ uid: 0, gid: 0, mode: '700' });
  });
  expect.assertions(5);
  await move.target.visit();
  expect(move.status.target?.state).toBe('Restored');
});

describe('on the target', () => {
  test.each<[string, (move: FakeMove) => void, string]>([
    ['files are there', (move) => move.target.mounts.files.set(SITE, { precious: 'yes' }), 'VolumeTaken'],
    ['it is no directory', (move) => move.target.directories.others.set(SITE, 'other'), 'VolumeTaken'],
    ['it is a symlink', (move) => move.target.directories.others.set(SITE, 'symlink'), 'VolumeNotCopyable'],
    ['a symlink leads there', (move) => move.target.directories.others.set('/data', 'symlink'), 'VolumeNotCopyable'],
    [
      'somebody may rename it',
      (move) => move.target.directories.owners.set('/data/shop', { uid: 1000, gid: 1000, mode: '755' }),
      'VolumeNotCopyable',
    ],
    [
      'a stopped container has it mounted',
      (move) => {
        move.target.docker.add(somebody(bind(SITE, '/x')));
      },
      'VolumeTaken',
    ],
    [
      'another migration copies there',
      (move) => move.target.directories.noted.set(OTHER, [{ path: `${SITE}/a`, makes: [], files: 'none' }]),
      'VolumeTaken',
    ],
  ])('%s: refused, and nothing touched', async (_what, happens, reason) => {
    const move = moveWith();
    move.target.directories.add('/data/shop');
    happens(move);
    const before = JSON.stringify([...move.target.mounts.files]);
    await preflight(move);
    expect(checks(move)).toEqual([reason]);
    expect(JSON.stringify([...move.target.mounts.files])).toBe(before);
    expect(noted(move)).toBeUndefined();
  });

  test('a monitor that has the whole node mounted to read disturbs nobody', async () => {
    const move = moveWith();
    for (const node of [move.source, move.target]) {
      node.docker.add({ ...somebody(bind('/', '/rootfs', false)), state: 'running', pid: 7 });
    }
    await move.toRestored();
    expect(onTarget(move)).toEqual(PAGES);
  });

  test('nobody there writes to a path that spec.volumeOverrides does not ask for', async () => {
    const move = moveWith({ volumeOverrides: [] });
    await move.source.visit();
    const { source } = move.status;
    if (source === undefined) throw new Error('the source has looked');
    const more = { name: SITE, destination: '/site', policy: 'Copy' } as const;
    move.api.set({ source: { ...source, volumes: [...(source.volumes ?? []), more] } });
    await move.target.visit();
    expect(checks(move)).toEqual(['VolumeNotCopyable']);
  });

  test('files that appear after the preflight are refused at the next step, and survive the rollback', async () => {
    const move = await preflight(moveWith());
    move.decide('Prepare');
    await move.source.visit();
    move.target.directories.add(SITE);
    move.target.mounts.files.set(SITE, { precious: 'yes' });
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'VolumeTaken' } });
    move.revoke();
    await move.untilDone(move.target);
    expect(onTarget(move)).toEqual({ precious: 'yes' });
  });

  test('and so do those that appear in the directory that was made', async () => {
    const move = await moveWith().toPublished();
    move.target.mounts.files.set(SITE, { precious: 'yes' });
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'VolumeTaken' } });
    move.revoke();
    await move.untilDone(move.target);
    expect(onTarget(move)).toEqual({ precious: 'yes' });
    expect(noted(move)).toBeUndefined();
  });

  test('what somebody mounts meanwhile is theirs', async () => {
    const move = await moveWith().toFreeze();
    move.target.docker.add(somebody(bind(SITE, '/x')));
    move.revoke();
    await move.untilDone(move.target);
    expect(move.status.target?.state).toBe('Withdrawn');
    expect(onTarget(move)).toEqual({});
  });
});

describe('on the source', () => {
  test.each<[string, (move: FakeMove) => void, string]>([
    [
      'another running container has it mounted',
      (move) => {
        move.source.docker.add({ ...somebody(bind(SITE, '/x')), state: 'running', pid: 7 });
      },
      'VolumeInUse',
    ],
    ['it is a file', (move) => move.source.directories.others.set(SITE, 'other'), 'VolumeNotCopyable'],
    ['a symlink leads there', (move) => move.source.directories.others.set('/data', 'symlink'), 'VolumeNotCopyable'],
    ['it is another one by now', (move) => move.source.directories.replaced.add(SITE), 'VolumeNotCopyable'],
    [
      'something else is mounted in it',
      (move) => move.source.directories.mountPoints.push(`${SITE}/disk`),
      'VolumeNotCopyable',
    ],
  ])('%s: refused, and again right before the freeze', async (_what, happens, reason) => {
    const early = moveWith();
    happens(early);
    expect(checks(await preflight(early))).toEqual([reason]);
    const late = await moveWith().toFreeze();
    happens(late);
    await late.source.visit();
    expect(late.status.source).toMatchObject({ state: 'Failed', error: { reason } });
    expect(late.original.state).toBe('running');
  });

  test('a second mount that shows some of the files is refused', async () => {
    expect(checks(await preflight(moveWith({ mounts: [bind(`${SITE}/a`, '/a')] })))).toEqual(['VolumeNotCopyable']);
  });

  test('a stopped container that has it mounted writes nothing', async () => {
    const move = moveWith();
    move.source.docker.add(somebody(bind(SITE, '/x')));
    expect(checks(await preflight(move))).toEqual([]);
  });
});

test('an original that died is woken up on its own node with its own directory, as it was', async () => {
  const move = await moveWith().toPublished();
  move.revoke();
  move.source.docker.die(CONTAINER_ID);
  await move.untilDone(move.source);
  expect(move.status.source?.restoredContainerID).toBeDefined();
  expect(move.source.mounts.files.get(SITE)).toEqual(PAGES);
  expect(move.source.directories.noted.size).toBe(0);
});
