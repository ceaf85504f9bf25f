/** Somebody else writes to the shared volume: what the target then refuses, the source runs on with. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Moment } from '../lib/held-migration';
import { letAgentsGoOn, migrateHeld } from '../lib/held-migration';
import { counterScript, expectUnbroken } from '../lib/counter';
import { DAMAGES, swapFiles } from '../lib/hostile-files';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations } from '../lib/lab-migration';
import { labEnvironment } from '../lib/lab-tools';
import { poll } from '../lib/waiting';

const NAME = 'e2e-hostile';
const MOVED = 'e2e-hostile-moved';
const volume = (): string => join(labEnvironment()['LAB_DIR'] ?? '', 'shared');

let follower: LogFollower;
/** On the volume's own file system, but no namespace of anybody. */
let elsewhere: string;

beforeAll(async () => {
  deleteMigrations();
  removeContainers(NAME, MOVED);
  elsewhere = mkdtempSync(join(volume(), '.elsewhere-'));
  // With files of its own, so that there is an archive of them.
  const script = `echo changed > /changed; ${counterScript(20_000)}`;
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', 'transship-lab/busybox:1', 'sh', '-c', script);
  follower = new LogFollower('node-a', NAME);
  await poll('the counter to count', () => follower.lines().length > 5);
});

afterEach(() => {
  letAgentsGoOn();
  deleteMigrations();
});

afterAll(async () => {
  // One container has gone through it all: woken up again every time, and never twice.
  expect(docker('node-a', 'inspect', '--format', '{{.HostConfig.RestartPolicy.Name}} {{.RestartCount}}', NAME)).toBe(
    'always 0',
  );
  removeContainers(NAME, MOVED);
  expectUnbroken(await follower.finish(), 200);
  rmSync(elsewhere, { recursive: true, force: true });
});

interface Attack {
  readonly what: string;
  readonly moment: Moment;
  /** @param directory of the checkpoint, as this machine sees it */
  readonly on: (directory: string) => void;
  readonly reason: string;
  /** Found in the message. */
  readonly names: string;
}

/** One of the DAMAGES to one file. */
function damage(moment: Moment, file: string, what: string): Attack {
  const to = DAMAGES.find((one) => one.what === what)?.to;
  if (to === undefined) throw new Error(`there is no damage "${what}"`);
  return {
    what: `${file} ${what}`,
    moment,
    on: (directory) => {
      to(join(directory, file), join(elsewhere, 'file'));
      rmSync(join(elsewhere, 'file'), { force: true, recursive: true });
    },
    reason: moment === 'described' ? 'DescriptionCorrupt' : 'CheckpointCorrupt',
    names: file,
  };
}

const published = (file: string, what: string): Attack => damage('published', file, what);
const described = (what: string): Attack => damage('described', 'container.json', what);

function replaceByDisk(directory: string): void {
  const path = join(directory, 'images/core-1.img');
  unlinkSync(path);
  execFileSync('mknod', [path, 'b', '7', '0']);
}

function askForPrivileges(directory: string): void {
  const path = join(directory, 'container.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"Privileged": false', '"Privileged": true '));
}

function swapImages(directory: string): void {
  swapFiles(join(directory, 'images/pages-1.img'), join(directory, 'images/inventory.img'));
}

function addImage(directory: string): void {
  writeFileSync(join(directory, 'images/core-99999.img'), 'evil');
}

/** Every digest in it is right, but for its own. */
function forgeManifest(directory: string): void {
  const path = join(directory, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { files: unknown[] };
  writeFileSync(path, JSON.stringify({ ...manifest, files: manifest.files.slice(1) }));
  unlinkSync(join(directory, 'container.json'));
}

/** The same bytes, but whoever made the link can make another one a moment later. */
function moveMigration(directory: string): void {
  const migration = dirname(directory);
  renameSync(migration, join(elsewhere, 'moved'));
  symlinkSync(join('..', elsewhere.slice(volume().length + 1), 'moved'), migration);
}

const attacks: readonly Attack[] = [
  described('replaced by a FIFO that nobody writes to'),
  described('replaced by a symlink to the same bytes'),
  {
    what: 'container.json asks for privileges',
    moment: 'described',
    on: askForPrivileges,
    reason: 'DescriptionCorrupt',
    names: 'container.json',
  },
  published('images/pages-1.img', 'truncated'),
  published('images/pages-1.img', 'changed in its last bit'),
  published('images/inventory.img', 'emptied'),
  published('images/core-1.img', 'replaced by a symlink to /etc/passwd'),
  published('rootfs.tar', 'changed in its first bit'),
  published('container.json', 'replaced by a hard link to something else'),
  published('manifest.json', 'replaced by a FIFO that nobody writes to'),
  {
    what: 'an image replaced by a disk',
    moment: 'published',
    on: replaceByDisk,
    reason: 'CheckpointCorrupt',
    names: 'images/core-1.img',
  },
  {
    what: 'two images swapped',
    moment: 'published',
    on: swapImages,
    reason: 'CheckpointCorrupt',
    names: 'images/',
  },
  {
    what: 'an image too many',
    moment: 'published',
    on: addImage,
    reason: 'CheckpointCorrupt',
    names: 'images/core-99999.img',
  },
  {
    what: 'a forged manifest',
    moment: 'published',
    on: forgeManifest,
    reason: 'CheckpointCorrupt',
    names: 'manifest.json',
  },
];

test.each(attacks)('$what: refused by name, and the container runs on', async ({ moment, on, reason, names }) => {
  const spec = { retainCheckpoint: 'Never' };
  const { status, metadata } = await migrateHeld({ name: 'hostile', container: NAME, spec }, moment, (migration) => {
    on(directoryOf(migration.metadata.uid));
  });
  expect(status).toMatchObject({ phase: 'RolledBack', reason });
  expect(status.message).toContain(names);
  expectUntouched();
  expect(existsSync(dirname(directoryOf(metadata.uid)))).toBe(false);
});

test('a symlink on the way to the checkpoint: refused, and what cannot be removed is named', async () => {
  const held = await migrateHeld({ name: 'hostile', container: NAME }, 'published', (migration) => {
    moveMigration(directoryOf(migration.metadata.uid));
  });
  const { status, metadata } = held;
  expect(status).toMatchObject({ phase: 'RolledBack', reason: 'PathNotConfined' });
  expect(status.source?.error?.reason).toBe('CheckpointNotRemoved');
  expectUntouched();
  // What it leads to is not followed, not even to remove it.
  expect(readdirSync(join(elsewhere, 'moved', '1'))).toContain('manifest.json');
  unlinkSync(dirname(directoryOf(metadata.uid)));
});

test('a symlink by the name of a log of CRIU: nothing is written through it, and the move succeeds', async () => {
  const precious = join(elsewhere, 'precious');
  writeFileSync(precious, 'precious');
  docker('node-a', 'run', '-d', '--name', MOVED, 'transship-lab/busybox:1', 'sleep', '100000');
  const { status } = await migrateHeld({ name: 'hostile', container: MOVED }, 'published', ({ metadata }) => {
    const logs = join(directoryOf(metadata.uid), 'work', 'node-b');
    mkdirSync(logs, { recursive: true });
    const target = join('/mnt/transship', precious.slice(volume().length));
    for (const name of ['restore.log', 'stats-restore']) symlinkSync(target, join(logs, name));
  });
  expect(status).toMatchObject({ phase: 'Succeeded' });
  expect(stateOf('node-b', MOVED)).toBe('running');
  expect(readFileSync(precious, 'utf8')).toBe('precious');
});

function directoryOf(uid: string): string {
  return join(volume(), 'default', `hostile-${uid.slice(0, 8)}`, '1');
}

/** Nothing of it was ever started on the target. */
function expectUntouched(): void {
  expect(stateOf('node-a', NAME)).toBe('running');
  expect(containerNames('node-b')).not.toContain(NAME);
}
