import { whileWanted } from '../../../src/agent/while-wanted';
import type { ContainerMigration } from '../../../src/api/types';
import { ReasonedError } from '../../../src/runtime/errors';
import { dockerAway } from '../../lib/fake-docker';
import { ALWAYS, FakeMove, MEMORY } from '../../lib/fake-move';
import { CONTAINER_ID, source } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;
/** Of the image, on the source. */
let imageID: string;
let imageName: string;
const DIGEST = `registry.example/busybox@sha256:${'a'.repeat(64)}`;

/** A move of a container whose image the target lacks. */
function begin(image: ContainerMigration['spec']['image'] = 'Transfer', where = directory()): FakeMove {
  move = new FakeMove(where, ALWAYS, { image });
  ({ imageID, imageName } = move.source.docker.get(CONTAINER_ID));
  move.target.docker.lacking.add(imageID).add(imageName);
  return move;
}

/** A registry has it, and both nodes know. */
function known(): FakeMove {
  for (const node of [move.source, move.target]) node.registry.set(DIGEST, imageID);
  return move;
}

/** Both nodes have looked, and shall prepare. */
async function toPrepare(): Promise<void> {
  await move.source.visit();
  await move.target.visit();
  move.decide('Prepare');
}

const lacks = (reference: string): boolean => move.target.docker.lacking.has(reference);

describe('an image that is carried over the volume', () => {
  test('is there when the container is made, by the name it had', async () => {
    begin();
    await toPrepare();
    expect(move.status.target).toMatchObject({ image: 'Transfer' });
    await move.source.visit();
    expect(move.volume.image).toBe(imageID);
    expect(move.status.source).toMatchObject({ state: 'Prepared', imageArchive: { sizeBytes: imageID.length } });
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Prepared', image: 'Transfer' });
    expect(move.target.docker.containers).toMatchObject([{ imageID, state: 'created' }]);
    expect([lacks(imageID), lacks(imageName)]).toEqual([false, false]);
    expect(move.original).toMatchObject({ state: 'running', memory: MEMORY });
  });

  test('goes from the volume with the checkpoint', async () => {
    await begin().toRestored();
    await move.source.visit();
    expect(move.status.source?.state).toBe('Released');
    expect(move.volume.image).toBeUndefined();
  });

  test('does not take a name away that means another image there', async () => {
    begin();
    move.target.docker.lacking.delete(imageName);
    const tagged = jest.fn();
    move.target.meanwhile('images.tag', tagged);
    await move.toFreeze();
    expect(move.status.target?.state).toBe('Prepared');
    expect(tagged).not.toHaveBeenCalled();
  });

  test('that turns out to be another one is refused, and nothing was frozen', async () => {
    begin();
    await toPrepare();
    await move.source.visit();
    move.target.meanwhile('images.load.after', () => move.target.docker.lacking.add(imageID));
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'ImageDiffers' } });
    expect(move.original.state).toBe('running');
    expect(move.target.docker.containers).toEqual([]);
  });

  test('of which the source says nothing is missing', async () => {
    begin();
    await toPrepare();
    await move.source.visit();
    const told = { ...source('Prepared'), ...move.status.source };
    delete told.imageArchive;
    move.api.set({ source: told });
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'ImageArchiveMissing' } });
  });

  test.each<[string, 'source' | 'target', Error]>([
    ['images.save', 'source', dockerAway()],
    ['store.saveImage', 'source', new ReasonedError('ImageNotSaved', 'for the test')],
    ['store.saveImage', 'source', new ReasonedError('VolumeFull', 'for the test')],
    ['store.withImage', 'target', new ReasonedError('VolumeHung', 'for the test')],
    ['images.load', 'target', dockerAway()],
    ['images.tag', 'target', dockerAway()],
  ])('is tried again when %s fails on the %s of something that may pass', async (boundary, role, error) => {
    begin();
    move[role].fail(boundary, error);
    await toPrepare();
    await move.source.visit();
    await move.target.visit();
    expect(move.status[role]).toMatchObject({ state: 'Preflighted', retry: { failures: 1 } });
    await move.clock.advance(30_000);
    await move.source.visit();
    await move.target.visit();
    expect(move.status.target).toMatchObject({ state: 'Prepared' });
    expect(move.original.state).toBe('running');
    expect(lacks(imageName)).toBe(false);
  });

  test('that Docker does not take fails for good', async () => {
    begin();
    move.target.fail('images.load', new ReasonedError('ImageNotLoaded', 'for the test'));
    await move.toFreeze();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'ImageNotLoaded' } });
  });

  test('whose name Docker does not take arrives without', async () => {
    begin();
    move.target.fail('images.tag', new ReasonedError('EngineRefused', 'for the test'));
    await move.toFreeze();
    expect(move.status.target?.state).toBe('Prepared');
    expect(lacks(imageName)).toBe(true);
  });

  test.each(['source', 'target'] as const)('comes to the same end wherever the %s’s agent is killed', async (role) => {
    for (let boundaries = 0, finished = false; !finished; boundaries++) {
      begin('Transfer', `${directory()}/${boundaries}`);
      await toPrepare();
      if (role === 'target') await move.source.visit();
      move[role].killAfter(boundaries);
      finished = await move[role].visit().then(
        () => true,
        () => false,
      );
      move[role].calm();
      await move.untilDone(move.source);
      await move.untilDone(move.target);
      expect(move.status.target).toMatchObject({ state: 'Prepared' });
      expect(move.target.docker.containers).toMatchObject([{ imageID, state: 'created' }]);
      expect([lacks(imageID), lacks(imageName)]).toEqual([false, false]);
      expect(boundaries).toBeLessThan(200);
    }
  });
});

describe('an image that is pulled', () => {
  test.each(['Pull', 'Transfer'] as const)('with spec.image %s is not put on the volume', async (mode) => {
    begin(mode);
    await known().toFreeze();
    expect(move.status.source).toMatchObject({ state: 'Prepared', imageDigests: [DIGEST] });
    expect(move.status.source).not.toHaveProperty('imageArchive');
    expect(move.volume.image).toBeUndefined();
    expect(move.status.target).toMatchObject({ state: 'Prepared', image: 'Pull' });
    expect(move.target.docker.containers).toMatchObject([{ imageID }]);
  });

  test('and turns out to be another one is refused, and nothing was frozen', async () => {
    begin('Pull');
    known().target.registry.set(DIGEST, `sha256:${'0'.repeat(64)}`);
    await move.toFreeze();
    expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'ImageDiffers' } });
    expect(move.original.state).toBe('running');
  });

  test('is tried again when its registry goes away meanwhile', async () => {
    begin('Pull');
    known().target.fail('images.pull', new ReasonedError('ImagePullFailed', 'for the test'));
    await move.toFreeze();
    expect(move.status.target).toMatchObject({ state: 'Preflighted', retry: { failures: 1 } });
  });
});

describe('a migration that is given up while its image is carried', () => {
  const hanging = (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });

  test.each<[string, () => unknown, string]>([
    [
      'revoked',
      () => move.decide('Prepare', { revoked: { reason: 'Test', message: 'x', at: 'now' } }),
      'NoLongerWanted',
    ],
    ['cancelled', () => move.api.change({ spec: { ...move.api.object.spec, cancel: true } }), 'NoLongerWanted'],
    ['too slow', () => undefined, 'ImageTimedOut'],
  ])('because it is %s does not wait for it', async (_what, happens, reason) => {
    begin();
    await toPrepare();
    const failed = expect(
      whileWanted(move.api.object, move.source.deps(), ({ signal }) => hanging(signal)),
    ).rejects.toMatchObject({ reason });
    happens();
    await move.clock.advance(601_000);
    await failed;
    expect(move.clock.pendingSleeps).toBe(0);
  });
});
