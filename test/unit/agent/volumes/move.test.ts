/** What becomes of the volumes of a container that is moved, and of one that is not. */
import { existsSync } from 'node:fs';
import type { Spec } from '../../../../src/api/types';
import { ReasonedError } from '../../../../src/runtime/errors';
import { Killed } from '../../../lib/fake-node';
import { FakeMove, MEMORY } from '../../../lib/fake-move';
import { CONTAINER_ID, UID } from '../../../lib/migration';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';
import { ANONYMOUS, checks, FILES, onTarget, preflight, shop, state } from './shop';

const directory = useTemporaryDirectory();
const moveWith = (spec: Partial<Spec> = {}): FakeMove => shop(directory(), spec);

describe('Copy', () => {
  test('the files arrive as they are, and nothing else; labels go along', async () => {
    const move = await moveWith().toRestored();
    expect(state(move)).toEqual(['Published', 'Restored']);
    expect(move.target.mounts.of('data')).toEqual(FILES);
    expect(move.target.mounts.of(ANONYMOUS)).toEqual({ cache: 'warm' });
    expect(move.target.mounts.volumes.get('data')?.labels).toEqual({ app: 'shop', 'transship.dev/migration-uid': UID });
    expect(move.status.source?.volumes).toEqual([
      { name: 'data', destination: '/data', policy: 'Copy', sizeBytes: 18 },
      { name: ANONYMOUS, destination: '/cache', policy: 'Copy', sizeBytes: 4 },
    ]);
  });

  test('what is written until the freeze arrives', async () => {
    const move = await moveWith().toFreeze();
    Object.assign(move.source.mounts.of('data') ?? {}, { log: 'line 3' });
    await move.source.visit();
    await move.target.visit();
    expect(move.target.mounts.of('data')).toMatchObject({ log: 'line 3' });
  });

  test.each([
    ['Remove', ['data']],
    ['Keep', ['data', ANONYMOUS]],
  ] as const)('afterwards, with afterSuccess: %s, the source has %s', async (afterSuccess, left) => {
    const move = await moveWith({ afterSuccess }).toRestored();
    await move.untilDone(move.source);
    expect(move.status.source?.state).toBe('Released');
    expect([...move.source.mounts.volumes.keys()]).toEqual(left);
  });

  test('one without a name that another container has mounted stays on the source', async () => {
    const move = moveWith();
    const raw = { Mounts: [{ Type: 'volume', Name: ANONYMOUS, Source: '', Destination: '/x' }] };
    move.source.docker.add({ id: 'd'.repeat(64), name: 'stopped', state: 'exited', pid: 0, raw });
    await move.toRestored();
    await move.untilDone(move.source);
    expect([...move.source.mounts.volumes.keys()]).toEqual(['data', ANONYMOUS]);
  });

  test('a volume of that name on the target is refused, and not touched', async () => {
    const move = moveWith();
    move.target.mounts.add('data', { precious: 'yes' });
    await preflight(move);
    expect(checks(move)).toEqual(['VolumeTaken']);
    expect(move.target.mounts.of('data')).toEqual({ precious: 'yes' });
  });

  test('one that appears after the preflight fails the next step, and survives the rollback', async () => {
    const move = await preflight(moveWith());
    move.decide('Prepare');
    await move.source.visit();
    move.target.mounts.add('data', { precious: 'yes' });
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'VolumeTaken' } });
    move.revoke();
    await move.untilDone(move.target);
    expect(move.status.target?.state).toBe('Withdrawn');
    expect(onTarget(move)).toEqual(['data']);
    expect(move.target.mounts.of('data')).toEqual({ precious: 'yes' });
  });

  test('somebody who mounts the volume before it is filled keeps it: the claim is given back', async () => {
    const move = await moveWith().toPublished();
    const raw = { Mounts: [{ Type: 'volume', Name: 'data', Source: '', Destination: '/x' }] };
    move.target.docker.add({ id: 'd'.repeat(64), name: 'somebody', raw });
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'VolumeTaken' } });
    expect(move.target.mounts.of('data')).toEqual({ image: 'of the image' });
  });

  test('another running container that uses it is refused; a stopped one is not', async () => {
    const raw = { Mounts: [{ Type: 'volume', Name: 'data', Source: '', Destination: '/x' }] };
    const move = moveWith();
    move.source.docker.add({ id: 'd'.repeat(64), name: 'second', raw });
    await preflight(move);
    expect(checks(move)).toEqual(['VolumeInUse']);
    const other = moveWith();
    other.source.docker.add({ id: 'd'.repeat(64), name: 'second', state: 'exited', pid: 0, raw });
    expect(checks(await preflight(other))).toEqual([]);
  });

  test('one that begins to use it after the preflight fails the freeze, before the container stands still', async () => {
    const move = await moveWith().toFreeze();
    const raw = { Mounts: [{ Type: 'volume', Name: 'data', Source: '', Destination: '/x' }] };
    move.source.docker.add({ id: 'd'.repeat(64), name: 'second', raw });
    move.source.fail('engine.pause', new Error('paused'));
    await move.source.visit();
    expect(move.status.source).toMatchObject({ state: 'Failed', error: { reason: 'VolumeInUse' } });
    expect(move.original.state).toBe('running');
  });

  test.each<[string, object, Partial<Spec>]>([
    ['another driver', { driver: 'sshfs' }, {}],
    ['options', { options: { type: 'nfs', device: ':/export' } }, {}],
    ['files that lie elsewhere', { mountpoint: '/etc' }, {}],
    ['a host directory of the system', {}, { volumeOverrides: [{ name: '/srv', policy: 'Copy' }] }],
  ])('%s: refused', async (_what, more, spec) => {
    const move = moveWith(spec);
    const data = move.source.mounts.volumes.get('data');
    if (data !== undefined) move.source.mounts.volumes.set('data', { ...data, ...more });
    expect(checks(await preflight(move))).toEqual(['VolumeNotCopyable']);
  });

  test('an override that names nothing is refused', async () => {
    const move = await preflight(moveWith({ volumeOverrides: [{ name: 'dtaa', policy: 'Skip' }] }));
    expect(checks(move)).toEqual(['VolumeOverrideUnused']);
  });

  test('a checkpoint without the files of a volume is corrupt', async () => {
    const move = await moveWith().toPublished();
    const { manifest } = move.volume.manifest ?? {};
    Object.assign(manifest ?? {}, { files: [] });
    await move.target.visit();
    expect(move.status.target?.error?.reason).toBe('CheckpointCorrupt');
  });
});

describe('a rollback', () => {
  test.each(['toFreeze', 'toPublished'] as const)('leaves no volume on the target (%s)', async (moment) => {
    const move = await moveWith()[moment]();
    expect(onTarget(move)).toEqual(['data', ANONYMOUS]);
    move.revoke();
    await move.untilDone(move.target);
    await move.untilDone(move.source);
    expect(state(move)).toEqual(['RolledBack', 'Withdrawn']);
    expect(onTarget(move)).toEqual([]);
    expect(await move.target.ledger.list()).toEqual([]);
    expect(move.source.mounts.of('data')).toEqual(FILES);
    expect([...move.source.mounts.volumes.keys()]).toEqual(['data', ANONYMOUS]);
  });

  test('after a wake-up that failed for good leaves none either', async () => {
    const move = await moveWith().toPublished();
    move.target.fail('store.fillVolume', new ReasonedError('VolumeNotFilled', 'for the test'));
    await move.target.visit();
    expect(move.status.target?.state).toBe('Failed');
    move.revoke();
    await move.untilDone(move.target);
    expect(onTarget(move)).toEqual([]);
  });
});

test('an original that died is woken up on its own node with its own volumes, which are as they were', async () => {
  const move = await moveWith().toPublished();
  move.revoke();
  move.source.docker.die(CONTAINER_ID);
  await move.untilDone(move.source);
  const { restoredContainerID = '' } = move.status.source ?? {};
  expect(move.source.docker.get(restoredContainerID)).toMatchObject({ state: 'running', memory: MEMORY });
  expect((await move.source.deps().dockerVolumes.usersOf('data')).map(({ id }) => id)).toEqual([restoredContainerID]);
  expect(move.source.mounts.of('data')).toEqual(FILES);
  expect([...move.source.mounts.volumes.keys()]).toEqual(['data', ANONYMOUS]);
});

test('a wake-up that fails of something that may pass fills the same volumes anew', async () => {
  const move = await moveWith().toPublished();
  move.target.fail('store.fillVolume.after', new ReasonedError('VolumeHung', 'for the test'));
  await move.target.visit();
  expect(move.status.target?.retry?.failures).toBe(1);
  Object.assign(move.target.mounts.of('data') ?? {}, { half: 'of an earlier try' });
  await move.clock.advance(30_000);
  await move.target.visit();
  expect(move.status.target?.state).toBe('Restored');
  expect(move.target.mounts.of('data')).toEqual(FILES);
});

test('a target that is killed anywhere goes on, fills the volumes and never once more when the container runs', async () => {
  for (let boundaries = 0; ; boundaries++) {
    const move = await moveWith().toFreeze();
    await move.source.visit();
    move.target.killAfter(boundaries);
    const killed = await move.target.visit().then(
      () => false,
      (error: unknown) => error instanceof Killed,
    );
    move.target.calm();
    const woken = move.target.docker.containers.some(({ pid }) => pid !== 0);
    // What the container has written since must not be taken back.
    if (woken) Object.assign(move.target.mounts.of('data') ?? {}, { log: 'line 3' });
    await move.untilDone(move.target);
    expect(move.status.target?.state).toBe('Settled');
    expect(move.target.mounts.of('data')).toEqual(woken ? { ...FILES, log: 'line 3' } : FILES);
    expect(await move.target.ledger.has(UID)).toBe(false);
    if (!killed) break;
  }
});

test('a target that is killed anywhere while it prepares leaves nothing after a rollback', async () => {
  for (let boundaries = 0; ; boundaries++) {
    const move = await preflight(moveWith());
    move.decide('Prepare');
    await move.source.visit();
    move.target.killAfter(boundaries);
    const killed = await move.target.visit().then(
      () => false,
      (error: unknown) => error instanceof Killed,
    );
    move.target.calm();
    // Whatever a sweep could find has been noted before.
    if (onTarget(move).length > 0) expect(await move.target.ledger.has(UID)).toBe(true);
    move.revoke();
    await move.untilDone(move.target);
    expect(onTarget(move)).toEqual([]);
    expect(await move.target.ledger.list()).toEqual([]);
    if (!killed) break;
  }
});

test('a container without volumes asks nobody for any', async () => {
  const move = new FakeMove(directory());
  for (const boundary of ['inspect', 'list', 'usersOf', 'create', 'remove']) {
    for (const node of [move.source, move.target]) node.fail(`dockerVolumes.${boundary}`, new Error('asked'), 99);
  }
  await move.toRestored();
  await move.untilDone(move.source);
  expect(state(move)).toEqual(['Released', 'Restored']);
  expect(existsSync(`${directory()}/node-b/volumes`)).toBe(false);
});
