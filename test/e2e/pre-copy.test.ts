/** Files that are copied while the container still runs: what it changes afterwards arrives exactly. */
import { letAgentsGoOn, migrateHeld } from '../lib/held-migration';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers } from '../lib/lab-docker';
import { deleteMigrations, report } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { sleep } from '../lib/waiting';

const NAME = 'e2e-pre-copy';
const DATA = 'e2e-pre-copy-data';
const IMAGE = 'transship-lab/python:1';
const MIB = 1024 * 1024;

const clean = (): void => {
  letAgentsGoOn();
  deleteMigrations();
  removeContainers(NAME);
  for (const node of ['node-a', 'node-b'] as const) docker(node, 'volume', 'rm', '--force', DATA);
};
beforeEach(clean);
afterAll(clean);

const python = (node: NodeName, script: string): string => docker(node, 'exec', NAME, 'python3', '-c', script);

/** A tree of each kind of thing, of 6 MiB, once in the writable layer and once in a volume. */
const FILL = `
import os
for top in ('/work', '/data'):
  os.makedirs(top + '/many')
  for i in range(300): open(f'{top}/many/{i}', 'w').write(str(i) * 7000)
  for name in ('a', 'a/b', 'renamed', 'file-to-be'): os.mkdir(f'{top}/{name}')
  for name in ('a/one', 'a/b/two', 'renamed/three', 'file-to-be/four', 'dir-to-be', 'linked', 'unlinked', 'capable'):
    open(f'{top}/{name}', 'w').write(name)
  os.link(f'{top}/linked', f'{top}/a/link'); os.symlink('../a', f'{top}/a/symlink')
  os.setxattr(f'{top}/capable', 'security.capability', bytes.fromhex('0100000200200000000000000000000000000000'))
`;
/** Everything that may be done to it while it is already on its way; and files of the image change and go. */
const CHANGE = `
import os, shutil
for top in ('/work', '/data'):
  open(f'{top}/many/7', 'w').write('overwritten'); open(f'{top}/many/new', 'w').write('new'); os.remove(f'{top}/many/8')
  shutil.rmtree(f'{top}/a/b'); os.rename(f'{top}/renamed', f'{top}/renamed-now')
  shutil.rmtree(f'{top}/file-to-be'); open(f'{top}/file-to-be', 'w').write('a file now')
  os.remove(f'{top}/dir-to-be'); os.mkdir(f'{top}/dir-to-be'); open(f'{top}/dir-to-be/in', 'w').write('in')
  os.chmod(f'{top}/many/9', 0o4755); os.chown(f'{top}/many/10', 1000, 999); os.chmod(f'{top}/a', 0o1700)
  os.link(f'{top}/many/11', f'{top}/a/eleven'); os.remove(f'{top}/unlinked'); os.truncate(f'{top}/many/12', 9000000)
  open(f'{top}/a/link', 'a').write(' both'); os.removexattr(f'{top}/capable', 'security.capability')
  os.setxattr(f'{top}/many/13', 'security.capability', bytes.fromhex('0100000200200000000000000000000000000000'))
  stat = os.stat(f'{top}/many/14'); open(f'{top}/many/14', 'r+').write('X'); os.utime(f'{top}/many/14', ns=(stat.st_atime_ns, stat.st_mtime_ns))
os.remove('/etc/group'); open('/etc/passwd', 'a').write('changed')
`;
/** All that a process in the container can tell of its files. */
const LOOK = `
import os, hashlib
inodes = {}
for top in ('/work', '/data', '/etc'):
  for root, dirs, files in os.walk(top):
    dirs.sort()
    for name in ['.'] + sorted(files + [d for d in dirs if os.path.islink(os.path.join(root, d))]):
      path = os.path.normpath(os.path.join(root, name)); s = os.lstat(path)
      if path in ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/etc/mtab'): continue
      is_dir = os.path.isdir(path) and not os.path.islink(path)
      what = '' if is_dir else os.readlink(path) if os.path.islink(path) else hashlib.sha256(open(path, 'rb').read()).hexdigest()
      attributes = [] if os.path.islink(path) else sorted((k, os.getxattr(path, k)) for k in os.listxattr(path))
      links = '' if is_dir else (s.st_nlink, inodes.setdefault(s.st_ino, path), s.st_size)
      # The image's own directories were made when the image was loaded there.
      print(path, oct(s.st_mode), s.st_uid, s.st_gid, links, s.st_mtime_ns if top != '/etc' else '', what, attributes)
`;

test('what changes after it was copied arrives, in the writable layer and in a volume', async () => {
  const wait = 'import signal\nwhile True: signal.pause()';
  docker('node-a', 'run', '-d', '--name', NAME, '--volume', `${DATA}:/data`, IMAGE, 'python3', '-c', wait);
  python('node-a', FILL);
  // What was written just before it is copied goes again: so it is known what the difference is.
  await sleep(3_000);
  let before = '';
  const { status, ...moved } = await migrateHeld({ name: 'pre-copy', container: NAME }, 'described', () => {
    python('node-a', CHANGE);
    before = python('node-a', LOOK);
  });
  expect(status).toMatchObject({ phase: 'Succeeded', reason: 'Migrated' });
  report('12 MiB of files copied before', { status, ...moved });
  expect(before).toMatch(/\/work\/many\/9 0o104755/);
  expect(before).not.toMatch(/\/etc\/group /);
  expect(python('node-b', LOOK).split('\n')).toEqual(before.split('\n'));
  const { preCopied, checkpoint } = status.source ?? {};
  expect(preCopied?.sizeBytes).toBeGreaterThan(10 * MIB);
  // Most of the difference is the memory of the process; the files are not in it once more.
  expect(checkpoint?.sizeBytes).toBeLessThan(10 * MIB);
  expect(status.target?.preCopiedTo).toBe(status.target?.containerID);
  expect(status.target?.containerID).toBe(docker('node-b', 'inspect', '--format', '{{.Id}}', NAME));
});

test('a base that was tampered with is refused before the container stands still, and nothing of it is left', async () => {
  const script = 'mkdir /work; for i in $(seq 300); do echo $i > /work/$i; done; exec sleep 100000';
  docker(
    'node-a',
    'run',
    '-d',
    '--name',
    NAME,
    '--volume',
    `${DATA}:/data`,
    'transship-lab/busybox:1',
    'sh',
    '-c',
    script,
  );
  await sleep(3_000);
  let directory = '';
  const { status } = await migrateHeld({ name: 'pre-copy-evil', container: NAME }, 'described', ({ status: held }) => {
    expect(held.source?.preCopied).toBeDefined();
    directory = onNode('node-a', 'echo /mnt/transship/default/pre-copy-evil-*/1');
    onNode('node-a', 'echo x >> "$1/base/rootfs.tar"', directory);
  });
  expect(status).toMatchObject({ phase: 'RolledBack', reason: 'CheckpointCorrupt' });
  expect(status.source?.freezeStartedAt).toBeUndefined();
  expect(docker('node-a', 'exec', NAME, 'cat', '/work/300')).toBe('300');
  expect(docker('node-b', 'ps', '--all', '--quiet', '--filter', `name=${NAME}`)).toBe('');
  expect(docker('node-b', 'volume', 'ls', '--quiet')).not.toContain(DATA);
  expect(onNode('node-a', 'ls "$1" 2>/dev/null || true', directory)).toBe('');
});
