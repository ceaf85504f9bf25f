import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCheckpointStore } from '../../../src/agent/checkpoint-store';
import type { CheckpointStore } from '../../../src/agent/checkpoint-store-port';
import { VolumeAccess } from '../../../src/agent/volume-access';
import { systemClock } from '../../../src/runtime/clock';
import { createCommandRunner } from '../../../src/runtime/exec';
import { CONTAINER_ID } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const checkpoint = { namespace: 'default', name: 'move', uid: '01234567-89ab-cdef-0123-456789abcdef', attempt: 1 };
const meta = { driver: 'runc', containerID: CONTAINER_ID };

function makeStore(): CheckpointStore {
  return createCheckpointStore({
    ...{ root: directory(), node: 'node-a', volume: new VolumeAccess(systemClock), clock: systemClock },
    ...{ commands: createCommandRunner(systemClock), deadlines: { dumpMs: 10_000, wakeMs: 10_000 } },
  });
}

/** A checkpoint with five bytes of memory. */
async function dumped(store: CheckpointStore): Promise<(name: string, text: string) => Promise<void>> {
  const { images } = await store.beginDump(checkpoint);
  await mkdir(images, { recursive: true });
  const write = (name: string, text: string): Promise<void> => writeFile(join(images, name), text);
  await write('core-1.img', 'core');
  await write('pages-1.img', 'pages');
  return write;
}

describe('pages of memory', () => {
  test('are left to a later verification when whoever knows their size says so', async () => {
    const store = makeStore();
    const write = await dumped(store);
    const { digest } = await store.publishManifest(checkpoint, meta);
    await write('pages-1.img', 'PAGES');
    const asked: number[] = [];
    const answer = (isLater: boolean) => (bytes: number) => {
      asked.push(bytes);
      return isLater;
    };
    await expect(store.verify(checkpoint, digest)).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
    await expect(store.verify(checkpoint, digest, { pagesLater: answer(false) })).rejects.toThrow('pages-1.img');
    await store.verify(checkpoint, digest, { pagesLater: answer(true) });
    expect(asked).toEqual([5, 5]);
    await expect(store.verifyPages(checkpoint, digest)).rejects.toThrow('pages-1.img');
    await write('pages-1.img', 'pages');
    await store.verifyPages(checkpoint, digest);
  });

  test('must have their size at once, and nothing else is left', async () => {
    const store = makeStore();
    const write = await dumped(store);
    const { digest } = await store.publishManifest(checkpoint, meta);
    await write('pages-1.img', 'page');
    await expect(store.verify(checkpoint, digest, { pagesLater: () => true })).rejects.toThrow('4 bytes instead of 5');
    await write('pages-1.img', 'pages');
    await write('core-1.img', 'CORE');
    await expect(store.verify(checkpoint, digest, { pagesLater: () => true })).rejects.toThrow('core-1.img');
    await store.verifyPages(checkpoint, digest);
  });
});
