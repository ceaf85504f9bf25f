import type { ContainerMigration } from '../../../src/api/types';
import { ReasonedError } from '../../../src/runtime/errors';
import { dockerAway, NO_RESTART } from '../../lib/fake-docker';
import { ALWAYS, FakeMove, MEMORY } from '../../lib/fake-move';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();

const moveOf = (spec: Partial<ContainerMigration['spec']> = {}): FakeMove =>
  new FakeMove(directory(), ALWAYS, { memory: 'Lazy', ...spec });
const lost = { state: 'lost', why: 'it was killed' } as const;
const copy = (move: FakeMove): unknown => move.target.docker.containers[0];

describe('memory that comes later', () => {
  test('is not asked for by default, and comes before the container runs', async () => {
    const move = await moveOf({ memory: 'Eager' }).toRestored();
    expect(move.volume.wasLazy).toBe(false);
    expect(move.status.target).not.toHaveProperty('lazyPages');
  });

  test('is not looked at before the claim', async () => {
    const move = await moveOf().toPublished();
    move.volume.arePagesDamaged = true;
    await move.target.visit();
    expect(move.volume.wasLazy).toBe(true);
    expect(move.status.target).toMatchObject({ state: 'Restored', lazyPages: 'Pending' });
  });

  test.each([
    ['Auto', 255 << 20, false],
    ['Auto', 256 << 20, true],
    ['Lazy', 1, true],
    ['Eager', 2 ** 32, false],
  ] as const)('with %s and %d bytes: %s', async (memory, sizeBytes, isLazy) => {
    const move = await moveOf({ memory }).toPublished();
    const files = move.volume.manifest?.manifest.files.map((file) => ({ ...file, sizeBytes })) ?? [];
    Object.assign(move.volume.manifest?.manifest ?? {}, { files });
    await move.target.visit();
    expect(move.volume.wasLazy).toBe(isLazy);
    expect(move.status.target?.lazyPages).toBe(isLazy ? 'Pending' : undefined);
  });

  const cannot = ['LazyPagesUnsupported', 'LazyPagesNotByDriver'];
  test.each(cannot)('is not waited for with Auto where the preflight has found %s', async (reason) => {
    const move = await moveOf({ memory: 'Auto' }).toPublished();
    const files = move.volume.manifest?.manifest.files.map((file) => ({ ...file, sizeBytes: 2 ** 30 })) ?? [];
    Object.assign(move.volume.manifest?.manifest ?? {}, { files });
    const { target } = move.status;
    if (target === undefined) throw new Error('it has prepared');
    const checks = [{ reason, message: 'it cannot come', blocking: false }];
    move.api.set({ target: { ...target, checks } });
    await move.target.visit();
    expect(move.volume.wasLazy).toBe(false);
  });

  test('holds up everything that needs no checkpoint any more, until the last page is in', async () => {
    const move = await moveOf().toRestored();
    move.volume.memory = { state: 'arriving' };
    expect(await move.target.visit()).toEqual({ requeueAfterMs: 500 });
    await move.source.visit();
    expect(copy(move)).toMatchObject({ state: 'running', memory: MEMORY, restartPolicy: NO_RESTART });
    expect(move.original).toMatchObject({ state: 'paused' });
    expect(move.volume.manifest).toBeDefined();
    expect(move.status).toMatchObject({ source: { state: 'Published' }, target: { state: 'Restored' } });

    move.volume.memory = { state: 'complete' };
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Restored', lazyPages: 'Done' });
    await move.untilDone(move.target);
    await move.untilDone(move.source);
    expect(move.status).toMatchObject({
      source: { state: 'Released' },
      target: { state: 'Settled', lazyPages: 'Done' },
    });
    expect(copy(move)).toMatchObject({ state: 'running', restartPolicy: ALWAYS });
    expect(move.volume.manifest).toBeUndefined();
    expect(move.source.docker.containers).toEqual([]);
  });

  test('is compared in the end, and tried again when the volume is away', async () => {
    const move = await moveOf().toRestored();
    const away = new ReasonedError('VolumeHung', 'for the test');
    move.target.fail('store.verifyPages', away, 2);
    for (let i = 0; i < 2; i++) await expect(move.target.visit()).rejects.toBe(away);
    expect(move.status.target).toMatchObject({ lazyPages: 'Pending', error: { reason: 'VolumeHung' } });
    await move.target.visit();
    expect(move.status.target).toMatchObject({ lazyPages: 'Done' });
    expect(move.status.target?.error).toBeUndefined();
  });

  test('needs nothing any more when its owner has removed the container', async () => {
    const move = await moveOf().toRestored();
    await move.target.docker.remove(move.status.target?.containerID ?? '');
    await move.untilDone(move.target);
    expect(move.status.target).toMatchObject({ state: 'Settled', lazyPages: 'Done' });
  });
});

describe('a container whose memory is lost', () => {
  const losses: [string, string, (move: FakeMove) => unknown, string][] = [
    ['the page server died', 'PageServerLost', (move) => (move.volume.memory = lost), 'it was killed'],
    [
      'the node was restarted',
      'PageServerLost',
      ({ target }) => {
        target.markers.clear();
      },
      'no marker',
    ],
    ['it is not what was dumped', 'MemoryCorrupt', ({ volume }) => (volume.arePagesDamaged = true), 'manifest'],
  ];

  test.each(losses)('when %s is ended, and all that is left is kept', async (_what, reason, happens, says) => {
    const move = await moveOf({ retainCheckpoint: 'Never' }).toRestored();
    happens(move);
    await move.untilDone(move.target);
    await move.untilDone(move.source);
    expect(copy(move)).toMatchObject({ state: 'exited', restartPolicy: NO_RESTART });
    expect(move.status.target).toMatchObject({ state: 'Settled', lazyPages: 'Lost', error: { reason } });
    expect(move.status.target?.error?.message).toContain(says);
    expect([...move.target.markers]).toEqual([]);
    // Never a second life of what others may have heard from.
    expect(move.volume.restores).toBe(1);
    expect(move.status.source).toMatchObject({ state: 'Released' });
    expect(move.original).toMatchObject({ state: 'exited' });
    expect(move.volume.manifest).toBeDefined();
  });

  test('is ended at a later try when Docker is away', async () => {
    const move = await moveOf().toRestored();
    move.volume.memory = lost;
    move.target.fail('engine.kill', dockerAway(), 2);
    for (let i = 0; i < 2; i++)
      await expect(move.target.visit()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
    expect(move.status.target).toMatchObject({ state: 'Restored', lazyPages: 'Pending' });
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Settled', lazyPages: 'Lost' });
  });

  test('is told the same by an agent that was killed anywhere on the way', async () => {
    for (let boundaries = 0, done = false; !done; boundaries++) {
      const move = await new FakeMove(`${directory()}/${boundaries}`, ALWAYS, { memory: 'Lazy' }).toRestored();
      move.volume.memory = lost;
      move.target.killAfter(boundaries);
      done = await move.target.visit().then(
        () => true,
        () => false,
      );
      move.target.calm();
      await move.untilDone(move.target);
      expect(move.status.target).toMatchObject({ state: 'Settled', lazyPages: 'Lost' });
      expect(copy(move)).toMatchObject({ state: 'exited' });
    }
  });

  test('of a target that was fenced is kept as well', async () => {
    const move = await moveOf().toRestored();
    move.api.set({ phase: 'Failed' });
    await move.untilDone(move.source);
    expect(move.status.source).toMatchObject({ state: 'Released' });
    expect(move.original).toMatchObject({ state: 'exited' });
    expect(move.volume.manifest).toBeDefined();
  });
});
