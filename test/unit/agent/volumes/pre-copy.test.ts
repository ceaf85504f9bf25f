/** The files of volumes that are copied while the container runs, and what becomes of them when something fails. */
import { ReasonedError } from '../../../../src/runtime/errors';
import type { FakeMove } from '../../../lib/fake-move';
import { CONTAINER_ID } from '../../../lib/migration';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';
import { ANONYMOUS, FILES, onTarget, shop, state } from './shop';

const directory = useTemporaryDirectory();
const MORE = { page: 'old', stays: 'the same', gone: 'soon' };

/** A shop whose volumes are worth it, with more in one of them. */
function world(): FakeMove {
  const move = shop(directory());
  move.volume.isWorthwhile = true;
  Object.assign(move.source.mounts.of('data') ?? {}, MORE);
  for (const node of [move.source, move.target]) node.mounts.files.set(move.original.upperDir ?? '', {});
  return move;
}

/** Both nodes have prepared; then the container changes its files. */
async function changed(): Promise<FakeMove> {
  const move = await world().toFreeze();
  const data = move.source.mounts.of('data') ?? {};
  Object.assign(data, { page: 'new', more: 'yes' });
  delete data['gone'];
  return move;
}

const ARRIVED = { ...FILES, page: 'new', stays: 'the same', more: 'yes' };
const created = (move: FakeMove): string => move.target.docker.containers[0]?.id ?? '';

test('lies on the target before the freeze, in which only the difference is saved', async () => {
  const move = await changed();
  expect(move.target.mounts.of('data')).toEqual({ ...FILES, ...MORE });
  expect(move.target.mounts.of(ANONYMOUS)).toEqual({ cache: 'warm' });
  expect(move.status.source?.preCopied).toMatchObject({ sizeBytes: 7, size: '7B', files: 1 });
  expect(move.status.target?.preCopiedTo).toBe(created(move));
  await move.source.visit();
  expect(move.volume.archives?.['data']).toEqual({ page: 'new', more: 'yes' });
  await move.target.visit();
  expect(state(move)).toEqual(['Published', 'Restored']);
  expect(move.target.mounts.of('data')).toEqual(ARRIVED);
  expect(move.target.mounts.of(ANONYMOUS)).toEqual({ cache: 'warm' });
});

test('what the freeze saved as a whole takes the place of what was copied before', async () => {
  const move = await changed();
  // As when the base on the volume was tampered with.
  move.source.meanwhile('store.saveVolume.before', () => {
    move.volume.base = undefined;
  });
  await move.source.visit();
  expect(move.volume.gone).toEqual({});
  await move.target.visit();
  expect(move.target.mounts.of('data')).toEqual(ARRIVED);
});

test('an agent of the target that was killed while it unpacked begins again from nothing', async () => {
  const move = world();
  await move.source.visit();
  await move.target.visit();
  move.decide('Prepare');
  await move.source.visit();
  move.target.meanwhile('store.unpackBase.after', () => {
    Object.assign(move.target.mounts.of('data') ?? {}, { half: 'a file' });
    move.target.killAfter(0);
  });
  await move.target.visit().catch(() => undefined);
  expect(move.status.target?.preCopiedTo).toBeUndefined();
  move.target.calm();
  await move.untilDone(move.target);
  expect(move.status.target?.state).toBe('Prepared');
  expect(move.target.mounts.of('data')).toEqual({ ...FILES, ...MORE });
});

test('an agent of the source that was killed while it copied begins again from nothing', async () => {
  const move = world();
  await move.source.visit();
  await move.target.visit();
  move.decide('Prepare');
  move.source.meanwhile('store.saveBase.after', () => {
    move.source.killAfter(0);
  });
  await move.source.visit().catch(() => undefined);
  expect(move.status.source?.preCopied).toBeUndefined();
  Object.assign(move.source.mounts.of('data') ?? {}, { page: 'newer' });
  move.source.calm();
  await move.untilDone(move.source);
  expect(move.status.source?.state).toBe('Prepared');
  expect(Object.values(move.volume.base ?? {})).toContainEqual({ ...FILES, ...MORE, page: 'newer' });
});

test('a container that is created anew for another try gets both', async () => {
  const move = await changed();
  await move.source.visit();
  move.target.fail('driver.wake', new ReasonedError('RestoreInterrupted', 'somebody killed it'));
  await move.target.visit();
  await move.clock.advance(60_000);
  await move.target.visit();
  expect(state(move)).toEqual(['Published', 'Restored']);
  expect(created(move)).not.toBe(move.status.target?.preCopiedTo);
  expect(move.target.mounts.of('data')).toEqual(ARRIVED);
});

test('a volume that cannot be written to just now is tried again, in another life too', async () => {
  const move = world();
  await move.source.visit();
  await move.target.visit();
  move.decide('Prepare');
  move.source.fail('store.saveBase', new ReasonedError('VolumeFull', 'no room'));
  await move.source.visit();
  expect(move.status.source).toMatchObject({
    state: 'Preflighted',
    error: { reason: 'VolumeFull' },
    retry: { failures: 1 },
  });
  await move.clock.advance(60_000);
  await move.source.visit();
  expect(move.status.source?.state).toBe('Prepared');
});

test('given up after the preparation: nothing is left on the target, and the original runs on', async () => {
  const move = await changed();
  move.revoke();
  await move.untilDone(move.source);
  await move.untilDone(move.target);
  expect(state(move)).toEqual(['RolledBack', 'Withdrawn']);
  expect(onTarget(move)).toEqual([]);
  expect(move.target.docker.containers).toEqual([]);
  expect(move.volume.base).toBeUndefined();
  expect(move.source.docker.get(CONTAINER_ID).state).toBe('running');
});
