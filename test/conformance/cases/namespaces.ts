import { group } from '../case';
import { docker } from '../lab';
import { BUSYBOX, witness } from '../witness';

const OWNER = 'conformance-network-of-another-owner';

const NAMES = "return {'pid': os.getpid(), 'hostname': socket.gethostname()}";

export const NAMESPACES = group('Namespaces', [
  {
    id: 'hostname',
    title: '--hostname and --domainname',
    origin: 'features',
    states: 'the names, from inside and by docker inspect, and in /etc/hostname',
    run: [
      ...['--hostname', 'ship', '--domainname', 'example.test'],
      ...witness(
        '',
        "return {'hostname': socket.gethostname(), 'file': open('/etc/hostname').read(), 'domain': open('/proc/sys/kernel/domainname').read()}",
      ),
    ],
  },
  {
    id: 'hosts',
    title: '--add-host, --dns, --dns-search',
    origin: 'features',
    states: 'the files that Docker writes: the added host, the name servers, the domains',
    run: [
      ...['--add-host', 'harbour:192.0.2.7', '--dns', '192.0.2.53', '--dns-search', 'example.test'],
      ...witness(
        '',
        "hosts = [line for line in open('/etc/hosts').read().splitlines() if 'harbour' in line]\n" +
          "resolver = [line for line in open('/etc/resolv.conf').read().splitlines() if line[:1] not in '#']\n" +
          "return {'hosts': hosts, 'resolver': resolver, 'found': socket.gethostbyname('harbour')}",
      ),
    ],
  },
  {
    id: 'pid-host',
    title: '--pid host',
    origin: 'features',
    states: 'the PID in the namespace of the node',
    run: ['--pid', 'host', ...witness('', "return {'pid': os.getpid()}")],
  },
  {
    id: 'ipc-shareable',
    title: '--ipc shareable',
    origin: 'features',
    states: 'it counts on, and has its SysV shared memory with what it holds',
    run: [
      '--ipc',
      'shareable',
      ...witness(
        "libc.shmat.restype = ctypes.c_void_p; held = libc.shmat(libc.shmget(0x7357, 4096, 0o1600), None, 0); ctypes.memmove(held, b'kept', 4)",
        "return {'holds': ctypes.string_at(held, 4).decode()}",
      ),
    ],
  },
  {
    id: 'ipc-shareable-shm',
    title: '--ipc shareable, with a file in /dev/shm, which then lies on the node',
    origin: 'features',
    states: 'it is refused before anything is touched, for the file would stay behind',
    expected: { kind: 'refused', phase: 'Failed', reason: 'SharedMemoryNotCarried' },
    run: [
      '--ipc',
      'shareable',
      ...witness("open('/dev/shm/file', 'w').write('kept')", "return {'names': os.listdir('/dev/shm')}"),
    ],
  },
  {
    id: 'ipc-host',
    title: '--ipc host',
    origin: 'features',
    states: 'it counts on, in the IPC namespace of the node',
    run: ['--ipc', 'host', ...witness('')],
  },
  {
    id: 'uts-host',
    title: '--uts host',
    origin: 'features',
    states: 'it counts on; its host name is that of the node that it runs on',
    run: ['--uts', 'host', ...witness('', "return {'pid': os.getpid()}")],
    // Docker writes the node's name down as that of the container.
    differs: ['inspect.Config.Hostname', 'inspect.Config.Domainname'],
  },
  {
    id: 'cgroupns-private',
    title: '--cgroupns private',
    origin: 'features',
    states: 'it sees its own control group as the root, as before',
    run: [
      '--cgroupns',
      'private',
      ...witness('', "return {'cgroup': sorted({line.strip().split(':')[2] for line in open('/proc/self/cgroup')})}"),
    ],
  },
  {
    id: 'namespaces-own',
    title: 'namespaces of its own, as Docker makes them by default',
    origin: 'features',
    states: 'PID and host name inside are the same',
    run: witness('', NAMES),
  },
  {
    id: 'network-of-another',
    title: '--network container:X',
    origin: 'features',
    states: 'it is refused before anything is touched, and runs on',
    run: ['--network', `container:${OWNER}`, ...witness('')],
    expected: { kind: 'refused', phase: 'Failed', reason: 'NetworkModeUnsupported' },
    setUp: async () => {
      await docker('node-a', 'run', '--detach', '--name', OWNER, BUSYBOX, 'sleep', '100000');
    },
  },
]);
