import {
  isWithin,
  overlapping,
  pathsTo,
  reservedBecause,
  unsafeBecause,
  usersOfDirectory,
} from '../../../../src/agent/volumes/directory-rules';
import type { PathPart } from '../../../../src/agent/volumes/host-directories-port';
import type { MountInfo } from '../../../../src/docker/mounts';

const PLACES = { volume: '/nfs/transship/', docker: '/mnt/disk/docker' };

test.each([
  ...['/', '/etc', '/etc/app', '/usr/local/share/app', '/proc/1', '/sys', '/dev/shm', '/run/app', '/root/.ssh'],
  ...[
    '/var',
    '/var/run/docker.sock',
    '/var/lib',
    '/var/lib/docker/volumes/x',
    '/var/lib/kubelet/pods',
    '/var/spool/cron',
  ],
  ...[
    '/home',
    '/srv',
    '/tmp',
    '/opt',
    '/opt/transship/oci',
    '/var/lib/transship/host-directories',
    '/lib64',
    '/boot/x',
  ],
  ...['/nfs', '/nfs/transship', '/nfs/transship/default', '/mnt', '/mnt/disk', '/mnt/disk/docker/x'],
  ...['srv/site', '/srv/../etc', '/srv//site', '/srv/site/', '/srv/./site', '', '/srv/..'],
])('%s is never copied', (path) => {
  expect(reservedBecause(path, PLACES)).toMatch(/./);
});

test.each([
  ...['/srv/site', '/data', '/home/bob/app', '/var/lib/postgresql', '/opt/app/data', '/mnt/disk/app', '/etcetera'],
  ...['/nfs/transship-of-somebody', '/var/www', '/usrdata/x', '/srv/-rf', '/srv/a b\nc'],
])('%s may be', (path) => {
  expect(reservedBecause(path, PLACES)).toBeUndefined();
});

const part = (path: string, more: Partial<PathPart> = {}): PathPart => ({
  ...{ path, uid: 0, gid: 0, mode: '755', kind: 'directory', isEmpty: false },
  ...more,
});

test.each<[string, PathPart[], RegExp | undefined]>([
  ['root’s alone', [part('/'), part('/srv'), part('/srv/site')], undefined],
  ['nothing there', [part('/')], undefined],
  ['its own owner', [part('/'), part('/srv'), part('/srv/site', { uid: 1000, mode: '1777' })], undefined],
  ['a symlink on the way', [part('/'), part('/srv', { kind: 'symlink', mode: '777' })], /\/srv is a symlink/],
  ['a symlink at the end', [part('/'), part('/srv'), part('/srv/site', { kind: 'symlink' })], /is a symlink/],
  ['a file on the way', [part('/'), part('/srv', { kind: 'other' })], /not a directory/],
  ['somebody’s home on the way', [part('/'), part('/srv', { uid: 1000 })], /others than root/],
  ['a directory of a group', [part('/'), part('/srv', { mode: '2775' })], /others than root/],
  ['one for everybody', [part('/'), part('/srv', { mode: '1777' })], /others than root/],
])('%s', (_what, parts, expected) => {
  const because = unsafeBecause('/srv/site', parts);
  if (expected === undefined) expect(because).toBeUndefined();
  else expect(because).toMatch(expected);
});

test('the parts of a path, and what is below what', () => {
  expect(pathsTo('/srv/site')).toEqual(['/', '/srv', '/srv/site']);
  expect(isWithin('/srv/site', '/srv')).toBe(true);
  expect(isWithin('/srv', '/')).toBe(true);
  expect(isWithin('/srvx', '/srv')).toBe(false);
});

const bind = (source: string, writable = true): MountInfo => ({
  ...{ type: 'bind', name: source, source, destination: '/x', writable },
});

test('mounts that show some of the same files', () => {
  const mounts = ['/srv/site', '/srv/site/a', '/srv', '/srv/sitemap', '/'].map((source) => bind(source));
  expect(overlapping('/srv/site', mounts)).toEqual(['/srv/site/a', '/srv', '/']);
});

test.each<[string, MountInfo, boolean]>([
  ['the directory itself, to read', bind('/srv/site', false), true],
  ['something in it', bind('/srv/site/a', false), true],
  ['what is above, to write', bind('/srv'), true],
  ['the whole node, to read', bind('/', false), false],
  ['something beside', bind('/srv/sites'), false],
  ['a volume whose place is not told', { ...bind(''), type: 'volume', name: 'data' }, false],
])('%s: is it used?', (_what, mount, expected) => {
  const users = [{ id: 'c1', name: 'web', state: 'exited', mounts: [mount] }];
  expect(usersOfDirectory('/srv/site', users)).toHaveLength(expected ? 1 : 0);
});
