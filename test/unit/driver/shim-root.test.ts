import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRuncRoot } from '../../../src/driver/runc/paths';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const at = (...names: string[]): string => join(directory(), ...names);
const ID = 'a'.repeat(64);
const container = { id: ID, pid: 20, runtime: 'transship' };

/** A container whose first process has a parent that works in this bundle, with these options. */
function addShim(options: string | undefined, { id = ID, file = 'state.json' } = {}): void {
  const state = at('proc', '10', 'root', 'srv', 'docker-exec', 'runtime-runc', 'moby', id);
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, file), '');
  mkdirSync(at('proc', '20'), { recursive: true });
  mkdirSync(at('proc', '10'), { recursive: true });
  // The name of a command may hold anything.
  writeFileSync(at('proc', '20', 'stat'), '20 (a) S 7 (b)) S 10 20 20 0 -1');
  mkdirSync(at('task', 'moby', id), { recursive: true });
  if (options !== undefined) writeFileSync(at('task', 'moby', id, 'options.json'), options);
  symlinkSync(at('task', 'moby', id), at('proc', '10', 'cwd'));
}

/** What Docker's defaults make of the exec root. */
function addDefault(): string {
  const root = at('docker', 'runtime-runc', 'moby');
  mkdirSync(join(root, ID), { recursive: true });
  writeFileSync(join(root, ID, 'state.json'), '{}');
  return root;
}

const find = (): Promise<string> => findRuncRoot(at('docker'), container, at('proc'));

test("runc's root is the one that the shim was told, wherever that is", async () => {
  addDefault();
  addShim('{"binary_name":"runc","root":"/srv/docker-exec/runtime-runc"}');
  expect(await find()).toBe('/srv/docker-exec/runtime-runc/moby');
});

test.each([
  ['without a root', '{"binary_name":"runc"}'],
  ['with a root that leads elsewhere', '{"root":"/run/../srv"}'],
  ['with a root that is relative', '{"root":"run"}'],
  ['that are no JSON', '{'],
  ['that are missing', undefined],
])('options %s leave the default', async (_what, options) => {
  addShim(options);
  const root = addDefault();
  expect(await find()).toBe(root);
});

test('a program that keeps its state otherwise is not taken for runc', async () => {
  addShim('{"binary_name":"crun","root":"/srv/docker-exec/runtime-runc"}', { file: 'status' });
  await expect(find()).rejects.toMatchObject({ reason: 'RuntimeUnsupported' });
});

test('the parent of another container is not asked', async () => {
  addShim('{"root":"/srv/docker-exec/runtime-runc"}', { id: 'b'.repeat(64) });
  const root = addDefault();
  expect(await find()).toBe(root);
});

test('a container that neither knows is refused', async () => {
  await expect(find()).rejects.toMatchObject({ reason: 'RuntimeUnsupported' });
});
