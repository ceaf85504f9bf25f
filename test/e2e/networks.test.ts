/** Containers with networks of every kind move, and what would go wrong in the middle of a move is refused before. */
import { fetchOnce } from '../lib/http';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import type { MigrationManifest } from '../lib/lab-migration';
import { deleteMigrations, migrate, migrateWell } from '../lib/lab-migration';
import { addressOf, inNode, onNode } from '../lib/lab-node';
import { poll } from '../lib/waiting';

const CONTAINERS = ['net-mover', 'net-peer', 'net-holder', 'net-joined'];
const NETWORKS = ['e2e-front', 'e2e-back', 'e2e-lan'];
const NODES: readonly NodeName[] = ['node-a', 'node-b'];
const SLEEP = ['transship-lab/busybox:1', 'sleep', '100000'];
const PEER = ['transship-lab/python:1', 'sleep', '100000'];
const PORT = 18077;
// Not what Docker 26 makes of an address.
const MAC = '0a:42:00:00:00:14';

/** Answers to HTTP on one address with what only its memory knows: how often it was asked. */
const server = (address: string, port: number): string[] => [
  'transship-lab/python:1',
  'python3',
  '-c',
  `
import http.server, socketserver
count = 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        count += 1
        body = str(count).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
# Not HTTPServer, which asks DNS for its own name.
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("${address}", ${port}), Handler).serve_forever()
`,
];

/** What `docker inspect` says of the container's place in a network. */
interface Endpoint {
  readonly IPAddress: string;
  readonly GlobalIPv6Address: string;
  readonly MacAddress: string;
  readonly Aliases: readonly string[] | null;
}

const endpointsOf = (node: NodeName): Record<string, Endpoint> =>
  JSON.parse(docker(node, 'inspect', '-f', '{{json .NetworkSettings.Networks}}', 'net-mover')) as Record<
    string,
    Endpoint
  >;
const createNetwork = (node: NodeName, name: string, ...how: string[]): string =>
  docker(node, 'network', 'create', ...how, name);
const run = (node: NodeName, name: string, ...how: string[]): string =>
  docker(node, 'run', '-d', '--name', name, ...how);
/** What a container gets for an answer. Not by busybox, whose wget crashes without a terminal. */
const fetchFrom = (container: string, node: NodeName, url: string): string =>
  python(
    node,
    container,
    'import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=3).read().decode())',
    url,
  );
const python = (node: NodeName, container: string, program: string, ...args: string[]): string =>
  docker(node, 'exec', container, 'python3', '-c', program, ...args);
/** The published port, or the host's, as somebody outside of the node sees it. */
const ask = (node: NodeName): Promise<string> => fetchOnce(`http://${addressOf(node)}:${PORT}/`);

/** The answer, once the server listens. */
async function answer(ask: () => string): Promise<string> {
  let said = '';
  await poll('an answer', () => {
    try {
      said = ask();
      return said !== '';
    } catch {
      return false;
    }
  });
  return said;
}

function clean(): void {
  deleteMigrations();
  removeContainers(...CONTAINERS);
  for (const node of NODES) for (const name of NETWORKS) inNode(node, 'docker', 'network', 'rm', name);
}

beforeEach(clean);
afterAll(clean);

const moving = (name: string, more: Partial<MigrationManifest> = {}): MigrationManifest => ({
  name,
  container: 'net-mover',
  from: 'node-a',
  to: 'node-b',
  ...more,
});

test('two networks with fixed addresses, a MAC address and aliases: found by name there, under the same addresses', async () => {
  for (const node of NODES) {
    createNetwork(node, 'e2e-front', '--subnet', '10.97.0.0/24', '--ipv6', '--subnet', 'fd97::/64');
    createNetwork(node, 'e2e-back', '--subnet', '10.96.0.0/24');
    run(node, 'net-peer', '--network', 'e2e-front', ...PEER);
    docker(node, 'network', 'connect', 'e2e-back', 'net-peer');
  }
  const front = ['--network', 'e2e-front', '--ip', '10.97.0.20', '--ip6', 'fd97::20', '--network-alias', 'web'];
  // Bound to the fixed address, not to all: it must be there before the processes are.
  run('node-a', 'net-mover', ...front, '--mac-address', MAC, '-p', `${PORT}:8000`, ...server('10.97.0.20', 8000));
  docker('node-a', 'network', 'connect', '--ip', '10.96.0.7', '--alias', 'store', 'e2e-back', 'net-mover');
  expect(await answer(() => fetchFrom('net-peer', 'node-a', 'http://web:8000/'))).toBe('1');
  const before = endpointsOf('node-a');
  const hostname = docker('node-a', 'exec', 'net-mover', 'hostname');

  const { status } = await migrateWell(moving('net-fixed'));
  expect(status.target?.checks).toEqual([]);
  expect(stateOf('node-a', 'net-mover')).toBeUndefined();
  const after = endpointsOf('node-b');
  expect(Object.keys(after).sort()).toEqual(['e2e-back', 'e2e-front']);
  expect(after['e2e-front']).toMatchObject({
    ...{ IPAddress: '10.97.0.20', GlobalIPv6Address: 'fd97::20', MacAddress: MAC },
    Aliases: before['e2e-front']?.Aliases,
  });
  expect(after['e2e-back']).toMatchObject({ IPAddress: '10.96.0.7', Aliases: ['store'] });
  // The memory, asked by every name that a neighbour may know, and by the published port.
  let count = 1;
  for (const name of ['web', 'net-mover', hostname]) {
    expect(fetchFrom('net-peer', 'node-b', `http://${name}:8000/`)).toBe(String(++count));
  }
  expect(await ask('node-b')).toBe(String(count + 1));
  // By its name in the second network it has the address of that.
  expect(python('node-b', 'net-peer', 'import socket; print(socket.gethostbyname("store"))')).toBe('10.96.0.7');
  // What the kernel says inside.
  const addresses = docker('node-b', 'exec', 'net-mover', 'cat', '/proc/net/fib_trie', '/proc/net/if_inet6');
  for (const address of ['10.97.0.20', '10.96.0.7', 'fd970000000000000000000000000020']) {
    expect(addresses).toContain(address);
  }
  expect(docker('node-b', 'exec', 'net-mover', 'sh', '-c', 'cat /sys/class/net/*/address')).toContain(MAC);
});

test("the host's network: the port that it listens on is the target's, and must be free there", async () => {
  run('node-a', 'net-mover', '--network', 'host', ...server('', PORT));
  expect(await ask('node-a')).toBe('1');
  run('node-b', 'net-holder', '--network', 'host', ...server('', PORT));
  expect(await ask('node-b')).toBe('1');
  const { status } = await migrate(moving('net-host-taken'));
  expect([status.phase, status.reason]).toEqual(['Failed', 'PortTaken']);
  docker('node-b', 'rm', '-f', 'net-holder');

  await migrateWell(moving('net-host'));
  expect(await ask('node-b')).toBe('2');
  expect(onNode('node-a', 'cat /proc/net/tcp')).not.toMatch(new RegExp(`:${PORT.toString(16)} \\S+ 0A `, 'i'));
});

test('no network at all: none there either', async () => {
  run('node-a', 'net-mover', '--network', 'none', ...SLEEP);
  await migrateWell(moving('net-none'));
  expect(Object.keys(endpointsOf('node-b'))).toEqual(['none']);
  expect(docker('node-b', 'exec', 'net-mover', 'ls', '/sys/class/net')).toBe('lo');
});

test('macvlan with a fixed address: the same addresses, and a neighbour on the wire reaches it', async () => {
  for (const node of NODES) {
    createNetwork(node, 'e2e-lan', '-d', 'macvlan', '--subnet', '10.95.0.0/24', '-o', 'parent=eth0');
  }
  const fixed = ['--network', 'e2e-lan', '--ip', '10.95.0.20', '--mac-address', MAC];
  run('node-a', 'net-mover', ...fixed, ...server('10.95.0.20', 8000));
  run('node-b', 'net-peer', '--network', 'e2e-lan', '--ip', '10.95.0.30', ...PEER);
  expect(await answer(() => fetchFrom('net-mover', 'node-a', 'http://10.95.0.20:8000/'))).toBe('1');
  await migrateWell(moving('net-macvlan'));
  expect(endpointsOf('node-b')['e2e-lan']).toMatchObject({ IPAddress: '10.95.0.20', MacAddress: MAC });
  expect(await answer(() => fetchFrom('net-peer', 'node-b', 'http://10.95.0.20:8000/'))).toBe('2');
});

describe('refused before anything is touched', () => {
  /** Looks, expects the finding, and that the container runs as if nothing had happened. */
  async function finds(name: string, reason: string, blocks: boolean, message: RegExp): Promise<string> {
    const before = docker('node-a', 'inspect', 'net-mover');
    const { status } = await migrate(moving(name, { spec: { mode: 'Preflight' } }));
    const checks = [...(status.source?.checks ?? []), ...(status.target?.checks ?? [])];
    expect(checks.map((check) => [check.reason, check.blocking])).toEqual([[reason, blocks]]);
    expect(status.phase).toBe(blocks ? 'Failed' : 'Checked');
    expect(checks[0]?.message).toMatch(message);
    expect(docker('node-a', 'inspect', 'net-mover')).toBe(before);
    return checks[0]?.message ?? '';
  }

  test("another container's network", async () => {
    run('node-a', 'net-peer', ...SLEEP);
    run('node-a', 'net-mover', '--network', 'container:net-peer', ...SLEEP);
    await finds('net-joined', 'NetworkModeUnsupported', true, /another container/);
  });

  test('a network that is missing, and the line of the message makes the one that is needed', async () => {
    createNetwork('node-a', 'e2e-front', '--subnet', '10.97.0.0/24', '--ip-range', '10.97.0.128/25', '-o', 'a=it is');
    run('node-a', 'net-mover', '--network', 'e2e-front', '--ip', '10.97.0.20', ...SLEEP);
    const message = await finds('net-missing', 'NetworkMissing', true, /node-b has no Docker network "e2e-front"/);
    const line = /docker network create .*$/.exec(message)?.[0] ?? 'false';
    onNode('node-b', line);
    const { status } = await migrate(moving('net-made', { spec: { mode: 'Preflight' } }));
    expect([status.phase, status.target?.checks]).toEqual(['Checked', []]);
    const made = (node: NodeName): unknown =>
      JSON.parse(docker(node, 'network', 'inspect', '-f', '[{{json .IPAM.Config}},{{json .Options}}]', 'e2e-front'));
    expect(made('node-b')).toEqual(made('node-a'));
  });

  test('networks of the same name that differ, and addresses that are taken', async () => {
    const again = (...how: string[]): void => {
      inNode('node-b', 'docker', 'rm', '-f', 'net-holder');
      inNode('node-b', 'docker', 'network', 'rm', 'e2e-front');
      createNetwork('node-b', 'e2e-front', ...how);
    };
    createNetwork('node-a', 'e2e-front', '--subnet', '10.97.0.0/24');
    run('node-a', 'net-mover', '--network', 'e2e-front', '--ip', '10.97.0.20', '--mac-address', MAC, ...SLEEP);
    again('-d', 'macvlan', '--subnet', '10.97.0.0/24', '-o', 'parent=eth0');
    await finds('net-driver', 'NetworkDriverDiffers', true, /bridge on the source and macvlan on node-b/);
    again('--subnet', '10.94.0.0/24');
    await finds('net-outside', 'AddressOutsideSubnet', true, /10\.97\.0\.20 .* 10\.94\.0\.0\/24/);
    again('--subnet', '10.97.0.0/24');
    run('node-b', 'net-holder', '--network', 'e2e-front', '--ip', '10.97.0.20', ...SLEEP);
    await finds('net-taken', 'AddressTaken', true, /container net-holder/);
    docker('node-b', 'rm', '-f', 'net-holder');
    run('node-b', 'net-holder', '--network', 'e2e-front', '--mac-address', MAC, ...SLEEP);
    await finds('net-mac', 'MacAddressTaken', true, /container net-holder/);
  });

  test('another subnet is said, and is no obstacle for a container whose address Docker chose', async () => {
    createNetwork('node-a', 'e2e-front', '--subnet', '10.97.0.0/24');
    createNetwork('node-b', 'e2e-front', '--subnet', '10.94.0.0/24');
    run('node-a', 'net-mover', '--network', 'e2e-front', ...server('', 8000));
    await finds('net-subnet', 'SubnetDiffers', false, /10\.97\.0\.0\/24 on the source and 10\.94\.0\.0\/24 on node-b/);
    await migrateWell(moving('net-other-subnet'));
    const address = endpointsOf('node-b')['e2e-front']?.IPAddress ?? '';
    expect(address).toMatch(/^10\.94\.0\./);
    expect(await answer(() => fetchFrom('net-mover', 'node-b', `http://${address}:8000/`))).toBe('1');
  });

  test('a listener on an address that Docker chose', async () => {
    createNetwork('node-a', 'e2e-front', '--subnet', '10.97.0.0/24');
    createNetwork('node-b', 'e2e-front', '--subnet', '10.97.0.0/24');
    run('node-a', 'net-mover', '--network', 'e2e-front', ...server('10.97.0.2', 8000));
    expect(await answer(() => fetchFrom('net-mover', 'node-a', 'http://10.97.0.2:8000/'))).toBe('1');
    await finds('net-bound', 'AddressNotFixed', true, /10\.97\.0\.2 port 8000\/tcp/);
  });

  test('a listener on an address of the host that the target does not have', async () => {
    const address = addressOf('node-a');
    run('node-a', 'net-mover', '--network', 'host', ...server(address, PORT));
    expect(await ask('node-a')).toBe('1');
    await finds('net-host-address', 'AddressMissing', true, new RegExp(`node-b does not have: ${address}`));
  });
});
