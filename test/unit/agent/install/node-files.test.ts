/** The programs of the node, on files of the test's own. */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { join } from 'node:path';
import { createNodeFiles } from '../../../../src/agent/install/node-files';
import { systemClock } from '../../../../src/runtime/clock';
import { createCommandRunner } from '../../../../src/runtime/exec';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const root = useTemporaryDirectory();
const at = (...names: string[]): string => join(root(), ...names);
const files = createNodeFiles(createCommandRunner(systemClock));
const modeOf = (path: string): number => statSync(path).mode & 0o7777;

describe('a look', () => {
  test('tells content, names and where the path leads', async () => {
    writeFileSync(at('a b'), 'x\n');
    expect(await files.look(at('a b'))).toEqual({ kind: 'regular', realPath: at('a b'), links: 1, text: 'x\n' });
    linkSync(at('a b'), at('second'));
    symlinkSync(at('second'), at('link'));
    expect(await files.look(at('link'))).toEqual({ kind: 'regular', realPath: at('second'), links: 2, text: 'x\n' });
  });

  test('tells what is missing, with or without its directory', async () => {
    expect(await files.look(at('none'))).toMatchObject({ kind: 'missing', realPath: at('none'), text: undefined });
    expect(await files.look(at('no', 'directory'))).toMatchObject({ kind: 'missing' });
  });

  test('opens nothing that is no regular file', async () => {
    expect(await files.look('/dev/zero')).toMatchObject({ kind: 'other', text: undefined });
    expect(await files.look(root())).toMatchObject({ kind: 'other', text: undefined });
  });

  test('does not read a file without end', async () => {
    writeFileSync(at('large'), 'x'.repeat(2_000_000));
    await expect(files.look(at('large'))).rejects.toMatchObject({ reason: 'CommandOutputTooLarge' });
  });
});

describe('a file in the place of another one', () => {
  test('has its mode, and the other one is untouched until the rename', async () => {
    writeFileSync(at('daemon.json'), 'a long text, longer than the new one');
    chmodSync(at('daemon.json'), 0o600);
    const beside = await files.writeBeside(at('daemon.json'), 'new');
    expect([readFileSync(beside, 'utf8'), modeOf(beside)]).toEqual(['new', 0o600]);
    expect(readFileSync(at('daemon.json'), 'utf8')).toMatch(/^a long text/);
    await files.rename(beside, at('daemon.json'));
    expect(readFileSync(at('daemon.json'), 'utf8')).toBe('new');
    expect(readdirSync(root())).toEqual(['daemon.json']);
  });

  test('where there is none, anybody may read it', async () => {
    const beside = await files.writeBeside(at('docker', 'daemon.json'), '{}');
    expect([readFileSync(beside, 'utf8'), modeOf(beside)]).toEqual(['{}', 0o644]);
  });

  test('what a killed agent left is written over, and not through', async () => {
    mkdirSync(at('docker'));
    writeFileSync(at('victim'), 'untouched');
    symlinkSync(at('victim'), at('docker', '.daemon.json.transship-new'));
    await files.writeBeside(at('docker', 'daemon.json'), '{}');
    expect(readFileSync(at('victim'), 'utf8')).toBe('untouched');
  });

  test('a program can be called by anybody and changed by root alone', async () => {
    const beside = await files.writeExecutable(at('opt', 'oci', 'wrapper'), '#!/bin/sh\n');
    expect([readFileSync(beside, 'utf8'), modeOf(beside)]).toEqual(['#!/bin/sh\n', 0o755]);
  });

  test('a copy has the same mode and time', async () => {
    writeFileSync(at('a'), 'x');
    chmodSync(at('a'), 0o640);
    await files.copy(at('a'), at('b'));
    expect([modeOf(at('b')), statSync(at('b')).mtimeMs]).toEqual([0o640, statSync(at('a')).mtimeMs]);
  });
});

test('what cannot be done says which program failed', async () => {
  await expect(files.rename(at('none'), at('b'))).rejects.toMatchObject({
    reason: 'NodeFileFailed',
    message: expect.stringContaining('mv failed on the node') as string,
  });
  await files.remove(at('none'));
});
