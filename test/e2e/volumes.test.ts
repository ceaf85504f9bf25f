/** What becomes of the volumes of a container that is moved: copied, shared, or left behind. */
import { withBrokenCriu } from '../lib/broken-criu';
import { letAgentsGoOn, migrateHeld } from '../lib/held-migration';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations, migrate, migrateWell } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { poll, sleep } from '../lib/waiting';

const NAME = 'e2e-volumes';
const OTHER = 'e2e-volumes-other';
const DATA = 'e2e-volumes-data';
const IMAGE = 'transship-lab/busybox:1';
const NODES = ['node-a', 'node-b'] as const;
const SHARED = '/mnt/transship/.e2e-volumes';

const volumesOf = (node: NodeName): string[] => docker(node, 'volume', 'ls', '--quiet').split('\n').filter(Boolean);
/** Those that the tests of this file found when they began: nobody else's are touched. */
const found: Record<NodeName, string[]> = { 'node-a': [], 'node-b': [] };
const ours = (node: NodeName): string[] => volumesOf(node).filter((name) => !found[node].includes(name));

function clean(): void {
  letAgentsGoOn();
  deleteMigrations();
  removeContainers(NAME, OTHER);
  for (const node of NODES) {
    for (const name of ours(node)) docker(node, 'volume', 'rm', '--force', name);
    onNode(node, 'rm -rf "$1" /srv/e2e-volumes', SHARED);
  }
}

beforeAll(() => {
  removeContainers(NAME, OTHER);
  for (const node of NODES) found[node] = volumesOf(node).filter((name) => name !== DATA);
  clean();
});
afterEach(clean);

/** Numbers appended to a file in the volume that it keeps open, 50 a second. */
const APPEND = 'exec 3>>/data/log; i=0; while :; do i=$((i+1)); echo $i >&3; usleep 20000; done';
/** Files of every kind that a copy may spoil; the second volume has no name. */
const FILES =
  'echo one > /data/one; ln /data/one /data/two; chown 1000:999 /data/one; chmod 4755 /data/one; mkdir -p /data/a/b; ' +
  'ln -s ../nowhere /data/a/link; mkfifo /data/a/fifo; chmod 1777 /data; chown 70:71 /cache; echo warm > /cache/warm; ' +
  'dd if=/dev/urandom of=/cache/random bs=1M count=3 2>/dev/null; dd if=/dev/zero of=/data/holes bs=1 count=1 seek=100M 2>/dev/null; ';

function start(script: string, ...options: string[]): void {
  const mounts = ['--volume', `${DATA}:/data`, '--volume', '/cache'];
  docker('node-a', 'run', '-d', '--name', NAME, ...mounts, ...options, IMAGE, 'sh', '-c', script);
}

/** Names of the volumes by where they are mounted. */
function mountsOf(node: NodeName): Record<string, string> {
  const format = '{{range .Mounts}}{{.Destination}} {{.Name}}\n{{end}}';
  const lines = docker(node, 'inspect', '--format', format, NAME).split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
}

const directoryOf = (node: NodeName, volume: string): string =>
  docker(node, 'volume', 'inspect', '--format', '{{.Mountpoint}}', volume);

/** Everything that can be told of the files of a directory, but for the one that grows. */
function lookAt(node: NodeName, directory: string): string {
  const script =
    'cd "$1"; find . ! -name log -printf "%p %y %m %U:%G %n %s %l %T@\\n" | sort; ' +
    'find . -type f ! -name log -exec sha256sum {} + | sort; ' +
    'du --block-size=1M holes 2>/dev/null || true';
  return onNode(node, script, directory);
}
const look = (node: NodeName, volume: string): string => lookAt(node, directoryOf(node, volume));

/** Runs it in a container beside, which has the volume or directory mounted. */
const python = (node: NodeName, statement: string, mounted: string = DATA): string =>
  docker(
    ...([node, 'run', '--rm', '--network', 'none', '--volume', `${mounted}:/data`] as const),
    ...['transship-lab/python:1', 'python3', '-c', `import os; ${statement}`],
  );

const numbers = (node: NodeName, directory = directoryOf(node, DATA)): number[] =>
  onNode(node, 'cat "$1/log"', directory).split('\n').map(Number);

test('a named and an anonymous volume go along, and a process appends to its file without a gap', async () => {
  docker('node-a', 'volume', 'create', '--label', 'team=blue', DATA);
  // Docker fills a new volume from the image: what the container has removed must not come back on the target.
  start(`rm /etc/group; ${FILES}${APPEND}`, '--volume', '/etc');
  await poll('a log', () => docker('node-a', 'exec', NAME, 'ls', '/data').includes('log'));
  const { '/cache': cache = '', '/etc': etc = '' } = mountsOf('node-a');
  expect(cache).toMatch(/^[0-9a-f]{64}$/);
  onNode('node-a', 'touch -d 2020-02-02T02:02:02.123456789Z "$1/one"', directoryOf('node-a', DATA));
  python('node-a', 'os.setxattr("/data/one", "user.colour", b"blue")');
  await sleep(300);
  const lookAtAll = (node: NodeName): Record<string, string> => ({
    ...{ data: look(node, DATA), cache: look(node, cache), etc: look(node, etc) },
  });
  const before = lookAtAll('node-a');
  expect(before['etc']).toMatch(/passwd/);
  expect(before['etc']).not.toMatch(/group/);
  expect(before['data']).toMatch(/one f 4755 1000:999 2 4/);
  expect(before['data']).toMatch(/1580608922\.123456789/);

  const { status } = await migrateWell({ name: 'volumes-copy', container: NAME, from: 'node-a', to: 'node-b' });

  expect(mountsOf('node-b')).toEqual({ '/data': DATA, '/cache': cache, '/etc': etc });
  expect(lookAtAll('node-b')).toEqual(before);
  const sizes = Object.fromEntries((status.source?.volumes ?? []).map(({ name, sizeBytes }) => [name, sizeBytes]));
  expect(Object.keys(sizes).toSorted()).toEqual([DATA, cache, etc].toSorted());
  expect(sizes[cache]).toBeGreaterThan(3_000_000);
  expect(python('node-b', 'print(os.getxattr("/data/one", "user.colour"))')).toBe("b'blue'");
  const soFar = numbers('node-b').length;
  await sleep(400);
  const log = numbers('node-b');
  expect(log).toEqual(log.map((_number, index) => index + 1));
  expect(log.length).toBeGreaterThan(soFar);
  // The named one stays on the source, as it was at the freeze; the other goes with the original.
  expect(ours('node-a')).toEqual([DATA]);
  const labels = docker('node-b', 'volume', 'inspect', '--format', '{{json .Labels}}', DATA);
  expect(JSON.parse(labels)).toEqual({ team: 'blue', 'transship.dev/migration-uid': expect.any(String) as string });

  // Back: only when the volume that it left there is gone.
  const refused = await migrate({ name: 'volumes-taken', container: NAME, from: 'node-b', to: 'node-a' });
  expect(refused.status).toMatchObject({ phase: 'Failed', reason: 'VolumeTaken' });
  docker('node-a', 'volume', 'rm', DATA);
  await migrateWell({ name: 'volumes-back', container: NAME, from: 'node-b', to: 'node-a' });
  expect(look('node-a', cache)).toBe(before['cache']);
  await sleep(200);
  const further = numbers('node-a');
  expect(further).toEqual(further.map((_number, index) => index + 1));
  expect(further.length).toBeGreaterThan(log.length);
});

test('a volume of that name on the target is refused, whatever is in it, and stays as it is', async () => {
  start(APPEND);
  docker('node-b', 'volume', 'create', DATA);
  const directory = directoryOf('node-b', DATA);
  onNode('node-b', 'echo precious > "$1/file"', directory);
  const { status } = await migrate({ name: 'volumes-refused', container: NAME, from: 'node-a', to: 'node-b' });
  expect(status).toMatchObject({ phase: 'Failed', reason: 'VolumeTaken' });
  expect(onNode('node-b', 'cat "$1"/*', directory)).toBe('precious');
  expect(stateOf('node-a', NAME)).toBe('running');
});

test('a rollback leaves no volume on the target, and the process appends on the source without a gap', async () => {
  start(FILES + APPEND);
  const before = ours('node-a');
  let prepared: string[] = [];
  const { status } = await migrateHeld({ name: 'volumes-rollback', container: NAME }, 'published', (held) => {
    prepared = ours('node-b');
    const { path = '' } = held.status.source?.checkpoint ?? {};
    onNode('node-a', 'for archive in "/mnt/transship/$1/volumes/"*.tar; do echo x >> "$archive"; done', path);
  });
  expect(prepared.toSorted()).toEqual(before.toSorted());
  expect(status).toMatchObject({ phase: 'RolledBack', reason: 'CheckpointCorrupt' });
  expect(ours('node-b')).toEqual([]);
  expect(ours('node-a')).toEqual(before);
  const soFar = numbers('node-a').length;
  await sleep(300);
  const log = numbers('node-a');
  expect(log).toEqual(log.map((_number, index) => index + 1));
  expect(log.length).toBeGreaterThan(soFar);
});

test('Skip: the target has volumes of its own, and the source keeps the files', async () => {
  start('echo here > /data/file; exec sleep 100000');
  const { status } = await migrateWell({
    ...{ name: 'volumes-skip', container: NAME, from: 'node-a', to: 'node-b' },
    spec: { volumes: 'Skip' },
  });
  expect(status.source?.checks?.map(({ reason }) => reason)).toEqual(['VolumeSkipped', 'VolumeSkipped']);
  expect(docker('node-b', 'exec', NAME, 'ls', '/data')).toBe('');
  expect(onNode('node-a', 'cat "$1/file"', directoryOf('node-a', DATA))).toBe('here');
});

describe('RequireShared', () => {
  const move = (name: string): Parameters<typeof migrate>[0] => ({
    ...{ name, container: NAME, from: 'node-a', to: 'node-b' },
    spec: { volumeOverrides: [{ name: '/shared', policy: 'RequireShared' }] },
  });

  test('a directory that both nodes show is proved, and left as it was', async () => {
    onNode('node-a', 'mkdir -p "$1"; echo here > "$1/file"', SHARED);
    start(APPEND, '--volume', `${SHARED}:/shared`);
    const { status } = await migrateWell(move('volumes-shared'));
    expect(status.source?.volumes).toContainEqual({ name: SHARED, destination: '/shared', policy: 'RequireShared' });
    expect(docker('node-b', 'exec', NAME, 'ls', '-A', '/shared')).toBe('file');
  });

  test('one that only bears the same name is refused, and left as it was', async () => {
    for (const node of NODES) onNode(node, 'mkdir -p /srv/e2e-volumes; echo "$1" > /srv/e2e-volumes/file', node);
    start(APPEND, '--volume', '/srv/e2e-volumes:/shared');
    const { status } = await migrate(move('volumes-not-shared'));
    expect(status).toMatchObject({ phase: 'RolledBack', reason: 'MountNotShared' });
    for (const node of NODES) expect(onNode(node, 'cd /srv/e2e-volumes; ls -A; cat file')).toBe(`file\n${node}`);
    expect(stateOf('node-a', NAME)).toBe('running');
    expect(ours('node-b')).toEqual([]);
  });
});

describe('a host directory with an override Copy', () => {
  const SITE = '/srv/e2e-volumes/deep/site';
  const move = (name: string): Parameters<typeof migrate>[0] => ({
    ...{ name, container: NAME, from: 'node-a', to: 'node-b' },
    spec: { volumeOverrides: [{ name: '/data', policy: 'Copy' }] },
  });
  const startSite = (script: string): void => {
    onNode('node-a', 'mkdir -p "$1"', SITE);
    // Unlike --volume, Docker refuses this where the directory does not exist.
    const mounts = ['--mount', `type=bind,source=${SITE},target=/data`, '--volume', '/cache'];
    docker('node-a', 'run', '-d', '--name', NAME, ...mounts, IMAGE, 'sh', '-c', script);
  };
  /** What is below /srv on the target, and what its agent has noted. */
  const left = (): string =>
    onNode('node-b', 'find /srv -mindepth 1; find /var/lib/transship/host-directories -type f 2>/dev/null || true');

  test('arrives at the same path as it is, which nobody has made, and stays on the source', async () => {
    startSite(FILES + APPEND);
    await poll('a log', () => docker('node-a', 'exec', NAME, 'ls', '/data').includes('log'));
    onNode('node-a', 'chown 70:71 "$1"', SITE);
    python(
      'node-a',
      'os.setxattr("/data/one", "user.colour", b"blue"); os.setxattr("/data", "user.top", b"yes")',
      SITE,
    );
    const before = lookAt('node-a', SITE);
    expect(before).toMatch(/^\. d 1777 70:71 /m);
    expect(left()).toBe('');

    const { status } = await migrateWell(move('volumes-bind'));

    expect(lookAt('node-b', SITE)).toBe(before);
    expect(lookAt('node-a', SITE)).toBe(before);
    const colours = 'print(os.getxattr("/data/one", "user.colour"), os.getxattr("/data", "user.top"))';
    expect(python('node-b', colours, SITE)).toBe("b'blue' b'yes'");
    expect(status.source?.volumes).toContainEqual(expect.objectContaining({ name: SITE, policy: 'Copy' }));
    const soFar = numbers('node-b', SITE).length;
    await sleep(300);
    const log = numbers('node-b', SITE);
    expect(log).toEqual(log.map((_number, index) => index + 1));
    expect(log.length).toBeGreaterThan(soFar);
    expect(onNode('node-b', 'stat -c "%a %u:%g" "${1%/*}"', SITE)).toBe('755 0:0');
    expect(left()).not.toMatch(/host-directories/);

    // Back: what it left there is nobody's to overwrite.
    const back = await migrate({ ...move('volumes-bind-back'), from: 'node-b', to: 'node-a' });
    expect(back.status).toMatchObject({ phase: 'Failed', reason: 'VolumeTaken' });
    expect(lookAt('node-a', SITE)).toBe(before);
  });

  test('is refused where files are, where a symlink leads, and when it is another one by now', async () => {
    startSite(APPEND);
    onNode('node-b', 'mkdir -p "$1"; echo precious > "$1/file"', SITE);
    const taken = await migrate(move('volumes-bind-taken'));
    expect(taken.status).toMatchObject({ phase: 'Failed', reason: 'VolumeTaken' });
    expect(onNode('node-b', 'cat "$1"/*', SITE)).toBe('precious');
    onNode('node-b', 'mv /srv/e2e-volumes/deep /srv/e2e-volumes/moved; ln -s moved /srv/e2e-volumes/deep');
    onNode('node-b', 'rm "$1/file"', SITE);
    const led = await migrate(move('volumes-bind-link'));
    expect(led.status).toMatchObject({ phase: 'Failed', reason: 'VolumeNotCopyable' });
    onNode('node-b', 'rm -rf /srv/e2e-volumes');
    onNode('node-a', 'mv "$1" "$1.old"; mkdir "$1"', SITE);
    const replaced = await migrate(move('volumes-bind-replaced'));
    expect(replaced.status).toMatchObject({ phase: 'Failed', reason: 'VolumeNotCopyable' });
    expect(stateOf('node-a', NAME)).toBe('running');
  });

  test('is gone from the target when the wake-up failed, with the directories that were made for it', async () => {
    startSite(FILES + APPEND);
    await poll('a log', () => docker('node-a', 'exec', NAME, 'ls', '/data').includes('log'));
    const before = lookAt('node-a', SITE);
    await withBrokenCriu('node-b', async () => {
      const { status } = await migrate(move('volumes-bind-rollback'));
      expect(status.phase).toBe('RolledBack');
      expect(status.target?.claimedAt).toBeDefined();
    });
    expect(left()).toBe('');
    expect(lookAt('node-a', SITE)).toBe(before);
    const soFar = numbers('node-a', SITE).length;
    await sleep(300);
    expect(numbers('node-a', SITE).length).toBeGreaterThan(soFar);
  });
});
