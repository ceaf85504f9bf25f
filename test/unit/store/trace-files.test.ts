import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckpointKey } from '../../../src/store/layout';
import { readTraceFiles, removeTraceFiles, writeTraceFile } from '../../../src/store/trace-files';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
const key: CheckpointKey = {
  namespace: 'team-a',
  name: 'move',
  uid: '0f8b2c11-1111-4222-8333-444455556666',
  attempt: 1,
};
const other = { ...key, uid: 'ffffffff-1111-4222-8333-444455556666' };
const source = { node: 'node-a', role: 'source' };
const target = { node: 'node-b', role: 'target' };
const read = (): Promise<unknown> => readTraceFiles(root(), key, 100);

test('the parts of both agents are found by the name of the object, and of each object that had it', async () => {
  await writeTraceFile(root(), key, source, 'first');
  await writeTraceFile(root(), key, source, 'one');
  await writeTraceFile(root(), key, target, 'two');
  await writeTraceFile(root(), other, target, 'three');
  await writeTraceFile(root(), { ...key, name: 'move-on' }, target, 'four');
  expect(await read()).toMatchObject([
    { uidPrefix: '0f8b2c11', text: 'one' },
    { uidPrefix: '0f8b2c11', text: 'two' },
    { uidPrefix: 'ffffffff', text: 'three' },
  ]);
});

test('there are none where none were kept', async () => {
  expect(await read()).toEqual([]);
  await removeTraceFiles(root(), 'node-a', () => false);
});

test('a node removes its own part when the object is gone, and the last one the directory', async () => {
  for (const kept of [key, other]) for (const part of [source, target]) await writeTraceFile(root(), kept, part, '{}');
  await removeTraceFiles(root(), 'node-a', ({ uidPrefix }) => uidPrefix === 'ffffffff');
  expect(await read()).toMatchObject([
    { uidPrefix: '0f8b2c11', path: expect.stringContaining('node-b.target.json') as string },
    { uidPrefix: 'ffffffff' },
    { uidPrefix: 'ffffffff' },
  ]);
  for (const node of ['node-a', 'node-b']) await removeTraceFiles(root(), node, () => false);
  expect(readdirSync(join(root(), '.transship/traces'))).toEqual([]);
});

test('no name leads out of the volume', async () => {
  await expect(writeTraceFile(root(), { ...key, name: '../x' }, source, '')).rejects.toThrow('path');
  await expect(writeTraceFile(root(), key, { ...source, node: '../x' }, '')).rejects.toThrow('path');
  await expect(readTraceFiles(root(), { namespace: '..', name: 'move' }, 100)).rejects.toThrow('namespace');
});

test('no symlink is followed', async () => {
  await writeTraceFile(root(), key, source, '{}');
  const elsewhere = join(root(), 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'node-a.source.json'), 'mine');
  symlinkSync(elsewhere, join(root(), '.transship/traces/team-a/move-ffffffff'));
  await expect(read()).rejects.toThrow('is not a directory');
  await expect(removeTraceFiles(root(), 'node-a', () => false)).rejects.toThrow('is not a directory');
  await expect(writeTraceFile(root(), other, source, '{}')).rejects.toThrow('is not a directory');
  expect(existsSync(join(elsewhere, 'node-a.source.json'))).toBe(true);
});
