import { createHash } from 'node:crypto';
import { fetchOnce } from '../../lib/http';
import { sleep } from '../../lib/waiting';
import type { Case, Look, Place, Reading } from '../case';
import { group } from '../case';
import { docker } from '../lab';
import { RedisClient } from '../redis-client';
import { RedisWriter } from '../redis-writer';
import { BUSYBOX, PYTHON } from '../witness';
import { ASYNCIO, JAVA, NGINX, NODE } from './programs';

const IMAGE = 'transship-lab/servers:1';
const PORT = 18_230;
const KEYS = 100_000;
const CHUNK = 1_000;
const CHUNKS = [...Array(KEYS / CHUNK).keys()];

/** A server whose answer over HTTP is a reading. */
const tells: Look = async ({ address }) => JSON.parse(await fetchOnce(`http://${address}:${PORT}/`)) as Reading;
const answers = async (place: Place): Promise<void> => {
  await fetchOnce(`http://${place.address}:${PORT}/`);
};
const PUBLISHED = ['--publish', `${PORT}:8000`];

const keyOf = (chunk: number, index: number): string => `key:${chunk * CHUNK + index}`;

/** Waits for the server, and gives it its keys. */
async function fill({ address }: Place): Promise<void> {
  for (let tries = 0; ; tries++) {
    const client = new RedisClient(address, PORT);
    try {
      await client.call(['PING']);
      for (const chunk of CHUNKS) {
        const pairs = Array.from({ length: CHUNK }, (_, index) => [
          keyOf(chunk, index),
          `value ${chunk} ${index * 7919}`,
        ]);
        await client.call(['MSET', ...pairs.flat()]);
      }
      return;
    } catch (error) {
      if (tries > 50) throw error;
      await sleep(100);
    } finally {
      client.close();
    }
  }
}

/** Every key and its value, and who the server says that it is. */
const readKeys: Look = async ({ address }) => {
  const client = new RedisClient(address, PORT);
  try {
    const digest = createHash('sha256');
    let found = 0;
    for (const chunk of CHUNKS) {
      const values = await client.call(['MGET', ...Array.from({ length: CHUNK }, (_, index) => keyOf(chunk, index))]);
      for (const value of Array.isArray(values) ? values : []) {
        if (value !== null) found++;
        digest.update(`${String(value)}\n`);
      }
    }
    const info = String(await client.call(['INFO']));
    const field = (name: string): string => new RegExp(`^${name}:(.*)\r?$`, 'm').exec(info)?.[1]?.trim() ?? '';
    return {
      same: { keys: found, values: digest.digest('hex'), run: field('run_id'), pid: field('process_id') },
      grows: { commands: Number(field('total_commands_processed')) },
    };
  } finally {
    client.close();
  }
};

const requests: Look = async ({ address }) => {
  const page = await fetchOnce(`http://${address}:${PORT}/page`);
  const status = await fetchOnce(`http://${address}:${PORT}/status`);
  return { same: { page }, grows: { requests: Number(/^ \d+ \d+ (\d+)/m.exec(status)?.[1]) } };
};

const nginx = (more: string): readonly string[] => [...PUBLISHED, IMAGE, 'sh', '-c', NGINX, 'sh', more];

/** Its first process still answers to signals: the workers are replaced by new ones, which serve. */
const reloads: NonNullable<Case['judge']> = async (_migration, place) => {
  const workers = async (): Promise<string> => docker(place.node, 'top', place.name, '-C', 'nginx', '-o', 'pid,args');
  const before = await workers();
  await docker(place.node, 'kill', '--signal', 'HUP', place.name);
  await sleep(1_000);
  await requests(place);
  return (await workers()) === before ? ['nginx did not replace its workers when it was told to reload'] : [];
};

/** Numbers, their sum, and a file that the last part of the pipeline writes. */
const PIPELINE =
  'i=0; while :; do i=$((i+1)); echo $i; usleep 5000; done | ' +
  "awk '{ sum += $1; if ($1 != NR) wrong++; print NR, sum, wrong + 0; fflush() }' | " +
  'while read -r n sum wrong; do echo "$n $sum $wrong" >/state.new; mv /state.new /state; done';

export const SERVERS = group('Real servers and programs', [
  {
    id: 'redis',
    title: `redis with ${KEYS.toLocaleString('en')} keys, and a client that writes all the time (connections: Close)`,
    origin: 'server',
    states: 'every key and value, the same run of the server; every write that was acknowledged to the client',
    run: [
      ...['--publish', `${PORT}:6379`, IMAGE, 'redis-server', '--bind', '0.0.0.0', '--protected-mode', 'no'],
      ...['--save', '', '--dir', '/tmp'],
    ],
    spec: { connections: 'Close' },
    ready: fill,
    look: readKeys,
    beside: ({ address }) => {
      const other = address.replace(/\d+$/, (last) => String(Number(last) + 1));
      return Promise.resolve(new RedisWriter([address, other], PORT));
    },
  },
  {
    id: 'nginx',
    title: 'nginx with a master and two workers, all as root',
    origin: 'server',
    states: 'the page, the count of its requests, master and workers; afterwards it reloads when told to',
    run: nginx('user root; worker_processes 2;'),
    ready: answers,
    look: requests,
    judge: reloads,
  },
  {
    id: 'nginx-one-process',
    title: 'nginx with master_process off',
    origin: 'features',
    states: 'the page, and the count of its requests',
    run: nginx('user root; master_process off;'),
    ready: answers,
    look: requests,
  },
  {
    id: 'nginx-nobody',
    title: 'nginx whose workers do not run as root',
    origin: 'features',
    states: 'the page, the count of its requests, master and workers',
    run: nginx('user nobody nogroup; worker_processes 2;'),
    ready: answers,
    look: requests,
    unmovable: ({ hasSysResource }) =>
      hasSysResource
        ? undefined
        : { why: 'this machine keeps CAP_SYS_RESOURCE even from root', reason: 'NotPermitted' },
  },
  {
    id: 'asyncio',
    title: 'a Python asyncio server with a task, a timer and a child process',
    origin: 'server',
    states: 'its state, its task and its child, which answers over its pipes',
    run: [...PUBLISHED, PYTHON, 'python3', '-c', ASYNCIO],
    ready: answers,
    look: tells,
  },
  {
    id: 'node',
    title: 'a Node.js server with 50,000 objects, timers, and a file read by its thread pool',
    origin: 'server',
    states: 'its objects, its timers go on, its thread pool works',
    run: [...PUBLISHED, IMAGE, 'node', '-e', NODE],
    ready: answers,
    look: tells,
  },
  {
    id: 'jvm',
    title: 'a JVM with an HTTP server, 50,000 objects, a scheduler, and a collection of its garbage at every request',
    origin: 'server',
    states: 'its objects, its scheduler and its threads go on, the garbage collector works',
    run: [
      ...[...PUBLISHED, IMAGE, 'sh', '-c', 'printf %s "$1" >/tmp/Main.java; exec java -Xmx128m /tmp/Main.java'],
      ...['sh', JAVA],
    ],
    ready: answers,
    look: tells,
    // It begins and ends threads as it needs them.
    differs: ['processes'],
  },
  {
    id: 'pipeline',
    title: 'a shell pipeline of three programs',
    origin: 'server',
    states: 'no line is lost, doubled or out of order on its way through the pipes: the sum is right',
    fast: true,
    run: [BUSYBOX, 'sh', '-c', PIPELINE],
    ready: async () => {
      await sleep(500);
    },
    look: async ({ node, name }) => {
      const [lines = 0, sum = 0, wrong = -1] = (await docker(node, 'exec', name, 'cat', '/state'))
        .split(' ')
        .map(Number);
      return { same: { wrong, isRight: sum === (lines * (lines + 1)) / 2 }, grows: { lines } };
    },
    // The shells fork their children.
    differs: ['processes'],
  },
  {
    id: 'postgres',
    title: 'PostgreSQL',
    origin: 'features',
    notRun:
      'it refuses to run as root, and this machine keeps CAP_SYS_RESOURCE even from root (see user); the image of servers has none',
  },
]);
