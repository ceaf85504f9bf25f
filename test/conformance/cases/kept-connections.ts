import { BulkClient, bulkServer } from '../../lib/bulk-stream';
import { addressOf } from '../../lib/lab-node';
import { TcpClient } from '../../lib/tcp-client';
import type { Beside, Case, Place } from '../case';
import { group } from '../case';
import { docker, dockerOnBoth } from '../lab';
import { PYTHON, witness } from '../witness';

const NETWORK = 'conformance-lan';
const PORT = 18_230;

/** Greets, tells a number every 20 ms to who asks for numbers, and answers everything else. */
const SERVER = `
accepted, ended = 0, 0
def serve(connection):
    global ended
    try:
        connection.sendall(b'hello\\n')
        while asked := connection.recv(100):
            connection.sendall(b'got ' + asked)
            number = 0
            while asked == b'numbers': connection.sendall(b'%d;' % number); number += 1; time.sleep(.02)
    except OSError: pass
    ended += 1
def accept():
    global accepted
    listener = socket.create_server(('0.0.0.0', ${PORT}))
    while True:
        connection, _ = listener.accept()
        accepted += 1
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
# Whoever remembers another container by this address hears that it is here now.
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('198.51.100.1', 9))
`;

/** A connection of the program to itself, which must answer before and after. */
const LOOP = `
listener = socket.create_server(('127.0.0.1', 0))
near = socket.create_connection(listener.getsockname()); far, _ = listener.accept()
near.sendall(b'unread')
`;
const LOOP_WORKS = `
unread = far.recv(6).decode(); near.sendall(b'unread'); far.sendall(b'back')
return {'unread': unread, 'back': near.recv(4).decode(), 'from': far.getpeername()}
`.trim();

/** The nodes' own wire, on which this machine is, too; Docker chooses the container's address. */
const onLan: Pick<Case, 'setUp' | 'tearDown'> = {
  setUp: async () => {
    const lan = addressOf('node-a').replace(/\.\d+$/, '');
    const range = ['--subnet', `${lan}.0/24`, '--gateway', `${lan}.1`, '--ip-range', `${lan}.224/28`];
    await dockerOnBoth('network', 'create', '--driver', 'macvlan', '--opt', 'parent=eth0', ...range, NETWORK);
  },
  tearDown: () => dockerOnBoth('network', 'rm', '--force', NETWORK),
};

const addressIn = ({ node, name }: Place): Promise<string> =>
  docker(node, 'inspect', '--format', `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`, name);

/** A client that is connected during the move, and must be served on over the same connection. */
const served =
  (begin: string, judge: (one: TcpClient) => Promise<void>) =>
  async (place: Place): Promise<Beside> => {
    const one = await TcpClient.greeted((await addressIn(place)).trim(), PORT);
    one.send(begin);
    await one.reads(`got ${begin}`);
    return {
      stop: async () => {
        try {
          await judge(one);
          return { violations: [] };
        } catch (error) {
          return { violations: [String(error)] };
        } finally {
          one.close();
        }
      },
    };
  };

const streamed = async (place: Place): Promise<Beside> => {
  const client = await BulkClient.begun((await addressIn(place)).trim(), PORT);
  return {
    stop: async () => {
      const { error, same, firstWrong, receivedBytes, longestGapMs } = await client.stop();
      const well = error === undefined && same && firstWrong === undefined;
      return {
        violations: well ? [] : [`the stream broke: ${JSON.stringify({ error, same, firstWrong })}`],
        remark: `${receivedBytes} bytes received, longest pause ${Math.round(longestGapMs)} ms`,
      };
    },
  };
};

const kept = (least: number): NonNullable<Case['judge']> => {
  return ({ status }) => {
    const { count = 0 } = status.source?.keptConnections ?? {};
    return Promise.resolve(count >= least ? [] : [`the object tells of ${count} kept connections`]);
  };
};

const keep: Pick<Case, 'origin' | 'spec'> = { origin: 'connections', spec: { connections: 'Keep' } };
// The client comes after the first look, and has a thread of its own; the MAC address is fixed from then on.
const differs = ['accepted', 'processes', 'inspect.Config.MacAddress'];
const asked = witness(SERVER, "return {'ended': ended, 'accepted': accepted}");

export const KEPT_CONNECTIONS = group('Connections that are kept (spec.connections: Keep)', [
  {
    ...keep,
    ...onLan,
    id: 'tcp-keep-macvlan',
    title: 'an idle connection on macvlan, same address on the target',
    states: 'the client is served on over the same connection',
    fast: true,
    run: ['--network', NETWORK, ...asked],
    beside: served('before', async (one) => {
      one.send('after');
      await one.reads('got after');
    }),
    judge: kept(1),
    differs,
  },
  {
    ...keep,
    ...onLan,
    id: 'tcp-keep-server-first',
    title: 'a connection on macvlan over which only the server speaks',
    states: 'no number is missing, none comes twice',
    run: ['--network', NETWORK, ...asked],
    beside: served('numbers', (one) => one.reads(Array.from({ length: 400 }, (_, number) => `${number};`).join(''))),
    judge: kept(1),
    differs,
  },
  {
    ...keep,
    ...onLan,
    id: 'tcp-keep-stream',
    title: 'bulk data in both directions on macvlan',
    states: 'both ends received what the other one sent, by its sum; the server does not begin anew',
    run: ['--network', NETWORK, PYTHON, 'python3', '-c', bulkServer(PORT)],
    look: () => Promise.resolve({ same: {} }),
    beside: streamed,
    judge: kept(3),
    differs,
  },
  {
    ...keep,
    id: 'tcp-keep-loopback',
    title: 'a connection with itself over the loopback, in the default network',
    states: 'what was unread is read, and both directions work on',
    run: witness(LOOP, LOOP_WORKS),
    judge: kept(2),
  },
  ...(
    [
      ['dnat', 'a connection to a published port, a virtual address moved before the wake-up'],
      ['dnat-late', 'the same, the virtual address moved after the wake-up'],
      ['host-vip', 'a connection with --network host, the virtual address moved before the wake-up'],
      ['host-no-vip', 'the same, the address not on the target yet'],
      ['other-address', 'a connection kept, another address on the target'],
    ] as const
  ).map(([id, title]) => ({
    id: `tcp-keep-${id}`,
    title,
    origin: 'connections' as const,
    notRun:
      'only connections at an address that goes along with the container are kept; these are refused (ConnectionsNotKeepable)',
  })),
]);
