/** Volumes that stay behind, and those that both nodes show. */
import type { Spec } from '../../../../src/api/types';
import { ReasonedError } from '../../../../src/runtime/errors';
import type { FakeMove } from '../../../lib/fake-move';
import { mountpointOf } from '../../../lib/fake-mounts';
import { UID } from '../../../lib/migration';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';
import { ANONYMOUS, checks, FILES, onTarget, preflight, shop, state } from './shop';

const directory = useTemporaryDirectory();
const moveWith = (spec: Partial<Spec> = {}): FakeMove => shop(directory(), spec);

describe('Skip', () => {
  test('takes an existing volume as it is, makes the missing ones, and says so', async () => {
    const move = moveWith({ volumes: 'Skip' });
    move.target.mounts.add('data', { precious: 'yes' });
    await move.toRestored();
    expect(move.status.source?.checks?.map(({ reason, blocking }) => [reason, blocking])).toEqual([
      ['VolumeSkipped', false],
      ['VolumeSkipped', false],
    ]);
    expect(state(move)).toEqual(['Published', 'Restored']);
    expect(move.volume.archives).toBeUndefined();
    expect(move.target.mounts.of('data')).toMatchObject({ precious: 'yes' });
  });

  test('a rollback removes those that it made, and no other', async () => {
    const move = moveWith({ volumes: 'Skip' });
    move.target.mounts.add('data', { precious: 'yes' });
    await move.toFreeze();
    move.revoke();
    await move.untilDone(move.target);
    expect(onTarget(move)).toEqual(['data']);
    expect(move.target.mounts.of('data')).toMatchObject({ precious: 'yes' });
  });
});

describe('RequireShared', () => {
  const spec = { volumes: 'RequireShared', volumeOverrides: [{ name: '/cache', policy: 'Copy' }] } as const;
  const sharing = (): FakeMove => {
    const move = moveWith({ ...spec, volumeOverrides: [...spec.volumeOverrides] });
    move.target.mounts.add('data', {});
    // Docker puts nothing into a volume that holds files, or is mounted with nocopy.
    move.target.calm();
    for (const path of ['/srv', mountpointOf('data')]) {
      move.target.mounts.files.set(path, move.source.mounts.files.get(path) ?? {});
    }
    return move;
  };

  test('what both nodes show is proved by a file that is gone at the freeze, and not copied', async () => {
    const move = await sharing().toFreeze();
    expect(state(move)).toEqual(['Prepared', 'Prepared']);
    expect(Object.keys(move.source.mounts.of('data') ?? {})).toHaveLength(3);
    await move.source.visit();
    expect(move.source.mounts.of('data')).toEqual(FILES);
    expect(move.source.mounts.files.get('/srv')).toEqual({ page: 'hello' });
    await move.target.visit();
    expect(move.status.target?.state).toBe('Restored');
    expect(Object.keys(move.volume.archives ?? {})).toEqual([ANONYMOUS]);
    expect(move.target.mounts.of('data')).toMatchObject(FILES);
  });

  test.each(['/srv', mountpointOf('data')])('%s that shows other files is refused, with no file left', async (path) => {
    const move = sharing();
    move.target.mounts.files.set(path, { page: 'hello' });
    await move.toFreeze();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'MountNotShared' } });
    expect(move.target.docker.containers).toEqual([]);
    move.revoke();
    await move.untilDone(move.source);
    expect(move.status.source?.state).toBe('RolledBack');
    expect(move.source.mounts.of('data')).toEqual(FILES);
    expect(move.source.mounts.files.get('/srv')).toEqual({ page: 'hello' });
  });

  test('a file of an earlier try is no proof', async () => {
    const move = sharing();
    move.target.mounts.files.set('/srv', { [`.transship-probe-${UID}-${'0'.repeat(32)}`]: '' });
    await move.toFreeze();
    expect(move.status.target?.error?.reason).toBe('MountNotShared');
  });

  test('a volume that the target does not have is refused', async () => {
    const move = sharing();
    move.target.mounts.volumes.delete('data');
    expect(checks(await preflight(move))).toEqual(['SharedVolumeMissing']);
  });

  test('a directory that is gone does not hold up the rollback, and is told', async () => {
    const move = await sharing().toFreeze();
    move.source.fail('mountFiles.removeProbes', new ReasonedError('SharedProbeFailed', 'for the test'));
    move.revoke();
    await move.untilDone(move.source);
    expect(move.status.source).toMatchObject({ state: 'RolledBack', error: { reason: 'SharedProbeFailed' } });
  });
});
