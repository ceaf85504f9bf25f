import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMountFiles } from '../../../../src/agent/volumes/mount-files';
import { systemClock } from '../../../../src/runtime/clock';
import type { ReasonedError } from '../../../../src/runtime/errors';
import { createCommandRunner } from '../../../../src/runtime/exec';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const root = useTemporaryDirectory();
const at = (...names: string[]): string => join(root(), ...names);
const files = createMountFiles(createCommandRunner(systemClock), 10_000);
const TOKEN = 'f'.repeat(32);
const reason = (name: string): ReasonedError => expect.objectContaining({ reason: name }) as ReasonedError;

beforeEach(() => {
  mkdirSync(at('data'));
  mkdirSync(at('elsewhere'));
  writeFileSync(at('elsewhere', 'precious'), 'yes');
});

test('the size is what the files take up', async () => {
  expect(await files.sizeBytes(at('elsewhere'))).toBeGreaterThan(0);
  writeFileSync(at('elsewhere', 'large'), Buffer.alloc(1_000_000, 'x'));
  expect(await files.sizeBytes(at('elsewhere'))).toBeGreaterThan(1_000_000);
  expect(await files.sizeBytes(at('nowhere'))).toBeUndefined();
});

test('emptying removes everything below, and follows no link', async () => {
  mkdirSync(at('data', '.hidden'));
  writeFileSync(at('data', '.hidden', '-delete'), '');
  symlinkSync(at('elsewhere'), at('data', 'link'));
  await files.empty(at('data'));
  expect(readdirSync(at('data'))).toEqual([]);
  expect(readFileSync(at('elsewhere', 'precious'), 'utf8')).toBe('yes');
  await expect(files.empty(at('nowhere'))).rejects.toThrow(reason('VolumeNotEmptied'));
});

test('a link in the place of the directory is not emptied', async () => {
  symlinkSync(at('elsewhere'), at('link'));
  await files.empty(at('link'));
  expect(existsSync(at('elsewhere', 'precious'))).toBe(true);
});

test('a probe is there under its name alone, replaces an earlier one, and goes', async () => {
  writeFileSync(at('data', 'precious'), 'yes');
  await files.writeProbe(at('data'), '.probe-', '0'.repeat(32));
  await files.writeProbe(at('data'), '.probe-', TOKEN);
  expect(readdirSync(at('data'))).toEqual([`.probe-${TOKEN}`, 'precious']);
  expect(await files.hasProbe(at('data'), '.probe-', TOKEN)).toBe(true);
  expect(await files.hasProbe(at('data'), '.probe-', '0'.repeat(32))).toBe(false);
  expect(await files.hasProbe(at('elsewhere'), '.probe-', TOKEN)).toBe(false);
  await files.removeProbes(at('data'), '.probe-');
  expect(readdirSync(at('data'))).toEqual(['precious']);
});

test('what is mounted may be a link to a directory', async () => {
  symlinkSync(at('data'), at('link'));
  await files.writeProbe(at('link'), '.probe-', TOKEN);
  expect(await files.hasProbe(at('data'), '.probe-', TOKEN)).toBe(true);
  await files.removeProbes(at('link'), '.probe-');
  expect(readdirSync(at('data'))).toEqual([]);
});

test('where no file can be made is told; where nothing is, nothing is left', async () => {
  await expect(files.writeProbe(at('elsewhere', 'precious'), '.probe-', TOKEN)).rejects.toThrow(
    reason('SharedProbeFailed'),
  );
  await files.removeProbes(at('nowhere'), '.probe-');
});
