import type { ContainerMigration } from '../../../src/api/types';
import type { Case } from '../case';
import { group } from '../case';
import { onBoth } from '../lab';
import { witness } from '../witness';

/** On the volume that all nodes have mounted: a root file system that is an overlay itself has no handles for files. */
const WATCHED = '/mnt/transship/.conformance-watched';

/** That CRIU was told so, which is chosen from what the container has. */
const told =
  (option: string): NonNullable<Case['judge']> =>
  ({ status }: ContainerMigration) => {
    const chosen = (status.source?.criuOptions ?? []).map((one) => one.option);
    return Promise.resolve(chosen.includes(option) ? [] : [`CRIU was told ${chosen.join(', ')}, not ${option}`]);
  };

/** A file that is made there while it is asked is reported to the watch. */
const watching = (path: string, options: readonly string[] = []): readonly string[] => [
  ...options,
  ...witness(
    `
os.makedirs('${path}', exist_ok=True)
watch = libc.inotify_init1(0o4000)
number = libc.inotify_add_watch(watch, b'${path}', 0x100)
turn = 0
`,
    `
global turn
turn += 1
name = '%s-%d' % (born, turn)
open('${path}/' + name, 'w').close()
time.sleep(0.1)
found = os.read(watch, 4096)
os.remove('${path}/' + name)
return {'watch': struct.unpack_from('i', found)[0], 'told': name.encode() in found}
`.trim(),
  ),
];

export const FILES = group('Files', [
  {
    id: 'changed-files',
    title: 'files of the image changed, added and deleted, none of them open',
    origin: 'features',
    states: 'the contents, owners and modes of those files, and that the deleted ones are gone',
    run: witness(
      `
os.makedirs('/added/deep'); open('/added/deep/file', 'w').write('added'); os.link('/added/deep/file', '/added/other')
os.chown('/added/other', 7, 8); os.chmod('/added/other', 0o4751); os.setxattr('/added/other', 'user.colour', b'blue')
open('/etc/passwd', 'a').write('changed'); os.remove('/etc/group')
`,
      `
found = os.stat('/added/other')
return {'file': open('/added/deep/file').read(), 'passwd': open('/etc/passwd').read()[-7:],
        'deleted': os.path.exists('/etc/group'), 'owner': [found.st_uid, found.st_gid], 'mode': oct(found.st_mode),
        'links': found.st_nlink, 'colour': os.getxattr('/added/other', 'user.colour').decode()}
`.trim(),
    ),
  },
  {
    id: 'open-file',
    title: 'a file of its own that is open and written to',
    origin: 'features',
    states: 'the descriptor, its position and flags, and a file without a gap',
    run: witness(
      `
held = open('/log', 'a+'); held.write('begun\\n'); held.flush()
`,
      `
held.write('line\\n'); held.flush()
lines = open('/log').read().splitlines()
return {'first': lines[0], 'rest': sorted(set(lines[1:])), 'flags': fcntl.fcntl(held, fcntl.F_GETFL),
        'fd': held.fileno(), 'grows': {'lines': len(lines), 'position': held.tell()}}
`.trim(),
    ),
  },
  {
    id: 'deleted-small',
    title: 'a deleted file that is open, 500 kB',
    origin: 'features',
    states: 'what it holds, and that it has no name',
    run: witness(
      "held = open('/gone', 'wb+'); held.write(os.urandom(500000)); held.flush(); os.unlink('/gone')",
      "return {'digest': hashlib.sha256(os.pread(held.fileno(), 500000, 0)).hexdigest(), 'links': os.fstat(held.fileno()).st_nlink, 'named': os.path.exists('/gone')}",
    ),
  },
  {
    id: 'deleted-large',
    title: 'a deleted file that is open, 5 MB',
    origin: 'features',
    states: 'what it holds, and that it has no name',
    fast: true,
    run: witness(
      "held = open('/gone', 'wb+'); held.write(os.urandom(5000000)); held.flush(); os.unlink('/gone')",
      "return {'digest': hashlib.sha256(os.pread(held.fileno(), 5000000, 0)).hexdigest(), 'links': os.fstat(held.fileno()).st_nlink, 'named': os.path.exists('/gone')}",
    ),
    judge: told('ghost-limit=67108864'),
  },
  {
    id: 'deleted-name',
    title: 'a file open by a deleted name that has another hard link',
    origin: 'features',
    states: 'it is still the same file as the other name shows, and no name was added',
    run: witness(
      "held = open('/one', 'w+'); held.write('kept'); held.flush(); os.link('/one', '/two'); os.unlink('/one')",
      "return {'same': os.path.samestat(os.fstat(held.fileno()), os.stat('/two')), 'holds': os.pread(held.fileno(), 9, 0).decode(), 'names': sorted(n for n in os.listdir('/') if n == 'one' or 'remap' in n)}",
    ),
    judge: told('link-remap'),
  },
  {
    id: 'flock',
    title: 'a lock on a file (flock)',
    origin: 'features',
    states: 'the lock is held: nobody else gets it',
    fast: true,
    run: witness(
      "held = open('/locked', 'w'); fcntl.flock(held, fcntl.LOCK_EX)",
      `
other = open('/locked', 'w')
try: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB); outcome = 'got it'
except BlockingIOError: outcome = 'held'
finally: other.close()
return {'lock': outcome}
`.trim(),
    ),
    judge: told('file-locks'),
  },
  {
    id: 'posix-lock',
    title: 'a POSIX lock on part of a file',
    origin: 'features',
    states: 'the lock is held on that part: another process does not get it, and gets the rest',
    run: witness(
      "held = open('/locked', 'w+b'); held.write(bytes(100)); held.flush(); fcntl.lockf(held, fcntl.LOCK_EX, 10, 20)",
      `
def tries(length, start):
    pid = os.fork()
    if pid == 0:
        try: fcntl.lockf(open('/locked', 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB, length, start); os._exit(0)
        except OSError: os._exit(1)
    return ['got it', 'held'][os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]
return {'part': tries(10, 20), 'rest': tries(10, 50)}
`.trim(),
    ),
    judge: told('file-locks'),
  },
  {
    id: 'inotify-overlay',
    title: 'a directory of its own watched with inotify',
    origin: 'features',
    states: 'the watch tells of a file that is made there, after the move as before',
    run: watching('/watched/deep'),
    judge: told('irmap-scan-path=/watched/deep'),
  },
  {
    id: 'inotify-tmpfs',
    title: 'a directory in a tmpfs watched with inotify',
    origin: 'features',
    states: 'the watch tells of a file that is made there, after the move as before',
    run: watching('/scratch/deep', ['--tmpfs', '/scratch']),
  },
  {
    id: 'inotify-bind',
    title: 'a mounted directory watched with inotify',
    origin: 'features',
    states: 'the watch tells of a file that is made there, after the move as before',
    run: watching('/watched', ['--volume', `${WATCHED}:/watched`]),
    spec: { volumes: 'RequireShared' },
    setUp: () => onBoth('mkdir -p "$1"', WATCHED),
    tearDown: () => onBoth('rm -rf "$1"', WATCHED),
  },
]);
