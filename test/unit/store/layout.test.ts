import fc from 'fast-check';
import { relative } from 'node:path';
import type { CheckpointKey } from '../../../src/store/layout';
import { checkpointPaths, nodePath } from '../../../src/store/layout';

const key: CheckpointKey = {
  namespace: 'team-a',
  name: 'move-web.v2',
  uid: '0f8b2c11-1111-4222-8333-444455556666',
  attempt: 2,
};

test('the place of a checkpoint is the one in docs/architecture.md', () => {
  expect(checkpointPaths('/mnt/transship', key)).toEqual({
    relative: 'team-a/move-web.v2-0f8b2c11/2',
    migration: '/mnt/transship/team-a/move-web.v2-0f8b2c11',
    directory: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2',
    images: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2/images',
    logs: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2/logs',
    imageArchive: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2/image.tar',
    base: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2/base',
    description: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2/container.json',
    writableLayer: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2/rootfs.tar',
    manifest: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2/manifest.json',
    work: '/mnt/transship/team-a/move-web.v2-0f8b2c11/2/work',
  });
});

test('an object made anew by the same name has another place', () => {
  const again = { ...key, uid: '1f8b2c11-1111-4222-8333-444455556666' };
  expect(checkpointPaths('/v', again).migration).not.toBe(checkpointPaths('/v', key).migration);
});

test.each<[string, Partial<CheckpointKey>]>([
  ['a namespace that leads out', { namespace: '..' }],
  ['a namespace with a slash', { namespace: 'a/b' }],
  ['a namespace with a dot', { namespace: '.transship' }],
  ['an empty namespace', { namespace: '' }],
  ['a name that leads out', { name: '../../etc' }],
  ['a name with a line break', { name: 'a\n' }],
  ['a name in capitals', { name: 'Move' }],
  ['a name longer than a file name', { name: 'a'.repeat(247) }],
  ['a uid that is none', { uid: '../../..' }],
  ['attempt 0', { attempt: 0 }],
  ['half an attempt', { attempt: 1.5 }],
])('%s is refused', (_what, wrong) => {
  expect(() => checkpointPaths('/v', { ...key, ...wrong })).toThrow(
    expect.objectContaining({ reason: 'CheckpointPathInvalid' }) as Error,
  );
});

test('whatever the names are, the place is refused or lies below the root, three levels deep', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('..', '.', 'a/../b', 'a', 'a.b', '/', 'ok-1'));
  fc.assert(
    fc.property(text, text, (namespace, name) => {
      let directory: string;
      try {
        directory = checkpointPaths('/v', { ...key, namespace, name }).directory;
      } catch {
        return;
      }
      const below = relative('/v', directory).split('/');
      expect(below).toHaveLength(3);
      expect(below.filter((part) => part === '' || part === '.' || part === '..')).toEqual([]);
    }),
  );
});

test('the files of a node lie apart from every namespace, and a strange node name is refused', () => {
  expect(nodePath('/v', 'probe', 'node-a.example')).toBe('/v/.transship/probe/node-a.example');
  expect(() => nodePath('/v', 'probe', '../x')).toThrow(
    expect.objectContaining({ reason: 'CheckpointPathInvalid' }) as Error,
  );
});
