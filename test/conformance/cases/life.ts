import { askDocker } from '../../lib/chaos-docker';
import { sleep } from '../../lib/waiting';
import type { Look, Place } from '../case';
import { group } from '../case';
import { docker, onNode } from '../lab';
import { ask, BUSYBOX, joined, PYTHON, witness } from '../witness';

const COUNTS = [BUSYBOX, 'sh', '-c', 'echo ready; i=0; while :; do i=$((i+1)); echo $i; usleep 20000; done'];

/** Where the first number is missing or doubled, and how many there are. */
const readLog: Look = async ({ node, name }) => {
  await sleep(300);
  const numbers = (await docker(node, 'logs', name)).trim().split('\n').slice(1).map(Number);
  return {
    same: { gap: numbers.findIndex((number, index) => number !== index + 1) },
    grows: { numbers: numbers.length },
  };
};

export const LIFE = group('Health, restarts, logs, sessions', [
  {
    id: 'health',
    title: 'a health check',
    origin: 'features',
    states: 'Docker finds it healthy again',
    run: [
      ...['--health-cmd', 'test -e /tmp/well', '--health-interval', '1s', '--health-retries', '2'],
      ...witness("open('/tmp/well', 'w').close()"),
    ],
    look: async (place) => joined(await ask(place), { same: { health: await healthOf(place) } }),
    // A check may be running just then.
    differs: ['processes'],
  },
  {
    id: 'restart-always',
    title: '--restart always',
    origin: 'features',
    states: 'the policy is in force on the target: when its program is killed there, Docker starts it again',
    fast: true,
    run: ['--restart', 'always', ...COUNTS],
    // Not by a signal: to Docker, every `docker kill` means that it shall not restart.
    look: readLog,
    // The shell forks its children.
    differs: ['processes'],
    judge: async (_migration, place) => {
      await onNode(place.node, 'kill -9 "$(docker inspect --format "{{.State.Pid}}" "$1")"', place.name);
      for (let looks = 0; looks < 50; looks++) {
        const state = await docker(
          place.node,
          'inspect',
          '--format',
          '{{.State.Status}} {{.RestartCount}}',
          place.name,
        );
        if (state.trim() === 'running 1') return [];
        await sleep(200);
      }
      return ['its program was killed on the target, and Docker did not start it again'];
    },
  },
  {
    id: 'rm',
    title: '--rm',
    origin: 'features',
    states: 'it runs on the target, and is removed there when it ends',
    run: ['--rm', ...witness('')],
    judge: async (_migration, { node, name }) => {
      await docker(node, 'kill', name);
      for (let looks = 0; looks < 50; looks++) {
        if ((await docker(node, 'ps', '--all', '--quiet', '--filter', `name=^${name}$`)).trim() === '') return [];
        await sleep(200);
      }
      return ['it ended on the target, and is still there'];
    },
  },
  {
    id: 'exec',
    title: 'a process of docker exec beside it',
    origin: 'features',
    states: 'the container moves, its own processes all with it; the object says that the exec session is lost',
    run: [PYTHON, 'sleep', '100000'],
    ready: async ({ node, name }) => {
      await docker(node, 'exec', '--detach', name, 'sleep', '99999');
    },
    look: async ({ node, name }) => ({
      same: { first: await docker(node, 'exec', name, 'cat', '/proc/1/cmdline') },
    }),
    // The session's process is one of them before, and gone after.
    differs: ['processes'],
    judge: async ({ status }, { node, name }) => {
      const said = status.source?.checks?.some(({ reason, blocking }) => reason === 'ExecSessionsLost' && !blocking);
      const processes = await docker(node, 'top', name, '-o', 'pid,args');
      return [
        ...(said === true ? [] : ['the object does not say ExecSessionsLost']),
        ...(processes.includes('sleep 100000') ? [] : ['its own process is gone']),
        ...(processes.includes('99999') ? ['the exec process is there, which nobody promised'] : []),
      ];
    },
  },
  {
    id: 'log',
    title: 'a log',
    origin: 'features',
    states: '`docker logs` on the target begins with all that was written before the move, and goes on without a gap',
    run: COUNTS,
    look: readLog,
    // The shell forks its children.
    differs: ['processes'],
  },
]);

async function healthOf({ node, name }: Place): Promise<string> {
  for (let looks = 0; looks < 100; looks++) {
    const { State } = (await askDocker(node, 'GET', `/containers/${name}/json`)) as {
      State: { Health?: { Status: string } };
    };
    if (State.Health?.Status === 'healthy') return 'healthy';
    await sleep(100);
  }
  return 'not healthy within 10 s';
}
