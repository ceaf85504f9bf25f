/** A difference that leads out of the tree, whatever the base holds. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Member } from '../../lib/hostile-archive';
import { archiveOf } from '../../lib/hostile-archive';
import { PreCopiedTree } from '../../lib/pre-copied-tree';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

// Each runs a dozen programs, which on a busy machine take their time.
jest.setTimeout(60_000);

const directory = useTemporaryDirectory();
const ROOT: Member = { name: './', type: 'directory' };
const REFUSED = { reason: 'CheckpointCorrupt' };
let trees: PreCopiedTree;

const write = (name: string, content: string | Buffer): void => {
  writeFileSync(trees.at('checkpoint', name), content);
};
const expectUntouched = (): void => {
  expect(readFileSync(trees.at('victim', 'file'), 'utf8')).toBe('precious');
  expect(readdirSync(trees.at('victim'))).toEqual(['file']);
};

beforeEach(async () => {
  trees = new PreCopiedTree(directory());
  mkdirSync(trees.at('victim'));
  writeFileSync(trees.at('victim', 'file'), 'precious');
  await trees.unpack(await trees.copy());
  // What a container may bring about that rearranges its files while they are copied.
  trees.target.symlink(trees.at('victim'), 'link');
  write('rootfs.tar', archiveOf([ROOT]));
  write('rootfs.gone', '');
});

test.each(['../victim/file', '/etc/passwd', 'a/../../victim/file', './large', 'large/', '', '.', '..', 'a//b'])(
  'a list of what is gone with %j is refused',
  async (path) => {
    write('rootfs.gone', `${path}\0`);
    await expect(trees.apply()).rejects.toMatchObject(REFUSED);
    expectUntouched();
    expect(existsSync(trees.target.at('large'))).toBe(true);
  },
);

test('nothing is removed through a symlink', async () => {
  write('rootfs.gone', 'link/file\0');
  await trees.apply();
  expectUntouched();
});

test('a directory takes the place of a symlink, and what is in it lies in the tree', async () => {
  const members: Member[] = [ROOT, { name: './link/', type: 'directory' }];
  write('rootfs.tar', archiveOf([...members, { name: './link/file', type: 'file', content: 'the container’s' }]));
  await trees.apply();
  expectUntouched();
  expect(readdirSync(trees.target.at('link'))).toEqual(['file']);
});

test.each<{ what: string; members: Member[] }>([
  { what: 'a file through a symlink of the base', members: [{ name: './link/file', type: 'file', content: 'evil' }] },
  { what: 'a hard link to what the base has', members: [{ name: './h', type: 'hardlink', target: './link/file' }] },
  { what: 'a hard link to a directory', members: [{ name: './h', type: 'hardlink', target: './' }] },
  {
    what: 'a name twice',
    members: [
      { name: './x/', type: 'directory' },
      { name: './x', type: 'symlink', target: '../victim' },
      { name: './x/file', type: 'file', content: 'evil' },
    ],
  },
  { what: 'a name with ..', members: [{ name: './../victim/file', type: 'file', content: 'evil' }] },
  { what: 'an absolute name', members: [{ name: '/etc/passwd', type: 'file', content: 'evil' }] },
])('$what is refused', async ({ members }) => {
  write('rootfs.tar', archiveOf([ROOT, ...members]));
  await expect(trees.apply()).rejects.toMatchObject(REFUSED);
  expectUntouched();
});
