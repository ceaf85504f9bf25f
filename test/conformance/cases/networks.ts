import { fetchOnce } from '../../lib/http';
import type { Case, Look } from '../case';
import { group } from '../case';
import { docker, dockerOnBoth } from '../lab';
import { ask, joined, PYTHON, witness } from '../witness';

const NETWORK = 'conformance-network';
const PORT = 18_210;

/** Answers over HTTP with how often it was asked, one connection after the other. */
const SERVES = `
served = 0
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('0.0.0.0', 8000)); listener.listen(8)
def serve():
    global served
    while True:
        connection, _ = listener.accept()
        served += 1
        connection.recv(4096)
        body = ('%s %d' % (born, served)).encode()
        connection.sendall(b'HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(body) + body)
        connection.close()
threading.Thread(target=serve, daemon=True).start()
`;

/** Asks it over its own loopback. */
const ASKS_ITSELF = `
with socket.create_connection(('127.0.0.1', 8000)) as connection:
    connection.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
    answer = b''
    while piece := connection.recv(4096): answer += piece
return {'grows': {'served': int(answer.split()[-1])}}
`.trim();

/** Asks it from outside, and it itself. */
const served =
  (port: number): Look =>
  async (place) => {
    const [born, count] = (await fetchOnce(`http://${place.address}:${port}/`)).split(' ');
    return joined(await ask(place), { same: { bornOutside: born }, grows: { servedOutside: Number(count) } });
  };

const onNetwork: Pick<Case, 'setUp' | 'tearDown'> = {
  setUp: () => dockerOnBoth('network', 'create', '--subnet', '172.31.210.0/24', NETWORK),
  tearDown: () => dockerOnBoth('network', 'rm', '--force', NETWORK),
};

export const NETWORKS = group('Networks', [
  {
    id: 'published-port',
    title: 'a server with a published port (-p), on the default bridge',
    origin: 'features',
    states: 'it answers from outside, at the address of the target, with the state that it had',
    fast: true,
    run: ['--publish', `${PORT}:8000`, ...witness(SERVES, ASKS_ITSELF)],
    look: served(PORT),
  },
  {
    id: 'network-host',
    title: 'a server with --network host',
    origin: 'features',
    states: 'it answers from outside, at the address of the target, with the state that it had',
    run: ['--network', 'host', ...witness(SERVES.replace('8000', String(PORT)), 'return {}')],
    look: served(PORT),
    // Docker writes the node's name down as that of the container.
    differs: ['inspect.Config.Hostname'],
  },
  {
    id: 'network-none',
    title: '--network none, with a listener',
    origin: 'features',
    states: 'it answers itself over its loopback with the state that it had',
    run: ['--network', 'none', ...witness(SERVES, ASKS_ITSELF)],
  },
  {
    id: 'network-user',
    title: 'a network of its user, which both nodes have, and an address in it',
    origin: 'features',
    states: 'it has the same address, and answers in that network',
    run: ['--network', NETWORK, '--ip', '172.31.210.77', '--network-alias', 'ship', ...witness(SERVES, ASKS_ITSELF)],
    look: async (place) => {
      const get =
        "import sys, urllib.request; print(urllib.request.urlopen('http://' + sys.argv[1] + ':8000/').read().decode())";
      const client = ['run', '--rm', '--network', NETWORK, PYTHON, 'python3', '-c', get];
      const [born, count] = (await docker(place.node, ...client, '172.31.210.77')).trim().split(' ');
      return joined(await ask(place), {
        same: { born, alias: await bornAt(place.node, client) },
        grows: { served: Number(count) },
      });
    },
    ...onNetwork,
  },
  {
    id: 'network-missing',
    title: 'a network of its user that the target does not have',
    origin: 'features',
    states: 'it is refused before anything is touched, and runs on',
    run: ['--network', NETWORK, ...witness('')],
    expected: { kind: 'refused', phase: 'Failed', reason: 'NetworkMissing' },
    setUp: async () => {
      await docker('node-a', 'network', 'create', '--subnet', '172.31.210.0/24', NETWORK);
    },
    tearDown: () => dockerOnBoth('network', 'rm', '--force', NETWORK),
  },
]);

/** By the name that it has in the network. */
async function bornAt(node: 'node-a' | 'node-b', client: readonly string[]): Promise<string | undefined> {
  return (await docker(node, ...client, 'ship')).trim().split(' ')[0];
}
