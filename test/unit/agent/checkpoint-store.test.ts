import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createCheckpointStore, holdsWritableLayer } from '../../../src/agent/checkpoint-store';
import type { CheckpointStore } from '../../../src/agent/checkpoint-store-port';
import { VolumeAccess } from '../../../src/agent/volume-access';
import { systemClock } from '../../../src/runtime/clock';
import { ReasonedError, reasonOf } from '../../../src/runtime/errors';
import { createCommandRunner } from '../../../src/runtime/exec';
import type { ContainerLogs } from '../../../src/store/log-files';
import type { Manifest } from '../../../src/store/manifest-format';
import { archiveOf } from '../../lib/fake-images';
import { CONTAINER_ID } from '../../lib/migration';

const checkpoint = { namespace: 'default', name: 'move', uid: '01234567-89ab-cdef-0123-456789abcdef', attempt: 2 };
const relative = 'default/move-01234567/2';
const meta = { driver: 'runc', containerID: CONTAINER_ID };

let directory: string;
let root: string;
let upper: string;
let store: CheckpointStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'store-'));
  root = join(directory, 'volume');
  upper = join(directory, 'upper');
  await mkdir(root);
  await mkdir(upper);
  store = storeOf({ dumpMs: 10_000, wakeMs: 10_000 });
});

afterEach(() => rm(directory, { recursive: true }));

function storeOf(
  deadlines: { dumpMs: number; wakeMs: number },
  volume = new VolumeAccess(systemClock),
  warmUp?: () => void,
): CheckpointStore {
  const commands = createCommandRunner(systemClock);
  const more = warmUp === undefined ? {} : { warmUp };
  return createCheckpointStore({ root, node: 'node-a', volume, commands, clock: systemClock, deadlines, ...more });
}

test('what takes digests gets ready in the steps before the freeze, on both nodes', async () => {
  let warmedUp = 0;
  const warm = storeOf({ dumpMs: 10_000, wakeMs: 10_000 }, undefined, () => {
    warmedUp++;
  });
  const published = await warm.publishDescription(checkpoint, '{}');
  expect(warmedUp).toBe(1);
  await warm.readDescription(checkpoint, published);
  expect(warmedUp).toBe(2);
  await warm.beginDump(checkpoint);
  expect(warmedUp).toBe(3);
});

describe('the description', () => {
  const text = '{"imageID":"sha256:ä"}\n';

  test('is read as it was published', async () => {
    const published = await store.publishDescription(checkpoint, text);
    expect(published.sizeBytes).toBe(Buffer.byteLength(text));
    expect(await store.readDescription(checkpoint, published)).toBe(text);
  });

  test.each([
    ['changed', (path: string) => writeFile(path, text.replace('sha', 'SHA')), 'DescriptionCorrupt'],
    ['cut off', (path: string) => writeFile(path, text.slice(0, 5)), 'DescriptionCorrupt'],
    ['emptied', (path: string) => writeFile(path, ''), 'DescriptionCorrupt'],
    ['replaced by a link', (path: string) => relink(path, '/etc/passwd'), 'DescriptionCorrupt'],
    ['replaced by a pipe', (path: string) => pipe(path), 'DescriptionCorrupt'],
    ['replaced by a directory', (path: string) => rm(path).then(() => mkdir(path)), 'DescriptionCorrupt'],
  ])('that was %s is refused', async (_what, spoil, reason) => {
    const published = await store.publishDescription(checkpoint, text);
    await spoil(join(root, relative, 'container.json'));
    await expect(store.readDescription(checkpoint, published)).rejects.toMatchObject({ reason });
  });
});

async function relink(path: string, target: string): Promise<void> {
  await rm(path);
  await symlink(target, path);
}

async function pipe(path: string): Promise<void> {
  await rm(path);
  execFileSync('mkfifo', [path]);
}

test('a checkpoint is what was in its directories when it was published', async () => {
  expect(await store.readManifest(checkpoint)).toBeUndefined();
  const { images, work } = await store.prepareDirectories(checkpoint);
  expect([images, work]).toEqual([join(root, relative, 'images'), join(root, relative, 'work/node-a')]);
  await mkdir(images);
  await writeFile(join(images, 'pages-1.img'), 'pages');
  await writeFile(join(work, 'dump.log'), 'log');
  const published = await store.publishManifest(checkpoint, meta);
  expect(published).toMatchObject({ path: relative, files: 1, sizeBytes: 5 });
  const manifest = await store.verify(checkpoint, published.digest);
  expect(manifest).toMatchObject({ ...meta, migrationUID: checkpoint.uid, attempt: 2 });
  expect(await store.readManifest(checkpoint)).toEqual({ manifest, published });
  await appendFile(join(images, 'pages-1.img'), 'more');
  await expect(store.verify(checkpoint, published.digest)).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
});

describe('files that are put in place while the memory is compared', () => {
  const put = async (path: string, content: string): Promise<void> => {
    await mkdir(dirname(join(root, relative, path)), { recursive: true });
    await writeFile(join(root, relative, path), content);
  };
  const told = async (spoilt: string | undefined): Promise<readonly [string, number]> => {
    for (const path of ['images/pages-1.img', 'volumes/data.tar', 'rootfs.tar', 'logs/0']) await put(path, path);
    const { digest } = await store.publishManifest(checkpoint, meta);
    if (spoilt !== undefined) await put(spoilt, spoilt.toUpperCase());
    let calls = 0;
    const onFilesVerified = (): number => calls++;
    const outcome = await store.verify(checkpoint, digest, { onFilesVerified }).then(
      () => 'right',
      (error: unknown) => reasonOf(error, ''),
    );
    return [outcome, calls];
  };

  test.each([
    ['nothing is wrong', undefined, 'right', 1],
    ['the memory is wrong', 'images/pages-1.img', 'CheckpointCorrupt', 1],
    ['a volume is wrong, which is filled only after the claim', 'volumes/data.tar', 'CheckpointCorrupt', 1],
    ['the changed files are wrong', 'rootfs.tar', 'CheckpointCorrupt', 0],
    ['the log is wrong', 'logs/0', 'CheckpointCorrupt', 0],
    ['there is a file too many', 'more', 'CheckpointCorrupt', 0],
  ])('when %s', async (_what, spoilt, outcome, calls) => {
    expect(await told(spoilt)).toEqual([outcome, calls]);
  });
});

test('all attempts are discarded at once, and nothing else', async () => {
  const other = { ...checkpoint, name: 'other' };
  for (const key of [checkpoint, { ...checkpoint, attempt: 1 }, other]) await store.publishDescription(key, '{}');
  await store.discard(checkpoint);
  await store.discard(checkpoint);
  expect(await readdir(join(root, 'default'))).toEqual(['other-01234567']);
});

describe('the writable layer', () => {
  beforeEach(() => store.prepareDirectories(checkpoint));

  test('arrives as it was saved', async () => {
    await writeFile(join(upper, 'changed'), 'by the container');
    await store.saveWritableLayer(checkpoint, upper);
    await store.publishManifest(checkpoint, meta);
    const found = await store.readManifest(checkpoint);
    if (found === undefined) throw new Error('no manifest');
    expect(holdsWritableLayer(found.manifest)).toBe(true);
    const arrived = join(directory, 'arrived');
    await mkdir(arrived);
    await store.applyWritableLayer(checkpoint, arrived, found.manifest);
    expect(await readFile(join(arrived, 'changed'), 'utf8')).toBe('by the container');
  });

  test('of a container that changed nothing is not saved', async () => {
    await store.publishDescription(checkpoint, '{}');
    await store.saveWritableLayer(checkpoint, upper);
    await store.publishManifest(checkpoint, meta);
    const found = await store.readManifest(checkpoint);
    expect(found !== undefined && holdsWritableLayer(found.manifest)).toBe(false);
  });

  test('that was copied ahead is published with what came after, and with the digest of what was written', async () => {
    await writeFile(join(upper, 'x-json.log'), 'said before');
    await store.saveLogsAhead(checkpoint, logsIn(upper));
    await appendFile(join(upper, 'x-json.log'), ', and after');
    await store.saveLogs(checkpoint, logsIn(upper));
    const { digest } = await store.publishManifest(checkpoint, meta);
    await store.verify(checkpoint, digest);
    expect(await readFile(join(root, relative, carried.path), 'utf8')).toBe('said before, and after');
    await store.saveLogsAhead(checkpoint, logsIn(upper));
    await store.saveLogs(checkpoint, logsIn(upper));
    await writeFile(join(root, relative, carried.path), 'said never!, and after');
    const spoilt = await store.publishManifest(checkpoint, meta);
    await expect(store.verify(checkpoint, spoilt.digest)).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
  });

  test('of a container that is dead is given to another one on the same node', async () => {
    await writeFile(join(upper, 'x-json.log'), 'now', { mode: 0o640 });
    await writeFile(join(upper, 'x-json.log.1'), 'before', { mode: 0o640 });
    const other = join(directory, 'other');
    await mkdir(other);
    await store.copyLogs(logsIn(upper), { ...logsIn(other), path: join(other, 'y-json.log') });
    expect((await readdir(other)).sort()).toEqual(['y-json.log', 'y-json.log.1']);
    expect(await readFile(join(other, 'y-json.log.1'), 'utf8')).toBe('before');
    expect(await readFile(join(upper, 'x-json.log'), 'utf8')).toBe('now');
  });

  test('that somebody else put beside a container that changed nothing is not published', async () => {
    await store.publishDescription(checkpoint, '{}');
    await writeFile(join(root, relative, 'rootfs.tar'), 'evil');
    await store.saveWritableLayer(checkpoint, upper);
    await store.publishManifest(checkpoint, meta);
    const found = await store.readManifest(checkpoint);
    expect(found !== undefined && holdsWritableLayer(found.manifest)).toBe(false);
  });
});

const carried = { path: 'logs/json-file.log' };
const listed = { files: [{ ...carried, sizeBytes: 1, digest: '' }] } as unknown as Manifest;
const logsIn = (containerDirectory: string): ContainerLogs => {
  return { driver: 'json-file', containerDirectory, path: join(containerDirectory, 'x-json.log') };
};

describe('the log', () => {
  beforeEach(() => store.publishDescription(checkpoint, '{}'));

  test('arrives as it was saved, vouched for by the manifest', async () => {
    await writeFile(join(upper, 'x-json.log'), 'said before');
    await store.saveLogs(checkpoint, logsIn(upper));
    const { digest } = await store.publishManifest(checkpoint, meta);
    const manifest = await store.verify(checkpoint, digest);
    expect(manifest.files).toContainEqual(expect.objectContaining({ ...carried, sizeBytes: 11 }));
    const arrived = join(directory, 'arrived');
    await mkdir(arrived);
    await store.placeLogs(checkpoint, manifest, logsIn(arrived));
    expect(await readFile(join(arrived, 'x-json.log'), 'utf8')).toBe('said before');
    await writeFile(join(root, relative, carried.path), 'never said!');
    await expect(store.verify(checkpoint, digest)).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
  });

  test('that somebody else put beside a container that keeps none is not published', async () => {
    await mkdir(join(root, relative, 'logs'));
    await writeFile(join(root, relative, carried.path), 'evil');
    await store.saveLogs(checkpoint, undefined);
    const { digest } = await store.publishManifest(checkpoint, meta);
    expect((await store.verify(checkpoint, digest)).files).toMatchObject([{ path: 'container.json' }]);
  });

  test('is refused for a container that keeps none, or another kind', async () => {
    const local = { ...logsIn(upper), driver: 'local' } as const;
    const refused = { reason: 'CheckpointCorrupt' };
    await expect(store.placeLogs(checkpoint, listed, undefined)).rejects.toMatchObject(refused);
    await expect(store.placeLogs(checkpoint, listed, local)).rejects.toMatchObject(refused);
  });
});

test('every access goes through the one that has a deadline', async () => {
  const hung = new ReasonedError('VolumeHung', 'for the test');
  const volume = { within: () => Promise.reject(hung) } as unknown as VolumeAccess;
  const cut = storeOf({ dumpMs: 1, wakeMs: 1 }, volume);
  await writeFile(join(upper, 'changed'), 'by the container');
  const image = { imageID: 'sha256:', signal: new AbortController().signal, limitMs: 1 };
  const accesses = await Promise.allSettled([
    cut.publishDescription(checkpoint, ''),
    cut.readDescription(checkpoint, { digest: '', sizeBytes: 0 }),
    cut.prepareDirectories(checkpoint),
    cut.beginDump(checkpoint),
    cut.saveWritableLayer(checkpoint, upper),
    cut.applyWritableLayer(checkpoint, upper, listed),
    cut.saveBase(checkpoint, meta, [], image),
    cut.unpackBase(checkpoint, '', [], image),
    cut.saveLogsAhead(checkpoint, logsIn(directory)),
    cut.saveLogs(checkpoint, logsIn(directory)),
    cut.placeLogs(checkpoint, listed, logsIn(directory)),
    cut.saveVolume(checkpoint, { name: 'data', mountpoint: upper }),
    cut.fillVolume(checkpoint, { name: 'data', mountpoint: upper }, listed),
    cut.publishManifest(checkpoint, meta),
    cut.readManifest(checkpoint),
    cut.verify(checkpoint, ''),
    cut.verifyPages(checkpoint, ''),
    cut.saveImage(checkpoint, archiveOf(''), image),
    cut.withImage(checkpoint, { digest: '', sizeBytes: 0 }, image, () => Promise.resolve()),
    cut.discard(checkpoint),
  ]);
  // One for each method, but for one that only tells a figure, one that ends with the dump, and one that is not for it.
  const others = ['measure', 'followPages', 'copyLogs'];
  const methods = Object.entries(cut).filter(
    ([name, member]) => typeof member === 'function' && !others.includes(name),
  );
  expect(accesses).toHaveLength(methods.length);
  for (const access of accesses) expect(access).toEqual({ status: 'rejected', reason: hung });
});

test('the pages of a dump are followed until it ends, though the volume hangs or has none', async () => {
  const dumped = new AbortController();
  const following = store.followPages(checkpoint, dumped.signal);
  dumped.abort();
  await following;
  // It has ended before it was followed, too.
  await store.followPages(checkpoint, dumped.signal);
});
