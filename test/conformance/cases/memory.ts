import { group } from '../case';
import { witness } from '../witness';

/** Fills a file with bytes of its own, and tells what it holds. */
const FILE = `
def fill(path, size):
    content = os.urandom(size)
    with open(path, 'wb') as file: file.write(content)
def digest(path): return hashlib.sha256(open(path, 'rb').read()).hexdigest()
`;

export const MEMORY = group('Memory', [
  {
    id: 'private-memory',
    title: '64 MiB of its own memory, incompressible',
    origin: 'features',
    states: 'every byte',
    run: witness('held = os.urandom(64 << 20)', "return {'digest': hashlib.sha256(held).hexdigest()}"),
  },
  {
    id: 'tmpfs',
    title: '--tmpfs',
    origin: 'features',
    states: 'the files in it, its size and options; it can be written to',
    fast: true,
    run: [
      '--tmpfs',
      '/scratch:size=8m,mode=1770,noexec',
      ...witness(
        `${FILE}\nfill('/scratch/file', 3 << 20); os.makedirs('/scratch/a/b'); os.symlink('../file', '/scratch/a/link')`,
        `
open('/scratch/new', 'w').write('new')
found = os.statvfs('/scratch')
return {'digest': digest('/scratch/a/link'), 'names': sorted(os.listdir('/scratch')), 'blocks': found.f_blocks,
        'mode': oct(os.stat('/scratch').st_mode)}
`.trim(),
      ),
    ],
  },
  {
    id: 'mount-tmpfs',
    title: '--mount type=tmpfs',
    origin: 'features',
    states: 'the files in it, and its size',
    run: [
      '--mount',
      'type=tmpfs,destination=/scratch,tmpfs-size=8388608',
      ...witness(
        `${FILE}\nfill('/scratch/file', 3 << 20)`,
        "return {'digest': digest('/scratch/file'), 'blocks': os.statvfs('/scratch').f_blocks}",
      ),
    ],
  },
  {
    id: 'dev-shm',
    title: 'a file in /dev/shm, mapped into memory',
    origin: 'features',
    states: 'what it holds, by its name and through the mapping, which are still one',
    run: [
      '--shm-size',
      '16m',
      ...witness(
        `${FILE}\nfill('/dev/shm/file', 2 << 20); file = open('/dev/shm/file', 'rb+'); held = mmap.mmap(file.fileno(), 0)\nturn = 0`,
        `
global turn
turn += 1
held[0:4] = struct.pack('I', turn)
one = struct.unpack('I', open('/dev/shm/file', 'rb').read(4))[0] == turn
return {'digest': hashlib.sha256(held[4:]).hexdigest(), 'one': one, 'blocks': os.statvfs('/dev/shm').f_blocks}
`.trim(),
      ),
    ],
  },
  {
    id: 'shared-memory',
    title: 'shared anonymous memory of two processes',
    origin: 'features',
    states: 'what it holds, and that both write into the same memory',
    run: witness(
      `
shared = mmap.mmap(-1, 1 << 20); shared[4096:] = os.urandom((1 << 20) - 4096)
if os.fork() == 0:
    while True:
        shared[0:8] = struct.pack('Q', struct.unpack('Q', shared[0:8])[0] + 1)
        time.sleep(0.01)
time.sleep(0.1)
`,
      "return {'digest': hashlib.sha256(shared[4096:]).hexdigest(), 'grows': {'child': struct.unpack('Q', shared[0:8])[0]}}",
    ),
  },
  {
    id: 'memfd',
    title: 'a memfd, sealed against growing',
    origin: 'features',
    states: 'what it holds, its name, and its seals',
    fast: true,
    run: witness(
      `
held = os.memfd_create('ours', os.MFD_ALLOW_SEALING); os.write(held, os.urandom(1 << 20))
fcntl.fcntl(held, 1033, 4)
`,
      `
try: grown = os.pwrite(held, b'x', 1 << 20)
except OSError as refused: grown = errno.errorcode[refused.errno]
return {'digest': hashlib.sha256(os.pread(held, 1 << 20, 0)).hexdigest(), 'seals': fcntl.fcntl(held, 1034),
        'name': os.readlink('/proc/self/fd/%d' % held), 'grown': grown}
`.trim(),
    ),
  },
  {
    id: 'sysv-shm',
    title: 'SysV shared memory',
    origin: 'features',
    states: 'the segment by its key and ID, and what it holds',
    run: witness(
      `
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(0x7357, 1 << 20, 0o1600)
held = libc.shmat(segment, None, 0)
ctypes.memmove(held, os.urandom(1 << 20), 1 << 20)
`,
      "return {'digest': hashlib.sha256(ctypes.string_at(held, 1 << 20)).hexdigest(), 'segment': segment, 'found': libc.shmget(0x7357, 0, 0)}",
    ),
  },
]);
