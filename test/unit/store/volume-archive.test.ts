import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, linkSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { createCommandRunner } from '../../../src/runtime/exec';
import { fillVolume, saveVolume, volumeArchive } from '../../../src/store/volume-archive';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const TIMEOUT_MS = 20_000;
const run = createCommandRunner(systemClock);
const root = useTemporaryDirectory();
const at = (...names: string[]): string => join(root(), ...names);
const volume = (directory: string): { name: string; mountpoint: string } => ({
  name: 'data',
  mountpoint: at(directory),
});
const save = (): Promise<void> => saveVolume(run, { directory: at('checkpoint') }, volume('from'), TIMEOUT_MS);
const fill = (): Promise<void> => fillVolume(run, { directory: at('checkpoint') }, volume('to'), TIMEOUT_MS);

beforeEach(() => {
  for (const name of ['from', 'to', 'checkpoint', 'checkpoint/volumes']) mkdirSync(at(name));
});

test('files arrive with owners, modes and links, and the directory itself with its own', async () => {
  writeFileSync(at('from', 'file'), 'content');
  linkSync(at('from', 'file'), at('from', 'linked'));
  chownSync(at('from', 'file'), 1000, 999);
  chmodSync(at('from'), 0o1777);
  chownSync(at('from'), 70, 70);
  await save();
  await fill();
  expect(statSync(at('to'))).toMatchObject({ mode: 0o41777, uid: 70, gid: 70 });
  expect(statSync(at('to', 'linked'))).toMatchObject({ uid: 1000, gid: 999, nlink: 2 });
  expect(execFileSync('diff', ['-r', at('from'), at('to')], { encoding: 'utf8' })).toBe('');
});

test('an empty volume has an archive too', async () => {
  chmodSync(at('from'), 0o700);
  await save();
  await fill();
  expect(statSync(at('to')).mode).toBe(0o40700);
});

test('what is not complete lies where it is no part of the checkpoint', async () => {
  writeFileSync(at('checkpoint', `.new-${volumeArchive('data').slice('volumes/'.length)}-of-an-earlier-life`), 'half');
  await save();
  expect(readdirSync(at('checkpoint'))).toEqual(['volumes']);
  expect(readdirSync(at('checkpoint', 'volumes'))).toHaveLength(1);
});

test('a missing directory is told, and nothing is left', async () => {
  const gone = { name: 'data', mountpoint: at('nowhere') };
  await expect(saveVolume(run, { directory: at('checkpoint') }, gone, TIMEOUT_MS)).rejects.toMatchObject({
    reason: 'VolumeNotSaved',
  });
  expect(readdirSync(at('checkpoint', 'volumes'))).toEqual([]);
});

test.each(['../../etc', 'a/b', '.new-x', 'x'.repeat(255)])('the name %s leads nowhere else', (name) => {
  expect(volumeArchive(name)).toMatch(/^volumes\/[0-9a-f]{32}\.tar$/);
});
