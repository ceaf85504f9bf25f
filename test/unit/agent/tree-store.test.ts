/** The writable layer on the volume, copied before the freeze: with the difference, and without when that is surer. */
import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createCheckpointStore } from '../../../src/agent/checkpoint-store';
import type { CheckpointStore } from '../../../src/agent/checkpoint-store-port';
import { VolumeAccess } from '../../../src/agent/volume-access';
import { systemClock } from '../../../src/runtime/clock';
import { isDifference } from '../../../src/store/difference';
import type { Manifest } from '../../../src/store/manifest-format';
import { CONTAINER_ID, UID } from '../../lib/migration';
import { onFileSystem } from '../../lib/pre-copied-tree';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { makeFiles, TreeEditor } from '../../lib/tree-editor';
import { snapshot } from '../../lib/tree-snapshot';

// Each runs a dozen programs, which on a busy machine take their time.
jest.setTimeout(60_000);

const checkpoint = { namespace: 'default', name: 'move', uid: UID, attempt: 1 };
const meta = { driver: 'runc', containerID: CONTAINER_ID };
const limit = { limitMs: 20_000, signal: new AbortController().signal };
const directory = useTemporaryDirectory();
const at = (...names: string[]): string => join(directory(), ...names);
const onVolume = (...names: string[]): string => at('volume', 'default', 'move-01234567', '1', ...names);
let store: CheckpointStore;
let digest: string;

beforeEach(async () => {
  for (const name of ['volume', 'upper', 'arrived']) mkdirSync(at(name));
  store = createCheckpointStore({
    ...{ root: at('volume'), node: 'node-a', volume: new VolumeAccess(systemClock), commands: onFileSystem('xfs') },
    ...{ clock: systemClock, deadlines: { dumpMs: 20_000, wakeMs: 20_000 } },
  });
  const upper = new TreeEditor(at('upper'));
  makeFiles(upper);
  upper.write('large', '');
  upper.truncate('large', 8 * 1024 * 1024);
  await store.publishDescription(checkpoint, '{}');
  const trees = [{ archive: 'rootfs.tar', directory: at('upper') }];
  digest = (await store.saveBase(checkpoint, meta, trees, limit))?.digest ?? '';
  upper.remove('a/b');
  upper.write('new');
});

/** As the freeze ends. */
async function publish(): Promise<Manifest> {
  await store.saveWritableLayer(checkpoint, at('upper'), digest);
  const published = await store.publishManifest(checkpoint, meta);
  return store.verify(checkpoint, published.digest);
}

test('the difference is listed in the manifest, the base is not: it has its own', async () => {
  const manifest = await publish();
  expect(manifest.files.map(({ path }) => path)).toEqual(['container.json', 'rootfs.gone', 'rootfs.tar']);
  expect(readdirSync(onVolume('base')).sort()).toEqual(['manifest.json', 'rootfs.index', 'rootfs.tar']);
});

test('a container that has not got the base yet gets both', async () => {
  const manifest = await publish();
  await store.applyWritableLayer(checkpoint, at('arrived'), manifest, { digest, isUnpacked: false });
  expect(snapshot(at('arrived'))).toEqual(snapshot(at('upper')));
});

test('a difference whose base nobody knows is refused', async () => {
  const refused = { reason: 'CheckpointCorrupt' };
  const manifest = await publish();
  await expect(store.applyWritableLayer(checkpoint, at('arrived'), manifest)).rejects.toMatchObject(refused);
  const unknown = { digest: `sha256:${'0'.repeat(64)}`, isUnpacked: false };
  await expect(store.applyWritableLayer(checkpoint, at('arrived'), manifest, unknown)).rejects.toMatchObject(refused);
  expect(readdirSync(at('arrived'))).toEqual([]);
});

test.each(['rootfs.index', 'manifest.json'])(
  'everything is saved when somebody changed %s of the base',
  async (name) => {
    await publish();
    appendFileSync(onVolume('base', name), ' ');
    const manifest = await publish();
    expect(isDifference(manifest, 'rootfs.tar')).toBe(false);
    expect(existsSync(onVolume('rootfs.gone'))).toBe(false);
    await store.applyWritableLayer(checkpoint, at('arrived'), manifest, { digest, isUnpacked: true });
    expect(snapshot(at('arrived'))).toEqual(snapshot(at('upper')));
  },
);

test('nothing of it is left when the checkpoint is discarded', async () => {
  await publish();
  await store.discard(checkpoint);
  expect(readdirSync(at('volume'))).toEqual([]);
});
