import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReasonedError } from '../../../src/runtime/errors';
import { systemClock } from '../../../src/runtime/clock';
import { createVolumeProbe } from '../../../src/store/volume';
import { isPassingVolumeFault, volumeError } from '../../../src/store/volume-errors';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
const probe = createVolumeProbe({ node: 'node-a', clock: systemClock });
const onOtherNode = createVolumeProbe({ node: 'node-b', clock: systemClock });

test('a good volume: how much is free, and the probe file is gone again', async () => {
  const report = await probe.checkVolume(root());
  expect(report).toMatchObject({ ok: true });
  expect(report.ok ? report.freeBytes : 0).toBeGreaterThan(64 * 1024 * 1024);
  expect(readdirSync(join(root(), '.transship/probe'))).toEqual([]);
});

test('what an agent that was killed left behind does not matter', async () => {
  mkdirSync(join(root(), '.transship/probe'), { recursive: true });
  writeFileSync(join(root(), '.transship/probe/node-a'), 'old');
  expect(await probe.checkVolume(root())).toMatchObject({ ok: true });
});

test('a volume that is not there is not made', async () => {
  const path = join(root(), 'missing');
  expect(await probe.checkVolume(path)).toMatchObject({ ok: false, reason: 'VolumeMissing' });
  expect(readdirSync(root())).toEqual([]);
});

test('a file is no volume', async () => {
  writeFileSync(join(root(), 'file'), '');
  expect(await probe.checkVolume(join(root(), 'file'))).toMatchObject({ ok: false, reason: 'VolumeMissing' });
});

test('something in the way is said, not removed', async () => {
  writeFileSync(join(root(), '.transship'), 'x');
  const report = await probe.checkVolume(root());
  expect(report).toMatchObject({ ok: false });
  expect(report.ok ? '' : report.message).toContain('.transship');
  expect(readFileSync(join(root(), '.transship'), 'utf8')).toBe('x');
});

// /sys is there on every Linux, cannot be written, and knows no free space.
test('a file system that takes no files', async () => {
  const report = await probe.checkVolume('/sys');
  expect(report.ok).toBe(false);
  expect(report.ok ? '' : report.reason).toMatch(/^Volume(ReadOnly|Forbidden)$/);
});

test('a file server that does not answer is given up, and not asked again meanwhile', async () => {
  const impatient = createVolumeProbe({ node: 'node-a', clock: systemClock, deadlineMs: 0 });
  const reports = await Promise.all([impatient.checkVolume(root()), impatient.checkVolume(root())]);
  expect(reports.map((report) => (report.ok ? 'ok' : report.reason))).toEqual(['VolumeHung', 'VolumeHung']);
});

test('several checks at once do not get in each other’s way', async () => {
  const reports = await Promise.all([1, 2, 3].map(() => probe.checkVolume(root())));
  expect(reports.every(({ ok }) => ok)).toBe(true);
});

test.each([
  ['ENOENT', 'VolumeMissing'],
  ['ESTALE', 'VolumeStale'],
  ['EROFS', 'VolumeReadOnly'],
  ['ENOSPC', 'VolumeFull'],
  ['EDQUOT', 'VolumeFull'],
  ['EACCES', 'VolumeForbidden'],
  ['EPERM', 'VolumeForbidden'],
  ['EIO', 'VolumeIOError'],
  ['ETIMEDOUT', 'VolumeHung'],
  ['EMFILE', 'VolumeFailed'],
])('%s means %s', (code, reason) => {
  const error = volumeError('/mnt/x', Object.assign(new Error('no'), { code }));
  expect(error.reason).toBe(reason);
  expect(error.message).toContain('/mnt/x');
});

test('a failure that has a reason keeps it', () => {
  const error = new ReasonedError('CheckpointCorrupt', 'x');
  expect(volumeError('/mnt/x', error)).toBe(error);
});

describe('the ID of the volume', () => {
  test('is the same on every node and at every time', async () => {
    const ids = await Promise.all([probe, onOtherNode, probe, onOtherNode].map((node) => node.volumeID(root())));
    expect(new Set(ids).size).toBe(1);
    expect(await onOtherNode.volumeID(root())).toBe(ids[0]);
    expect(readdirSync(join(root(), '.transship'))).toEqual(['volume-id']);
  });

  test('is another one on another volume: an unmounted mount point', async () => {
    mkdirSync(join(root(), 'a'));
    mkdirSync(join(root(), 'b'));
    expect(await probe.volumeID(join(root(), 'a'))).not.toBe(await onOtherNode.volumeID(join(root(), 'b')));
  });

  test('a file that holds none is an error that says what to do', async () => {
    mkdirSync(join(root(), '.transship'));
    writeFileSync(join(root(), '.transship/volume-id'), '');
    chmodSync(join(root(), '.transship/volume-id'), 0o600);
    await expect(probe.volumeID(root())).rejects.toThrow(expect.objectContaining({ reason: 'VolumeCorrupt' }) as Error);
  });

  test('a volume that is not there has none', async () => {
    await expect(probe.volumeID(join(root(), 'missing'))).rejects.toThrow(
      expect.objectContaining({ reason: 'VolumeMissing' }) as Error,
    );
  });
});

test.each([
  ['VolumeFull', true],
  ['VolumeReadOnly', true],
  ['VolumeStale', true],
  ['VolumeIOError', true],
  ['VolumeHung', true],
  ['VolumeMissing', true],
  ['VolumeForbidden', false],
  ['VolumeCorrupt', false],
  ['VolumeFailed', false],
  ['PathNotConfined', false],
  ['CheckpointCorrupt', false],
])('%s may pass by itself: %s', (reason, passing) => {
  expect(isPassingVolumeFault(reason)).toBe(passing);
});

describe('a volume on which somebody else has put something in the way', () => {
  test.each([
    ['a FIFO', 'mkfifo "$1"'],
    ['an endless device', 'ln -s /dev/zero "$1"'],
    ['a directory', 'mkdir "$1"'],
    ['nothing at all', ': > "$1"'],
  ])('%s instead of its ID is named', async (_what, script) => {
    mkdirSync(join(root(), '.transship'));
    execFileSync('sh', ['-c', script, 'sh', join(root(), '.transship', 'volume-id')]);
    await expect(probe.volumeID(root())).rejects.toMatchObject({ reason: 'VolumeCorrupt' });
  });

  test('nothing is written through a symlink', async () => {
    const volume = join(root(), 'volume');
    mkdirSync(volume);
    mkdirSync(join(root(), 'elsewhere'));
    symlinkSync(join(root(), 'elsewhere'), join(volume, '.transship'));
    await expect(probe.volumeID(volume)).rejects.toMatchObject({ reason: 'PathNotConfined' });
    expect(await probe.checkVolume(volume)).toMatchObject({ ok: false });
    expect(readdirSync(join(root(), 'elsewhere'))).toEqual([]);
  });

  test.each([
    ['a directory', 'mkdir -p "$1/full"'],
    ['a symlink', 'ln -s /etc/passwd "$1"'],
    ['a FIFO', 'mkfifo "$1"'],
  ])('%s in the place of the probe is removed', async (_what, script) => {
    mkdirSync(join(root(), '.transship', 'probe'), { recursive: true });
    execFileSync('sh', ['-c', script, 'sh', join(root(), '.transship', 'probe', 'node-a')]);
    expect(await probe.checkVolume(root())).toMatchObject({ ok: true });
    expect(readdirSync(join(root(), '.transship', 'probe'))).toEqual([]);
  });
});
