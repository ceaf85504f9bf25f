/** What a container holds that CRIU must be told of: it moves, and works as before, which is asked from inside. */
import { withBrokenCriu } from '../lib/broken-criu';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations, migrate, migrateWell, report } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { sleep } from '../lib/waiting';

const NAME = 'e2e-criu';
const PEER = 'e2e-criu-peer';
const PYTHON = 'transship-lab/python:1';
const BUSYBOX = 'transship-lab/busybox:1';

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME, PEER);
};
beforeEach(clean);
afterAll(clean);

/** Waits until the program says that it has done what it should be moved with. */
async function started(...args: string[]): Promise<void> {
  docker('node-a', 'run', '-d', '--name', NAME, ...args);
  for (let tries = 0; tries < 100; tries++) {
    if (docker('node-a', 'logs', NAME).includes('ready')) return;
    await sleep(50);
  }
  throw new Error(`the container is not ready: ${docker('node-a', 'logs', NAME)}`);
}

const inside = (node: 'node-a' | 'node-b', ...command: string[]): string => docker(node, 'exec', NAME, ...command);

/** The program holds something, and answers in a file what it finds whenever it is asked by SIGUSR1. */
const python = (hold: string, answer: string): string[] => [
  PYTHON,
  'python3',
  '-c',
  [
    'import os, fcntl, ctypes, signal, time, select',
    hold,
    'def answer(*_):',
    `    text = ${answer}`,
    "    open('/answer', 'w').write(str(text))",
    'signal.signal(signal.SIGUSR1, answer)',
    "print('ready', flush=True)",
    'while True: time.sleep(0.05)',
  ].join('\n'),
];

async function ask(node: 'node-a' | 'node-b'): Promise<string> {
  inside(node, 'python3', '-c', "import os; os.path.exists('/answer') and os.remove('/answer'); os.kill(1, 10)");
  for (let tries = 0; tries < 100; tries++) {
    const text = inside(
      node,
      'python3',
      '-c',
      "import os; print(open('/answer').read() if os.path.exists('/answer') else '')",
    );
    if (text !== '') return text;
    await sleep(50);
  }
  throw new Error(`the container on ${node} does not answer`);
}

const chosen = (migration: Awaited<ReturnType<typeof migrate>>): string[] =>
  (migration.status.source?.criuOptions ?? []).map(({ option }) => option);

const INOTIFY = [
  'libc = ctypes.CDLL(None)',
  "os.makedirs('/watched/deep')",
  'watch = libc.inotify_init1(0o4000)',
  "libc.inotify_add_watch(watch, b'/watched/deep', 0x100)",
].join('\n');

const rows: [what: string, hold: string, answer: string, expected: RegExp, option: string][] = [
  [
    'a deleted open file of 5 MB',
    "held = open('/gone', 'wb+'); held.write(os.urandom(1000) * 5000); held.flush(); os.unlink('/gone')",
    "(held.seek(0), len(held.read()), os.fstat(held.fileno()).st_nlink, os.path.exists('/gone'))",
    /^\(0, 5000000, 0, False\)$/,
    'ghost-limit=67108864',
  ],
  [
    'an open file by a deleted name that has another',
    "held = open('/one', 'w+'); held.write('kept'); held.flush(); os.link('/one', '/two'); os.unlink('/one')",
    "(held.seek(0), held.read(), os.path.samestat(os.fstat(held.fileno()), os.stat('/two')), sorted(n for n in os.listdir('/') if n == 'one' or 'remap' in n))",
    /^\(0, 'kept', True, \[\]\)$/,
    'link-remap',
  ],
  [
    'a file of its image open that it has deleted',
    "held = open('/etc/debian_version'); os.unlink('/etc/debian_version')",
    "(held.seek(0), len(held.read()) > 0, os.path.exists('/etc/debian_version'))",
    /^\(0, True, False\)$/,
    'link-remap',
  ],
  [
    'a lock on a file',
    "held = open('/locked', 'w'); fcntl.flock(held, fcntl.LOCK_EX)",
    "[line.split()[1:4] for line in open('/proc/self/fdinfo/%d' % held.fileno()) if line.startswith('lock:')]",
    /^\[\['1:', 'FLOCK', 'ADVISORY'\]\]$/,
    'file-locks',
  ],
  [
    'a directory of its own under watch',
    INOTIFY,
    "(open('/watched/deep/%f' % time.time(), 'w').close(), time.sleep(0.1), len(os.read(watch, 4096)) > 0)",
    /^\(None, None, True\)$/,
    'irmap-scan-path=/watched/deep',
  ],
  [
    'a deleted file of 5 MB mapped, not open',
    "import mmap; f = open('/map', 'wb+'); f.write(b'm' * 5000000); f.flush(); held = mmap.mmap(f.fileno(), 5000000); os.unlink('/map'); f.close()",
    "(len(held), held[:3], held[-3:], os.path.exists('/map'))",
    /^\(5000000, b'mmm', b'mmm', False\)$/,
    'ghost-limit=67108864',
  ],
];

test.each(rows)('%s', async (what, hold, answer, expected, option) => {
  await started(...python(hold, answer));
  expect(await ask('node-a')).toMatch(expected);
  const migration = await migrateWell({ name: 'criu-options', container: NAME, from: 'node-a', to: 'node-b' });
  report(what, migration);
  expect(chosen(migration)).toContain(option);
  expect(await ask('node-b')).toMatch(expected);
  expect(docker('node-b', 'exec', NAME, 'sh', '-c', 'ls -a / | grep -c remap || true')).toBe('0');
});

const DELETED_NAME = rows[1];

test.each<[string, (move: () => ReturnType<typeof migrate>) => Promise<unknown>, string]>([
  [
    'is rolled back',
    (move) =>
      withBrokenCriu('node-b', async () => {
        await move();
      }),
    'RolledBack',
  ],
  ['is moved and the original kept', (move) => move(), 'Succeeded'],
])('nothing of its links is left in an original that %s', async (_what, whileThere, phase) => {
  const [, hold = '', answer = '', expected = /./] = DELETED_NAME ?? [];
  await started(...python(hold, answer));
  await whileThere(async () => {
    const spec = { afterSuccess: 'Keep' };
    const migration = await migrate({ name: 'criu-links', container: NAME, from: 'node-a', to: 'node-b', spec });
    expect(migration.status.phase).toBe(phase);
    return migration;
  });
  expect(docker('node-a', 'diff', NAME)).toContain('A /two');
  expect(docker('node-a', 'diff', NAME)).not.toMatch(/remap|one/);
  expect(onNode('node-a', 'ls /run/transship/links 2>/dev/null | wc -l').trim()).toBe('0');
  if (phase === 'RolledBack') expect(await ask('node-a')).toMatch(expected);
});

test('a Unix socket outside of it is refused at the freeze, and kept when its owner says so', async () => {
  const sockets = '/tmp/e2e-criu-sockets';
  for (const node of ['node-a', 'node-b'] as const) {
    onNode(node, `rm -rf ${sockets}; mkdir ${sockets}`);
    const listen =
      "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('/sockets/peer')\n" +
      'while True: print(s.recv(100), flush=True)';
    docker(
      node,
      'run',
      '-d',
      '--name',
      PEER,
      '--network',
      'host',
      '-v',
      `${sockets}:/sockets`,
      PYTHON,
      'python3',
      '-c',
      listen,
    );
  }
  await sleep(500);
  const hold =
    "import socket; held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); held.connect('/sockets/peer'); count = [0]";
  const answer = "(count.append(1), held.send(b'message %d' % len(count)))";
  await started('--network', 'host', '-v', `${sockets}:/sockets`, ...python(hold, answer));
  expect(await ask('node-a')).toBe('(None, 9)');
  const refused = await migrate({ name: 'criu-socket', container: NAME, from: 'node-a', to: 'node-b' });
  expect(refused.status).toMatchObject({ phase: 'RolledBack', reason: 'ExternalUnixSocket' });
  expect(await ask('node-a')).toBe('(None, 9)');
  const spec = { criu: ['ext-unix-sk'] };
  await migrateWell({ name: 'criu-socket-kept', container: NAME, from: 'node-a', to: 'node-b', spec });
  expect(await ask('node-b')).toBe('(None, 9)');
  expect(docker('node-b', 'logs', PEER)).toBe("b'message 4'");
  expect(docker('node-a', 'logs', PEER)).toBe("b'message 2'\nb'message 3'");
});

test('--init: the init program is the first process there too, and the container can be moved back', async () => {
  await started('--init', BUSYBOX, 'sh', '-c', 'echo ready; while :; do echo tick >>/ticks; usleep 20000; done');
  const first = inside('node-a', 'cat', '/proc/1/comm');
  expect(first).toMatch(/init|tini/);
  const there = await migrateWell({ name: 'criu-init', container: NAME, from: 'node-a', to: 'node-b' });
  report('--init', there);
  expect(chosen(there)).toContain('mntns-compat-mode');
  expect(inside('node-b', 'cat', '/proc/1/comm')).toBe(first);
  const ticks = (): number => Number(inside('node-b', 'sh', '-c', 'wc -l </ticks'));
  const before = ticks();
  await sleep(300);
  expect(ticks()).toBeGreaterThan(before);
  await migrateWell({ name: 'criu-init-back', container: NAME, from: 'node-b', to: 'node-a' });
  expect(inside('node-a', 'cat', '/proc/1/comm')).toBe(first);
});

test('a plain container is moved without any', async () => {
  await started(BUSYBOX, 'sh', '-c', 'echo ready; while :; do usleep 20000; done');
  expect(chosen(await migrateWell({ name: 'criu-none', container: NAME, from: 'node-a', to: 'node-b' }))).toEqual([]);
});

test('deleted files beyond the limit are refused before anything is touched, and moved when their owner allows it', async () => {
  const hold = "held = open('/gone', 'wb+'); held.write(b'x' * 70000000); held.flush(); os.unlink('/gone')";
  await started(...python(hold, 'os.fstat(held.fileno()).st_size'));
  const refused = await migrate({ name: 'criu-limit', container: NAME, from: 'node-a', to: 'node-b' });
  expect(refused.status).toMatchObject({ phase: 'Failed', reason: 'GhostFileTooLarge' });
  expect(refused.status.message).toContain('/gone');
  expect(stateOf('node-a', NAME)).toBe('running');
  const spec = { criu: ['ghost-limit=100000000'] };
  await migrateWell({ name: 'criu-limit-raised', container: NAME, from: 'node-a', to: 'node-b', spec });
  expect(await ask('node-b')).toBe('70000000');
});
