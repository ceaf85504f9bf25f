/** Containers whose TCP connections go on when they move (`spec.connections: Keep`): no byte lost, none repeated. */
import { withBrokenCriu } from '../lib/broken-criu';
import { BulkClient, bulkServer } from '../lib/bulk-stream';
import type { BulkReport } from '../lib/bulk-stream';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import type { MigrationManifest } from '../lib/lab-migration';
import { deleteMigrations, migrate, migrateWell, report } from '../lib/lab-migration';
import { addressOf, inNode, onNode } from '../lib/lab-node';
import { poll } from '../lib/waiting';

const NAME = 'e2e-keep';
const NETWORK = 'e2e-keep-lan';
const PORT = 8200;
const NODES: readonly NodeName[] = ['node-a', 'node-b'];

const clients: BulkClient[] = [];

function clean(): void {
  for (const client of clients.splice(0)) client.kill();
  deleteMigrations();
  removeContainers(NAME);
  for (const node of NODES) inNode(node, 'docker', 'network', 'rm', NETWORK);
}
beforeEach(clean);
afterAll(clean);

/** The nodes' own wire, on which this machine is, too. Addresses are chosen by Docker, where no node has any. */
function createLan(): void {
  const [, lan = ''] = /^(.*)\.\d+$/.exec(addressOf('node-a')) ?? [];
  const range = ['--subnet', `${lan}.0/24`, '--gateway', `${lan}.1`, '--ip-range', `${lan}.192/27`];
  for (const node of NODES) {
    docker(node, 'network', 'create', '--driver', 'macvlan', '--opt', 'parent=eth0', ...range, NETWORK);
  }
}

async function startServer(...options: string[]): Promise<void> {
  const python = ['transship-lab/python:1', 'python3', '-c', bulkServer(PORT)];
  docker('node-a', 'run', '--detach', '--name', NAME, ...options, ...python);
  await poll('the server listens', () => docker('node-a', 'logs', NAME).includes('ready'));
}

interface Endpoint {
  readonly IPAddress: string;
  readonly MacAddress: string;
}

const endpointOn = (node: NodeName): Endpoint => {
  const shown = docker(node, 'inspect', '-f', `{{json (index .NetworkSettings.Networks "${NETWORK}")}}`, NAME);
  const { IPAddress, MacAddress } = JSON.parse(shown) as Endpoint;
  return { IPAddress, MacAddress };
};

async function begin(host: string): Promise<BulkClient> {
  const client = await BulkClient.begun(host, PORT);
  clients.push(client);
  return client;
}

const move = (name: string, from: NodeName = 'node-a', more: Partial<MigrationManifest> = {}): MigrationManifest => ({
  name,
  container: NAME,
  from,
  to: from === 'node-a' ? 'node-b' : 'node-a',
  spec: { connections: 'Keep' },
  ...more,
});

/** What the kernel says of the container's network: interfaces, addresses, routes, queues, rules. */
const networkOf = (node: NodeName): string => {
  const pid = docker(node, 'inspect', '--format', '{{.State.Pid}}', NAME);
  const look = 'ip -o address; ip route; ip -6 route; tc qdisc show; iptables -S; ip6tables -S';
  return onNode(node, `nsenter -t "$1" -n -- sh -c "${look}"`, pid);
};

/** Of the node's own: what a program says that did not get into the container's. */
const nodesNetwork = (): string[] =>
  NODES.map((node) =>
    onNode(node, 'iptables -S OUTPUT; ip6tables -S OUTPUT; ip route show default; tc qdisc show dev eth0'),
  );

function expectWhole(found: BulkReport): void {
  expect(found).toMatchObject({ same: true, broken: null });
  expect(found.error ?? found.firstWrong).toBeUndefined();
  expect(Math.min(found.sentBytes, found.receivedBytes)).toBeGreaterThan(100_000);
}

const say = (what: string, { longestGapMs, receivedBytes }: BulkReport): void => {
  process.stderr.write(`    ${what}: longest gap ${Math.round(longestGapMs)} ms, ${receivedBytes} bytes received\n`);
};

test('in a macvlan network every byte of a stream in both directions arrives, there and back again', async () => {
  createLan();
  await startServer('--network', NETWORK);
  const endpoint = endpointOn('node-a');
  const nodes = nodesNetwork();
  for (const from of NODES) {
    const to = from === 'node-a' ? 'node-b' : 'node-a';
    const one = await begin(endpoint.IPAddress);
    const other = await begin(endpoint.IPAddress);
    const moved = await migrateWell(move(`keep-from-${from}`, from));
    report('a streaming server', moved);
    expect(endpointOn(to)).toEqual(endpoint);
    expect(stateOf(from, NAME)).toBeUndefined();
    // The loopback's counts with both of its ends.
    expect(moved.status.source?.keptConnections?.count).toBe(4);
    expect(moved.status.source?.checks).toContainEqual(
      expect.objectContaining({ reason: 'ConnectionsWillBeKept', blocking: false }),
    );
    for (const client of [one, other]) {
      const found = await client.stop();
      say(`${from} → ${to}`, found);
      expectWhole(found);
    }
    // Nothing of the move is left in its network.
    expect(networkOf(to)).not.toMatch(/7a11|TRANSSHIP|lo .*\/32/);
    expect(nodesNetwork()).toEqual(nodes);
  }
});

test('a wake-up that fails leaves the connections as they were', async () => {
  createLan();
  await startServer('--network', NETWORK);
  const client = await begin(endpointOn('node-a').IPAddress);
  const before = networkOf('node-a');
  await withBrokenCriu('node-b', async () => {
    const { status } = await migrate(move('keep-rolled-back'));
    expect(status.phase).toBe('RolledBack');
  });
  expect(networkOf('node-a')).toBe(before);
  const found = await client.stop();
  say('rolled back', found);
  expectWhole(found);
});

test('what cannot be kept is refused, and served on; what the container has with itself goes along', async () => {
  await startServer('--publish', `${PORT}:${PORT}`);
  const client = await begin(addressOf('node-a'));
  const refused = await migrate(move('keep-refused'));
  expect(refused.status).toMatchObject({ phase: 'Failed', reason: 'ConnectionsNotKeepable' });
  expectWhole(await client.stop());

  const moved = await migrateWell(move('keep-loopback'));
  expect(moved.status.source?.keptConnections?.count).toBe(2);
  const after = await begin(addressOf('node-b'));
  expectWhole(await after.stop());
});
