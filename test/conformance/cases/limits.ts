import { group } from '../case';
import { witness } from '../witness';

const CAPABILITIES =
  "return {name: value for name, value in (line.split() for line in open('/proc/self/status') if line.startswith('Cap'))}";

export const LIMITS = group('Limits and rights', [
  {
    id: 'limits',
    title: '--memory, --cpus, --pids-limit, --cpu-shares',
    origin: 'features',
    states: 'the limits of its control groups, and the one on processes is felt: too many are refused',
    fast: true,
    run: [
      ...['--memory', '96m', '--cpus', '0.75', '--pids-limit', '12', '--cpu-shares', '512'],
      ...witness(
        '',
        `
pids = []
try:
    for _ in range(40):
        pid = os.fork()
        if pid == 0: time.sleep(60); os._exit(0)
        pids.append(pid)
    outcome = 'all'
except OSError as refused: outcome = errno.errorcode[refused.errno]
for pid in pids: os.kill(pid, 9); os.waitpid(pid, 0)
return {'outcome': outcome, 'children': len(pids)}
`.trim(),
      ),
    ],
  },
  {
    id: 'ulimits',
    title: '--ulimit',
    origin: 'features',
    states: 'the limits of the process',
    run: [
      ...['--ulimit', 'nofile=512:1024', '--ulimit', 'core=0'],
      ...witness(
        'import resource',
        "return {'nofile': resource.getrlimit(resource.RLIMIT_NOFILE), 'core': resource.getrlimit(resource.RLIMIT_CORE)}",
      ),
    ],
  },
  {
    id: 'capabilities',
    title: '--cap-add NET_ADMIN --cap-drop CHOWN',
    origin: 'features',
    states: 'all five sets of capabilities, and that changing an owner is refused',
    run: [
      ...['--cap-add', 'NET_ADMIN', '--cap-drop', 'CHOWN'],
      ...witness(
        "open('/file', 'w').close()",
        `
try: os.chown('/file', 7, 7); outcome = 'changed'
except OSError as refused: outcome = errno.errorcode[refused.errno]
return {'chown': outcome, **{line.split()[0]: line.split()[1] for line in open('/proc/self/status') if line.startswith('Cap')}}
`.trim(),
      ),
    ],
  },
  {
    id: 'cap-drop-all',
    title: '--cap-drop ALL, no-new-privileges',
    origin: 'features',
    states: 'it has no capability, and can get none',
    run: ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', ...witness('', CAPABILITIES)],
  },
  {
    id: 'privileged',
    title: '--privileged',
    origin: 'features',
    states: 'all its capabilities, and every device',
    run: ['--privileged', ...witness('', CAPABILITIES)],
  },
  {
    id: 'memory-limit-lower',
    title: 'a memory limit on the target that is lower than the memory',
    origin: 'features',
    notRun: 'the target gets the limit of the source: there is no way to ask for a lower one',
  },
]);
