/** Containers behind an address of the node that moves with them (`spec.network`): no byte lost, none repeated. */
import { withBrokenCriu } from '../lib/broken-criu';
import { BulkClient, bulkServer } from '../lib/bulk-stream';
import type { BulkReport } from '../lib/bulk-stream';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import type { MigrationManifest } from '../lib/lab-migration';
import { deleteMigrations, migrate, migrateWell, report } from '../lib/lab-migration';
import { addressOf, inNode, onNode } from '../lib/lab-node';
import { poll } from '../lib/waiting';

const NAME = 'e2e-hook';
const NETWORK = 'e2e-hook-net';
const HOOK = 'e2e-vip';
const HOOK_PATH = `/etc/transship/hooks/${HOOK}`;
const PORT = 8210;
const NODES: readonly NodeName[] = ['node-a', 'node-b'];
const other = (node: NodeName): NodeName => (node === 'node-a' ? 'node-b' : 'node-a');

const [, lan = ''] = /^(.*)\.\d+$/.exec(addressOf('node-a')) ?? [];
const VIP = `${lan}.250`;

/** As docs/connections.md has it, for this one address. */
const SCRIPT = `#!/bin/sh
set -eu
request=$(cat)
case $request in *'"addresses":["${VIP}"]'*) ;; *) echo "only ${VIP} may be moved" >&2; exit 1 ;; esac
case $1 in
acquire)
  ip address replace ${VIP}/32 dev eth0
  sysctl -qw net.ipv4.conf.eth0.arp_notify=1
  ip link set dev eth0 address "$(ip -o link show dev eth0 | sed 's|.* link/ether \\([^ ]*\\).*|\\1|')"
  ;;
release) ip address del ${VIP}/32 dev eth0 2>/dev/null || ! ip -o address show dev eth0 | grep -qF ' ${VIP}/' ;;
esac
`;

const clients: BulkClient[] = [];

function clean(): void {
  for (const client of clients.splice(0)) client.kill();
  deleteMigrations();
  removeContainers(NAME);
  for (const node of NODES) {
    inNode(node, 'docker', 'network', 'rm', NETWORK);
    inNode(node, 'ip', 'address', 'del', `${VIP}/32`, 'dev', 'eth0');
    inNode(node, 'rm', '-f', HOOK_PATH);
    // Of the container that has just been removed: the agent's next sweep would do it.
    for (const family of ['iptables', 'ip6tables']) {
      onNode(node, '"$1-save" -t nat | grep -v TRANSSHIP-AS- | "$1-restore"', family);
    }
  }
}
beforeEach(() => {
  clean();
  for (const node of NODES) {
    onNode(node, 'mkdir -p "${1%/*}"; printf %s "$2" >"$1"; chmod 755 "${1%/*}" "$1"', HOOK_PATH, SCRIPT);
  }
  onNode('node-a', 'printf %s "$2" | "$1" acquire', HOOK_PATH, `"addresses":["${VIP}"]`);
});
afterAll(clean);

async function startServer(...options: string[]): Promise<void> {
  const python = ['transship-lab/python:1', 'python3', '-c', bulkServer(PORT)];
  docker('node-a', 'run', '--detach', '--name', NAME, ...options, ...python);
  await poll('the server listens', () => docker('node-a', 'logs', NAME).includes('ready'));
}

async function begin(): Promise<BulkClient> {
  const client = await BulkClient.begun(VIP, PORT);
  clients.push(client);
  return client;
}

const move = (name: string, from: NodeName = 'node-a', addresses = [VIP]): MigrationManifest => ({
  name,
  container: NAME,
  from,
  to: other(from),
  spec: { connections: 'Keep', network: { moveHook: HOOK, addresses } },
});

const holders = (): NodeName[] =>
  NODES.filter((node) => onNode(node, 'ip -o address show dev eth0').includes(` ${VIP}/`));
const rulesOf = (node: NodeName): string =>
  onNode(node, 'for table in raw nat filter; do iptables -t $table -S; ip6tables -t $table -S; done');
/** What keeps TCP away from an address that moves. */
const gates = (): string => NODES.map((node) => onNode(node, 'iptables -t raw -S')).join('\n');

function expectWhole(found: BulkReport): void {
  expect(found).toMatchObject({ same: true, broken: null });
  expect(found.error ?? found.firstWrong).toBeUndefined();
  // A block at least, also of one that came only at the end.
  expect(Math.min(found.sentBytes, found.receivedBytes)).toBeGreaterThan(16_000);
}

const say = (what: string, { longestGapMs, receivedBytes }: BulkReport): void => {
  process.stderr.write(`    ${what}: longest gap ${Math.round(longestGapMs)} ms, ${receivedBytes} bytes received\n`);
};

/** One goes there and back, another only back: what a move leaves on a node must not be in the way of the next. */
async function thereAndBack(what: string, first: BulkClient): Promise<void> {
  const streaming = [first];
  for (const from of NODES) {
    const moved = await migrateWell(move(`hook-from-${from}`, from));
    report(`a streaming server ${what}`, moved);
    // The loopback's counts with both of its ends.
    expect(moved.status.source?.keptConnections?.count).toBe(2 + streaming.length);
    expect(holders()).toEqual([other(from)]);
    expect(stateOf(from, NAME)).toBeUndefined();
    expect(rulesOf(from)).not.toContain('TRANSSHIP');
    expect(gates()).not.toContain('TRANSSHIP');
    streaming.push(await begin());
  }
  for (const client of streaming) {
    const found = await client.stop();
    say(what, found);
    expectWhole(found);
  }
}

test('with --network host every byte of a stream in both directions arrives, there and back again', async () => {
  await startServer('--network', 'host');
  await thereAndBack('with --network host', await begin());
});

test('so it does when its memory comes later', async () => {
  await startServer('--network', 'host');
  const client = await begin();
  const { spec, ...eager } = move('hook-lazy');
  const moved = await migrateWell({ ...eager, spec: { ...spec, memory: 'Lazy' } });
  report('a streaming server whose memory comes later', moved);
  expect(moved.status.target?.lazyPages).toBe('Done');
  expect(holders()).toEqual(['node-b']);
  const found = await client.stop();
  say('whose memory comes later', found);
  expectWhole(found);
});

test('so it does at a published port, also when a wake-up fails before', async () => {
  for (const node of NODES) docker(node, 'network', 'create', '--subnet', '172.30.9.0/24', NETWORK);
  await startServer('--network', NETWORK, '--publish', `${PORT}:${PORT}`);
  const client = await begin();
  const before = rulesOf('node-b');
  await withBrokenCriu('node-b', async () => {
    const { status } = await migrate(move('hook-rolled-back'));
    expect(status.phase).toBe('RolledBack');
  });
  expect(holders()).toEqual(['node-a']);
  expect(rulesOf('node-b')).toBe(before);
  expect(rulesOf('node-a')).not.toContain('TRANSSHIP');
  await thereAndBack('at a published port', client);
});

test('a hook that others may write is not run, and one that is not willing is obeyed', async () => {
  await startServer('--network', 'host');
  const foreign = await migrate(move('hook-foreign', 'node-a', [addressOf('node-a')]));
  expect(foreign.status).toMatchObject({ phase: 'Failed', reason: 'MoveHookFailed' });
  expect(foreign.status.message).toContain(`only ${VIP} may be moved`);
  const client = await begin();
  onNode('node-b', 'chmod 777 "$1"', HOOK_PATH);
  const unsafe = await migrate(move('hook-unsafe'));
  expect(unsafe.status).toMatchObject({ phase: 'Failed', reason: 'MoveHookUnsafe' });
  expect(holders()).toEqual(['node-a']);
  expectWhole(await client.stop());
});
