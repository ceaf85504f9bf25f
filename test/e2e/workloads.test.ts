/** The three workloads of the report that the project began with, each moved forth and back in the lab. */
import { counterScript, expectUnbroken } from '../lib/counter';
import type { NodeName } from '../lib/lab-docker';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations, getMigration, migrateWell, otherNode, report } from '../lib/lab-migration';
import { addressOf } from '../lib/lab-node';
import { mustRun } from '../lib/lab-tools';
import { fetchOnce } from '../lib/http';
import { sleep } from '../lib/waiting';

const NAMES = ['e2e-looper', 'e2e-tree', 'e2e-server'];

beforeEach(() => {
  deleteMigrations();
  removeContainers(...NAMES);
});

afterAll(() => {
  deleteMigrations();
  removeContainers(...NAMES);
});

/**
 * Moves a container `times` times, from node-a to node-b and back and so on, with a look at the world after each move.
 * `look` gets the node that it runs on now and the name of the migration.
 */
async function forthAndBack(
  what: string,
  container: string,
  times: number,
  look: (node: NodeName, migration: string) => Promise<void>,
): Promise<void> {
  let from: NodeName = 'node-a';
  for (let move = 1; move <= times; move++) {
    const to = otherNode(from);
    const name = `move-${container}-${move}-from-${from}`;
    const migration = await migrateWell({ name, container, from, to });
    report(what, migration);
    expect(migration.status.downtime?.frozen).toMatch(/s$/);
    expect(stateOf(to, container)).toBe('running');
    expect(containerNames(from)).not.toContain(container);
    await look(to, name);
    from = to;
  }
}

/** What `kubectl get -o wide` prints of one migration: its columns with their values. */
function printedColumns(name: string): Record<string, string> {
  const [header = '', values = ''] = mustRun('kubectl', ['get', 'cmig', name, '-o', 'wide']).trim().split('\n');
  // By where a column begins: one without a value is blank.
  const columns = [...header.matchAll(/\S+/g)];
  return Object.fromEntries(
    columns.map(({ 0: name, index }, at) => [name, values.slice(index, columns[at + 1]?.index).trim()]),
  );
}

test('one process: the counter goes on through ten moves, no number missing, none doubled', async () => {
  const command = ['transship-lab/busybox:1', 'sh', '-c', counterScript(10_000)];
  docker('node-a', 'run', '-d', '--name', 'e2e-looper', '--restart', 'always', ...command);
  let follower = new LogFollower('node-a', 'e2e-looper');
  let seen = 0;
  await sleep(500);
  await forthAndBack('one process', 'e2e-looper', 10, async (node, name) => {
    seen = (await follower.finish()).length;
    follower = new LogFollower(node, 'e2e-looper');
    if (name === 'move-e2e-looper-1-from-node-a') {
      const { status } = getMigration(name);
      expect(printedColumns(name)).toEqual({
        NAME: name,
        PHASE: 'Succeeded',
        CONTAINER: 'e2e-looper',
        FROM: 'node-a',
        TO: 'node-b',
        DOWNTIME: status.downtime?.frozen,
        AGE: expect.stringMatching(/^\d+s$/) as string,
        REASON: 'Migrated',
        QUEUE: '',
        SIZE: status.checkpoint?.size,
        DRIVER: 'runc',
      });
    }
    await sleep(500);
    expect(docker(node, 'inspect', '-f', '{{.HostConfig.RestartPolicy.Name}} {{.RestartCount}}', 'e2e-looper')).toBe(
      'always 0',
    );
  });
  // What it wrote before the moves came along with each of them.
  expectUnbroken(await follower.finish(500), Math.max(300, seen + 1));
});

test('several processes: the same tree with the same PIDs, and the pipes between them still connected', async () => {
  const script =
    `${counterScript(10_000)} | ` +
    'while read n; do echo $((n * 2)); done | while read n; do echo "pid $$ got $n"; done';
  docker('node-a', 'run', '-d', '--name', 'e2e-tree', 'transship-lab/busybox:1', 'sh', '-c', script);
  const tree = (node: NodeName): string[] =>
    docker(node, 'exec', 'e2e-tree', 'ps', '-o', 'pid,ppid,args')
      .split('\n')
      .map((line) => line.trim())
      // The look itself, and what the first loop starts and ends all the time, are not part of the tree.
      .filter((line) => /^\d+ +[01] /.test(line) && !line.endsWith('ps -o pid,ppid,args'));
  let follower = new LogFollower('node-a', 'e2e-tree');
  await sleep(500);
  const before = tree('node-a');
  expect(before.length).toBeGreaterThanOrEqual(4);
  await forthAndBack('several processes', 'e2e-tree', 2, async (node) => {
    expect(tree(node)).toEqual(before);
    await follower.finish();
    follower = new LogFollower(node, 'e2e-tree');
    await sleep(500);
  });
  const seen = await follower.finish(500);
  expect(seen.length).toBeGreaterThan(100);
  expect(seen).toEqual(seen.map((_line, index) => `pid 1 got ${(index + 1) * 2}`));
});

test('a server that listens: answers on the target with the state it had', async () => {
  const program = `
import http.server, os, time
born, count = time.time_ns(), 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        count += 1
        body = f"{born} {count}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
`;
  docker(
    'node-a',
    'run',
    '-d',
    '--name',
    'e2e-server',
    '-p',
    '8000:8000',
    'transship-lab/python:1',
    'python3',
    '-c',
    program,
  );
  const ask = async (node: NodeName): Promise<{ born: string; count: number }> => {
    const [born = '', count = ''] = (await fetchOnce(`http://${addressOf(node)}:8000/`)).split(' ');
    return { born, count: Number(count) };
  };
  const first = await ask('node-a');
  const { born } = first;
  let { count } = first;
  await forthAndBack('a server', 'e2e-server', 2, async (node) => {
    expect(await ask(node)).toEqual({ born, count: ++count });
    expect(await ask(node)).toEqual({ born, count: ++count });
    await sleep(100);
  });
});
