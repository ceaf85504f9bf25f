/** A server with clients: refused by default, and moved with `spec.connections: Close`, which everybody notices at once. */
import type { ContainerMigration } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import { withBrokenCriu } from '../lib/broken-criu';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers, stateOf } from '../lib/lab-docker';
import type { MigrationManifest } from '../lib/lab-migration';
import { apply, deleteMigrations, getMigration, migrate, report } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { mustRun } from '../lib/lab-tools';
import { MigrationWatch } from '../lib/migration-watch';
import { TcpClient } from '../lib/tcp-client';
import { poll } from '../lib/waiting';

const NAME = 'e2e-connections';
const BYSTANDER = 'e2e-connections-bystander';
const PORT = 8100;

/**
 * Greets everybody, streams to who asks for it, and tells whose connection has ended, how. Its first client is itself.
 */
const SERVER = `
import socket, sys, threading, time
port = int(sys.argv[1])
def say(*words): print(*words, flush=True)
def serve(peer, c):
    try:
        c.sendall(b"hello\\n")
        while True:
            asked = c.recv(16)
            if not asked: raise EOFError()
            if asked.startswith(b"stream"):
                while True: c.sendall(b"x" * 100); time.sleep(.01)
            c.sendall(b"got " + asked)
    except EOFError: say("ended", peer, "EOF")
    except OSError as e: say("ended", peer, e.errno)
def loop():
    own = socket.create_connection(("127.0.0.1", port))
    try:
        while own.recv(16): pass
        say("loopback EOF")
    except OSError as e: say("loopback", e.errno)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", port))
listener.listen(16)
threading.Thread(target=loop, daemon=True).start()
while True:
    c, (host, number) = listener.accept()
    threading.Thread(target=serve, args=(f"{host}:{number}", c), daemon=True).start()
`;

/** The address at which the node says that it can be reached. */
const addressOf = (node: NodeName): string =>
  mustRun('kubectl', ['get', 'node', node, '-o', 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}']);

const clients: TcpClient[] = [];
const client = async (node: NodeName, port = PORT): Promise<TcpClient> => {
  const greeted = await TcpClient.greeted(addressOf(node), port);
  clients.push(greeted);
  return greeted;
};

function startServer(name: string, port: number, ...options: string[]): void {
  docker(
    'node-a',
    'run',
    '-d',
    '--name',
    name,
    ...options,
    'transship-lab/python:1',
    'python3',
    '-c',
    SERVER,
    `${port}`,
  );
}

/** Moves the server from node-a to node-b, without holding up this process' own connections. */
async function move(name: string, spec: MigrationManifest['spec'] = {}): Promise<ContainerMigration> {
  const watch = new MigrationWatch(name);
  try {
    apply({ name, container: NAME, from: 'node-a', to: 'node-b', spec: { connections: 'Close', ...spec } });
    await watch.reach('the end', isFinal);
    return getMigration(name);
  } finally {
    watch.stop();
  }
}

/** The rules of the firewall in the container's own network. */
function rulesIn(name: string): string {
  const pid = docker('node-a', 'inspect', '--format', '{{.State.Pid}}', name);
  return onNode('node-a', 'for i in iptables ip6tables; do nsenter -t "$1" -n -- $i -S; done', pid);
}

const lines = (node: NodeName): string[] => docker(node, 'logs', NAME).split('\n');

const clean = (): void => {
  for (const one of clients.splice(0)) one.close();
  deleteMigrations();
  removeContainers(NAME, BYSTANDER);
};
beforeEach(clean);
afterAll(clean);

test('by default it is refused, and the clients are named and served on', async () => {
  startServer(NAME, PORT, '-p', `${PORT}:${PORT}`);
  const idle = await client('node-a');
  const { status } = await migrate({ name: 'connections-refused', container: NAME, from: 'node-a', to: 'node-b' });
  expect(status).toMatchObject({ phase: 'Failed', reason: 'EstablishedConnections' });
  expect(status.message).toContain(`↔ ${idle.name} (ESTAB)`);
  idle.send('still there?');
  await idle.reads('got still there?');
});

test('with Close it moves: both ends notice at once, and the target accepts new connections', async () => {
  startServer(NAME, PORT, '-p', `${PORT}:${PORT}`);
  const idle = await client('node-a');
  const streaming = await client('node-a');
  streaming.send('stream');
  await streaming.reads('xxx');
  const peers = [idle.name, streaming.name];
  // It tries again at once, while the container stands still: the connection is not to be accepted any more.
  const again = streaming.end().then((end) => {
    const late = TcpClient.begin(addressOf('node-a'), PORT);
    clients.push(late);
    return { end, late };
  });

  const moved = await move('connections-closed');

  report('a server with clients', moved);
  const { status } = moved;
  expect(status.phase).toBe('Succeeded');
  expect(status.source?.checks).toContainEqual(
    expect.objectContaining({ reason: 'ConnectionsWillClose', blocking: false }),
  );
  const { end, late } = await again;
  const frozenAtMs = Date.parse(status.source?.frozenAt ?? '');
  for (const { how, atMs } of [await idle.end(), end]) {
    expect(how).toBe('ECONNRESET');
    // A machine under load is slow; a client that hangs does so for minutes.
    expect(atMs - frozenAtMs).toBeLessThan(5_000);
  }
  // Its own connection to itself has two ends in the container.
  expect(status.source?.closedConnections?.count).toBeGreaterThanOrEqual(4);
  expect(status.source?.closedConnections?.peers).toEqual(expect.arrayContaining(peers));
  // It was let in by nobody: reset when the original goes, or refused when its next SYN comes after that.
  expect(['ECONNRESET', 'ECONNREFUSED']).toContain((await late.end()).how);

  await poll('the server notices', () => peers.every((peer) => lines('node-b').some((line) => line.includes(peer))));
  expect(lines('node-b').sort()).toEqual(
    expect.arrayContaining([`ended ${idle.name} EOF`, expect.stringMatching(/^loopback /)]),
  );
  const fresh = await client('node-b');
  fresh.send('here?');
  await fresh.reads('got here?');
});

test('a wake-up that fails leaves a server on the source that accepts connections, behind the firewall that it had', async () => {
  startServer(NAME, PORT, '-p', `${PORT}:${PORT}`);
  const idle = await client('node-a');
  const rules = rulesIn(NAME);
  const again = idle.end().then(() => {
    const late = TcpClient.begin(addressOf('node-a'), PORT);
    clients.push(late);
    return late;
  });
  await withBrokenCriu('node-b', async () => {
    const { status } = await move('connections-rolled-back');
    expect(status.phase).toBe('RolledBack');
    expect(status.source?.closedConnections?.peers).toContain(idle.name);
  });
  expect(stateOf('node-a', NAME)).toBe('running');
  expect(rulesIn(NAME)).toBe(rules);
  // Whoever came while it stood still is served now.
  await (await again).reads('hello');
  const fresh = await client('node-a');
  fresh.send('here?');
  await fresh.reads('got here?');
  await poll('the server notices', () => lines('node-a').some((line) => line.startsWith(`ended ${idle.name} `)));
});

test('in the network of the node nobody else loses a connection', async () => {
  startServer(NAME, PORT, '--network', 'host');
  startServer(BYSTANDER, PORT + 1, '--network', 'host');
  const theirs = await client('node-a', PORT + 1);
  const ours = await client('node-a');
  const { status } = await move('connections-host');
  expect(status.phase).toBe('Succeeded');
  expect((await ours.end()).how).toBe('ECONNRESET');
  expect(status.source?.closedConnections?.peers).toContain(ours.name);
  expect(status.source?.closedConnections?.peers).not.toContain(theirs.name);
  theirs.send('still there?');
  await theirs.reads('got still there?');
  const fresh = await client('node-b');
  fresh.send('here?');
  await fresh.reads('got here?');
});
