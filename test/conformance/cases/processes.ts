import { sleep } from '../../lib/waiting';
import type { Place } from '../case';
import { group } from '../case';
import { onNode } from '../lab';
import { ask, witness } from '../witness';

/** Three children and a grandchild, one of them in a session of its own; each counts in shared memory. */
const TREE = `
shared = mmap.mmap(-1, 4096)
def child(slot, grandchildren=0):
    pid = os.fork()
    if pid: return pid
    if slot == 1: os.setsid()
    for n in range(grandchildren): child(slot + 4 + n)
    while True:
        struct.pack_into('Q', shared, slot * 8, struct.unpack_from('Q', shared, slot * 8)[0] + 1)
        time.sleep(0.01)
children = [child(0), child(1), child(2, 1)]
time.sleep(0.3)
def processes():
    found = {}
    for pid in sorted(int(name) for name in os.listdir('/proc') if name.isdigit()):
        fields = open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()
        found[pid] = fields[1:4]
    return found
`;

/** Everything that an event loop is made of. Descriptors that have no wrapper in this Python come from libc. */
const EVENTS = `
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
counters = [0] * 4
def work(n):
    while True: counters[n] += 1; time.sleep(0.01)
for n in range(4): threading.Thread(target=work, args=(n,), daemon=True).start()
event = os.eventfd(7, os.EFD_NONBLOCK)
timer = libc.timerfd_create(1, 0o4000)
libc.timerfd_settime(timer, 0, struct.pack('4q', 0, 20000000, 0, 20000000), None)
mask = ctypes.create_string_buffer(128); libc.sigemptyset(mask); libc.sigaddset(mask, int(signal.SIGUSR2))
signals = libc.signalfd(-1, mask, 0o4000)
poller = select.epoll(); poller.register(event, select.EPOLLIN); poller.register(signals, select.EPOLLIN)
expired = 0
`;

/** A line typed by somebody who attaches to the container arrives at its program. */
async function typed({ node, name }: Place, line: string): Promise<void> {
  const script = `{ printf '%s\\n' "$2"; sleep 1; } | timeout --signal=KILL 3 docker attach --sig-proxy=false "$1" >/dev/null 2>&1 || true`;
  await onNode(node, script, name, line);
}

const READ_LINE = `
def read_line():
    ready, _, _ = select.select([0], [], [], 3)
    return os.read(0, 4096).decode().strip() if ready else 'nothing'
`;

const TERMINAL = 'attributes = termios.tcgetattr(0)[:4]\nreturn {"tty": os.ttyname(0), "attributes": attributes}';

export const PROCESSES = group('Processes', [
  {
    id: 'process-tree',
    title: 'several processes, one in a session of its own',
    origin: 'features',
    states: 'every process lives, with its PID, parent, group and session, and each of them counts on',
    fast: true,
    run: witness(
      TREE,
      "counts = {'child %d' % n: struct.unpack_from('Q', shared, n * 8)[0] for n in (0, 1, 2, 6)}\n" +
        "return {'processes': processes(), 'grows': counts}",
    ),
  },
  {
    id: 'pipes',
    title: 'pipes between processes, with something unread in one',
    origin: 'features',
    states: 'a child answers over its pipes, and what was not read yet is still there to be read',
    run: witness(
      `
down, up, unread = os.pipe(), os.pipe(), os.pipe()
if os.fork() == 0:
    total = 0
    while True:
        total += os.read(down[0], 1)[0]
        os.write(up[1], struct.pack('Q', total))
os.write(unread[1], b'left in the pipe')
`,
      `
left = os.read(unread[0], 100); os.write(unread[1], left)
os.write(down[1], b'\\x01')
return {'left': left.decode(), 'grows': {'sum': struct.unpack('Q', os.read(up[0], 8))[0]}}
`.trim(),
    ),
  },
  {
    id: 'events',
    title: 'threads, epoll, eventfd, timerfd, signalfd',
    origin: 'features',
    states: 'all threads count on, the timer expires on, and the epoll tells of the eventfd and of a signal as before',
    fast: true,
    run: witness(
      EVENTS,
      `
global expired
select.select([timer], [], [], 1)
expired += struct.unpack('Q', os.read(timer, 8))[0]
value = os.eventfd_read(event)
quiet = poller.poll(0)
os.eventfd_write(event, value)
os.kill(os.getpid(), signal.SIGUSR2)
told = sorted(fd for fd, _ in poller.poll(1))
number = struct.unpack_from('I', os.read(signals, 128))[0]
return {'value': value, 'quiet': quiet, 'told': told, 'signal': number, 'threads': threading.active_count(),
        'grows': {'expired': expired, **{'thread %d' % n: counters[n] for n in range(4)}}}
`.trim(),
    ),
  },
  {
    id: 'tty',
    title: 'a terminal (-t)',
    origin: 'features',
    states: 'the program has the same terminal with the same settings, and writes to it',
    run: ['--tty', ...witness('import termios', TERMINAL)],
  },
  {
    id: 'stdin',
    title: 'an open stdin (-i)',
    origin: 'features',
    states: 'a line that somebody types who attaches arrives at the program',
    run: ['--interactive', ...witness(READ_LINE, "return {'read': read_line(), 'tty': os.isatty(0)}")],
    look: async (place) => {
      const [reading] = await Promise.all([ask(place), sleep(300).then(() => typed(place, 'typed'))]);
      return reading;
    },
  },
  {
    id: 'tty-and-stdin',
    title: 'a terminal with an open stdin (-it)',
    origin: 'features',
    states: 'the same terminal and settings, and a line typed by somebody who attaches arrives',
    fast: true,
    run: [
      '--tty',
      '--interactive',
      ...witness(
        `import termios\n${READ_LINE}`,
        `line = read_line()\n${TERMINAL.replace('return {', 'return {"read": line, ')}`,
      ),
    ],
    look: async (place) => {
      const [reading] = await Promise.all([ask(place), sleep(300).then(() => typed(place, 'typed'))]);
      return reading;
    },
  },
  {
    id: 'init',
    title: '--init',
    origin: 'features',
    states: 'the init program is the first process, and the one that it started its child',
    fast: true,
    run: ['--init', ...witness('', "return {'pid': os.getpid(), 'first': open('/proc/1/comm').read()}")],
  },
  {
    id: 'seccomp-default',
    title: "Docker's own seccomp filter",
    origin: 'features',
    states: 'the filter is on (Seccomp: 2), and refuses a new user namespace as before',
    fast: true,
    run: witness(
      '',
      "mode = [line.split()[1] for line in open('/proc/self/status') if line.startswith('Seccomp:')][0]\n" +
        "return {'mode': mode, 'unshare': libc.unshare(0x10000000), 'errno': errno.errorcode[ctypes.get_errno()]}",
    ),
  },
  {
    id: 'seccomp-unconfined',
    title: '--security-opt seccomp=unconfined',
    origin: 'features',
    states: 'there is no filter (Seccomp: 0)',
    run: [
      '--security-opt',
      'seccomp=unconfined',
      ...witness(
        '',
        "return {'mode': [l.split()[1] for l in open('/proc/self/status') if l.startswith('Seccomp:')][0]}",
      ),
    ],
  },
  {
    id: 'user',
    title: 'a process that does not run as root (--user 1000)',
    origin: 'features',
    states: 'it counts on, as the same user',
    run: ['--user', '1000', ...witness('', "return {'user': os.getresuid(), 'group': os.getresgid()}")],
    unmovable: ({ hasSysResource }) =>
      hasSysResource
        ? undefined
        : { why: 'this machine keeps CAP_SYS_RESOURCE even from root', reason: 'NotPermitted' },
  },
]);
