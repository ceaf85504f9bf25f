import { reasonOf, ReasonedError } from '../../../src/runtime/errors';
import { KubeError } from '../../../src/kube/errors';
import { dockerAway, dockerHungUp, FRESH, NO_RESTART } from '../../lib/fake-docker';
import { ALWAYS, FakeMove, MEMORY } from '../../lib/fake-move';
import { CONTAINER_ID, UID } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;

beforeEach(() => {
  move = new FakeMove(directory());
});

const reason = (name: string): ReasonedError => new ReasonedError(name, 'for the test');
const journal = (): Promise<unknown> => move.source.journal.read(CONTAINER_ID);
const waitMs = (): number => Date.parse(move.status.source?.retry?.notBefore ?? '') - move.clock.now();

/** The moments before the steps of the source. */
const before = {
  Preflight: () => Promise.resolve(),
  Prepare: async () => {
    await move.source.visit();
    await move.target.visit();
    move.decide('Prepare');
  },
  Freeze: async () => {
    await move.toFreeze();
  },
};

const passing: [keyof typeof before, string, Error][] = [
  ['Preflight', 'engine.list', dockerAway()],
  ['Preflight', 'engine.inspect', dockerHungUp()],
  ['Preflight', 'node.volumeID', reason('VolumeHung')],
  ['Prepare', 'engine.inspect', dockerAway()],
  ['Prepare', 'store.publishDescription', reason('VolumeHung')],
  ['Prepare', 'store.publishDescription.after', reason('VolumeHung')],
  ['Prepare', 'node.measureClock', reason('VolumeStale')],
  ['Prepare', 'store.saveLogsAhead', reason('VolumeFull')],
  ['Freeze', 'store.saveLogsAhead', reason('LogsNotSaved')],
  ['Freeze', 'store.beginDump', reason('VolumeFull')],
  ['Freeze', 'engine.setRestartPolicy', dockerAway()],
  ['Freeze', 'engine.setRestartPolicy.after', dockerHungUp()],
  ['Freeze', 'engine.pause', dockerAway()],
  ['Freeze', 'engine.pause.after', dockerHungUp()],
  ['Freeze', 'driver.dump', reason('CriuKilled')],
  ['Freeze', 'driver.dump.after', reason('NotFrozen')],
];

test.each(passing)(
  'a passing failure of %s at %s is told and tried again; the container runs',
  async (step, at, error) => {
    await before[step]();
    const { state = 'Pending' } = move.status.source ?? {};
    move.source.fail(at, error);

    const { requeueAfterMs } = await move.source.visit();

    expect(move.status.source?.state).toBe(state);
    expect(move.status.source?.error?.reason).toBe(reasonOf(error, ''));
    expect(move.status.source?.retry?.failures).toBe(1);
    expect(requeueAfterMs).toBe(waitMs());
    expect(requeueAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(requeueAfterMs).toBeLessThanOrEqual(2_000);
    expect(move.original).toMatchObject({ state: 'running', restartPolicy: ALWAYS, memory: MEMORY });
    // Reserved, and nothing of the freeze: whoever finds it paused from now on knows that it was somebody else.
    const reserved = { migrationUID: UID, migration: 'default/move', restartPolicy: ALWAYS };
    if (step === 'Freeze') expect(await journal()).toEqual(reserved);
  },
);

test.each(passing)('after a passing failure of %s at %s the next try leaves nothing of it', async (step, at, error) => {
  await before[step]();
  move.source.fail(at, error);
  await move.source.visit();
  await move.clock.advance(30_000);
  await move.source.visit();
  expect(move.status.source?.state).toBe({ Preflight: 'Preflighted', Prepare: 'Prepared', Freeze: 'Published' }[step]);
  expect(move.status.source?.error).toBeUndefined();
  expect(move.status.source?.retry).toBeUndefined();
});

test.each([
  ['Preflight', 'engine.list', new Error('a fault of ours'), 'InternalError'],
  ['Prepare', 'store.publishDescription', reason('VolumeForbidden'), 'VolumeForbidden'],
  ['Freeze', 'driver.dump', reason('CriuDumpFailed'), 'CriuDumpFailed'],
  ['Freeze', 'store.publishManifest', reason('CheckpointCorrupt'), 'CheckpointCorrupt'],
] as const)('a lasting failure of %s at %s ends it', async (step, at, error, told) => {
  await before[step]();
  move.source.fail(at, error);
  expect(await move.source.visit()).toEqual({});
  expect(move.status.source).toMatchObject({ state: 'Failed', error: { reason: told } });
  expect(move.status.source?.retry).toBeUndefined();
});

test.each([
  ['engine.pause', dockerAway(), [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
  ['store.publishManifest', reason('VolumeHung'), [400, 800, 1_600, 3_000, 3_000]],
])('each failure at %s counts, and waits longer', async (at, error, ceilingsMs) => {
  await move.toFreeze();
  move.source.fail(at, error, ceilingsMs.length);
  for (const [failures, ceilingMs] of ceilingsMs.entries()) {
    await move.source.visit();
    expect(move.status.source?.retry?.failures).toBe(failures + 1);
    expect(waitMs()).toBeGreaterThanOrEqual(ceilingMs / 2);
    expect(waitMs()).toBeLessThanOrEqual(ceilingMs);
    await move.clock.advance(waitMs());
  }
});

test('nothing is done before a failed step is due again', async () => {
  await move.toFreeze();
  move.source.fail('engine.pause', dockerAway());
  const { requeueAfterMs = 0 } = await move.source.visit();
  const told = move.status;
  await move.clock.advance(requeueAfterMs - 1);
  expect(await move.source.visit()).toEqual({ requeueAfterMs: 1 });
  expect(move.status).toEqual(told);
  expect(move.original.state).toBe('running');
});

test.each([
  ['store.saveWritableLayer', reason('VolumeFull')],
  ['store.saveLogs', reason('LogsNotSaved')],
  ['store.publishManifest', reason('VolumeHung')],
  ['store.publishManifest.after', reason('VolumeHung')],
])('a good dump is kept over a failure at %s: the container stands still and is dumped once', async (at, error) => {
  await move.toFreeze();
  move.source.fail(at, error);
  const { requeueAfterMs = 0 } = await move.source.visit();
  expect(move.status.source).toMatchObject({ state: 'Prepared', retry: { failures: 1 } });
  expect(move.original).toMatchObject({ state: 'paused', restartPolicy: NO_RESTART });
  expect(requeueAfterMs).toBeGreaterThanOrEqual(200);
  expect(requeueAfterMs).toBeLessThanOrEqual(400);
  await move.clock.advance(requeueAfterMs);
  await move.source.visit();
  expect(move.status.source).toMatchObject({ state: 'Published', checkpoint: move.volume.manifest?.published });
  expect(move.volume).toMatchObject({ dumps: 1, images: { memory: MEMORY } });
});

test('a container that cannot be thawed just now is dumped at the next try', async () => {
  await move.toFreeze();
  move.source.fail('driver.dump', reason('CriuKilled'));
  move.source.fail('engine.unpause', dockerAway());
  await move.source.visit();
  expect(move.original.state).toBe('paused');
  expect(waitMs()).toBeLessThanOrEqual(400);
  await move.clock.advance(waitMs());
  await move.source.visit();
  expect(move.status.source?.state).toBe('Published');
});

test('a container that died in its dump is not touched before the next look, which says that it is lost', async () => {
  await move.toFreeze();
  move.source.meanwhile('driver.dump', () => {
    move.source.docker.die(CONTAINER_ID);
    throw dockerHungUp();
  });
  await move.source.visit();
  expect(move.original).toMatchObject({ state: 'exited', restartPolicy: NO_RESTART });
  await move.clock.advance(30_000);
  await move.source.visit();
  expect(move.status.source).toMatchObject({ state: 'Failed', error: { reason: 'SourceLost' } });
});

test('an API server that is away fails the visit, and no step', async () => {
  await move.toFreeze();
  move.source.fail('migrations.writeSource', new KubeError('ApiServerUnreachable', 'for the test'));
  await expect(move.source.visit()).rejects.toMatchObject({ reason: 'ApiServerUnreachable' });
  expect(move.status.source?.state).toBe('Prepared');
  expect(move.status.source?.retry).toBeUndefined();
  expect(move.original.state).toBe('paused');
  await move.source.visit();
  expect(move.status.source?.state).toBe('Published');
  expect(move.volume.dumps).toBe(1);
});

test('a look that fails is the visit’s failure', async () => {
  await move.toFreeze();
  move.source.fail('engine.inspect', dockerAway());
  await expect(move.source.visit()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
  expect(move.status.source).toMatchObject({ state: 'Prepared' });
});

describe('an agent that is killed while it freezes', () => {
  const times = ['freezeStartedAt', 'frozenAt', 'dumpedAt', 'publishedAt'];

  test('goes on from any point to the same end, and never dumps a good dump again', async () => {
    for (let boundaries = 0; ; boundaries++) {
      move = new FakeMove(`${directory()}/${boundaries}`);
      await move.toFreeze();
      move.source.killAfter(boundaries);
      const died = await move.source.visit().then(
        () => false,
        () => true,
      );
      const wasDumped = ((await journal()) as { dumpedAt?: string }).dumpedAt !== undefined;
      const { dumps } = move.volume;
      move.source.calm();
      await move.untilDone(move.source);

      expect(move.status.source).toMatchObject({ state: 'Published', checkpoint: move.volume.manifest?.published });
      expect(Object.keys(move.status.source ?? {})).toEqual(expect.arrayContaining(times));
      expect(await journal()).toHaveProperty('reportedAt');
      expect(move.original).toMatchObject({ state: 'paused', restartPolicy: NO_RESTART, memory: MEMORY });
      if (wasDumped) expect(move.volume.dumps).toBe(dumps);
      if (!died) break;
      expect(boundaries).toBeLessThan(100);
    }
  });

  test('and whose container died with its dockerd publishes the good dump: it is the last copy', async () => {
    await move.toFreeze();
    move.source.fail('store.publishManifest', reason('VolumeHung'));
    await move.source.visit();
    move.source.docker.die(CONTAINER_ID);
    await move.clock.advance(30_000);
    await move.source.visit();
    expect(move.status.source?.state).toBe('Published');
    expect(move.volume).toMatchObject({ dumps: 1, images: { memory: MEMORY } });
  });
});

test('a container that was thawed by somebody else is dumped anew', async () => {
  await move.toFreeze();
  move.source.fail('store.publishManifest.after', reason('VolumeHung'));
  await move.source.visit();
  move.source.docker.change(CONTAINER_ID, { state: 'running', memory: 'counted to 50' });
  await move.clock.advance(30_000);
  await move.source.visit();
  expect(move.status.source?.state).toBe('Published');
  expect(move.volume).toMatchObject({ dumps: 2, images: { memory: 'counted to 50' } });
});

test.each<[string, () => unknown, string]>([
  ['was stopped', () => move.source.docker.die(CONTAINER_ID), 'ContainerNotRunning'],
  ['was paused', () => move.source.docker.change(CONTAINER_ID, { state: 'paused' }), 'ContainerNotRunning'],
  ['was removed', () => move.source.docker.remove(CONTAINER_ID), 'SourceLost'],
])('a container that %s by somebody else is left alone, and said so', async (_what, happens, told) => {
  await move.toFreeze();
  happens();
  const left = move.source.docker.containers;
  await move.source.visit();
  expect(move.status.source).toMatchObject({ state: 'Failed', error: { reason: told } });
  expect(move.source.docker.containers).toEqual(left);
  expect(move.volume.dumps).toBe(0);
});

test('a container that began anew after our freeze is dumped as it is now', async () => {
  await move.toFreeze();
  move.source.fail('driver.dump', reason('CriuKilled'));
  await move.source.visit();
  await move.source.docker.kill(CONTAINER_ID);
  await move.source.docker.start(CONTAINER_ID);
  await move.clock.advance(30_000);
  await move.source.visit();
  expect(move.volume.images?.memory).toBe(FRESH);
});

test('a status that somebody else has changed during the dump is written once, and loses nothing', async () => {
  await move.toFreeze();
  let writes = 0;
  move.source.meanwhile('migrations.writeSource', () => writes++);
  move.source.meanwhile('migrations.writeSource', () => writes++);
  move.source.meanwhile('driver.dump', () => move.api.set({ message: 'meanwhile' }));
  await move.source.visit();
  expect(move.status).toMatchObject({ message: 'meanwhile', source: { state: 'Published' } });
  expect(writes).toBe(1);
});

test('a revocation that comes during the dump is obeyed: the checkpoint is not reported', async () => {
  await move.toFreeze();
  move.source.meanwhile('driver.dump', () => move.revoke());
  await move.source.visit().catch(() => undefined);
  expect(move.status.source?.state).toBe('Prepared');
  await move.untilDone(move.source);
  expect(move.status.source?.state).toBe('RolledBack');
  expect(move.original.state).toBe('running');
});
