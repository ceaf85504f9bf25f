import { TcpClient } from '../../lib/tcp-client';
import type { Beside, Case, Place } from '../case';
import { group } from '../case';
import { ask, witness } from '../witness';

const PORT = 18_220;

/** Greets, and answers every line; knows how many connections were accepted, and how many have ended. */
const server = (port: number): string => `
accepted, ended = 0, 0
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('0.0.0.0', ${port})); listener.listen(8)
def serve(connection):
    global ended
    try:
        connection.sendall(b'hello\\n')
        while asked := connection.recv(100): connection.sendall(b'got ' + asked)
    except OSError: pass
    connection.close()
    ended += 1
def accept():
    global accepted
    while True:
        connection, _ = listener.accept()
        accepted += 1
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
`;

/** A connection of the program to itself. */
const LOOP = `
def dial():
    global own
    own = socket.create_connection(('127.0.0.1', ${PORT}))
    own.recv(100)
dial()
`;

/** Whether it answers as before; a connection that was closed is opened anew. */
const LOOP_WORKS = `
try:
    own.sendall(b'loop')
    answer = own.recv(100)
except OSError: answer = b''
if not answer:
    dial()
    own.sendall(b'loop')
    answer = own.recv(100)
return {'answer': answer.decode()}
`.trim();

/** A client from outside that stays connected during the move. */
async function client({ address }: Place, judge: (one: TcpClient) => Promise<string[]>): Promise<Beside> {
  const one = await TcpClient.greeted(address, PORT);
  one.send('before');
  await one.reads('got before');
  return {
    stop: async () => {
      try {
        return { violations: await judge(one) };
      } finally {
        one.close();
      }
    },
  };
}

/** It was told, and was not left hanging. */
const isReset = (place: Place): Promise<Beside> =>
  client(place, async (one) => {
    const { how } = await one.end();
    return how === 'ECONNRESET' ? [] : [`the client's connection ended by ${how}`];
  });

/** It is served as if nothing had been asked. */
const isServedOn = (place: Place): Promise<Beside> =>
  client(place, async (one) => {
    one.send('after');
    await one.reads('got after');
    return [];
  });

/** A new client gets in. */
const letsIn: NonNullable<Case['look']> = async (place) => {
  const one = await TcpClient.greeted(place.address, PORT);
  one.send('here?');
  await one.reads('got here?');
  one.close();
  return ask(place);
};

/** The object says what was closed, and when it was frozen. */
const closed: NonNullable<Case['judge']> = ({ status }) => {
  const frozenMs = Date.parse(status.source?.frozenAt ?? '');
  const count = status.source?.closedConnections?.count ?? 0;
  return Promise.resolve([
    ...(count >= 1 ? [] : ['the object tells of no closed connection']),
    ...(Number.isNaN(frozenMs) ? ['the object does not say when it froze the container'] : []),
  ]);
};

export const CONNECTIONS = group('Connections', [
  {
    id: 'tcp-listener',
    title: 'a listener without connections',
    origin: 'connections',
    states: 'a client that comes after the move is served, at the address of the target',
    run: ['--publish', `${PORT}:${PORT}`, ...witness(server(PORT), "return {'grows': {'accepted': accepted}}")],
    look: letsIn,
  },
  {
    id: 'tcp-refuse',
    title: 'an open connection from outside, spec.connections: Refuse',
    origin: 'connections',
    states: 'it is refused before anything is touched, and the client is served on over the same connection',
    run: ['--publish', `${PORT}:${PORT}`, ...witness(server(PORT), "return {'ended': ended, 'accepted': accepted}")],
    expected: { kind: 'refused', phase: 'Failed', reason: 'EstablishedConnections' },
    beside: isServedOn,
    // The client comes after the first look, and has a thread of its own.
    differs: ['accepted', 'processes'],
  },
  {
    id: 'tcp-close',
    title: 'an open connection from outside, spec.connections: Close',
    origin: 'connections',
    states: 'the client is reset and does not hang; the server notices; a new client is served on the target',
    fast: true,
    run: [
      '--publish',
      `${PORT}:${PORT}`,
      ...witness(server(PORT), "return {'grows': {'accepted': accepted, 'ended': ended}}"),
    ],
    spec: { connections: 'Close' },
    look: letsIn,
    beside: isReset,
    judge: closed,
  },
  {
    id: 'tcp-loopback-refuse',
    title: 'a connection with itself over the loopback, spec.connections: Refuse',
    origin: 'connections',
    states: 'it is refused before anything is touched, and the connection works on',
    run: witness(server(PORT) + LOOP, LOOP_WORKS.replace('return {', "return {'accepted': accepted, ")),
    expected: { kind: 'refused', phase: 'Failed', reason: 'EstablishedConnections' },
  },
  {
    id: 'tcp-loopback-close',
    title: 'a connection with itself over the loopback, spec.connections: Close',
    origin: 'connections',
    states: 'both of its ends notice, and it can connect to itself again',
    run: witness(server(PORT) + LOOP, LOOP_WORKS),
    spec: { connections: 'Close' },
    judge: closed,
  },
  {
    id: 'tcp-close-host',
    title: 'an open connection from outside with --network host, spec.connections: Close',
    origin: 'connections',
    states: 'the client is reset and does not hang; a new client is served on the target',
    run: ['--network', 'host', ...witness(server(PORT), "return {'grows': {'accepted': accepted, 'ended': ended}}")],
    spec: { connections: 'Close' },
    look: letsIn,
    beside: isReset,
    judge: closed,
    // Docker writes the node's name down as that of the container.
    differs: ['inspect.Config.Hostname'],
  },
  {
    id: 'udp',
    title: 'UDP sockets that are bound',
    origin: 'connections',
    states: 'what is sent arrives, from and to the same ports',
    fast: true,
    run: witness(
      `
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); receiver.bind(('127.0.0.1', 5300)); receiver.settimeout(2)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sender.bind(('127.0.0.1', 5301))
`,
      "sender.sendto(b'sent', ('127.0.0.1', 5300))\ngot, source = receiver.recvfrom(100)\nreturn {'got': got.decode(), 'from': source}",
    ),
  },
  {
    id: 'udp-connected',
    title: 'a UDP socket that is connected to another',
    origin: 'connections',
    states: 'what is sent arrives, from and to the same ports',
    run: witness(
      `
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); receiver.bind(('127.0.0.1', 5300)); receiver.settimeout(2)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sender.connect(('127.0.0.1', 5300))
`,
      "sender.send(b'sent')\nreturn {'got': receiver.recvfrom(100)[0].decode(), 'from': sender.getsockname(), 'to': sender.getpeername()}",
    ),
  },
  {
    id: 'unix-sockets',
    title: 'Unix sockets: a stream, datagrams, a listener, with something unread',
    origin: 'connections',
    states: 'what was sent before can be read, both directions work, and the listener accepts',
    fast: true,
    run: witness(
      `
listener = socket.socket(socket.AF_UNIX); listener.bind('/tmp/listener'); listener.listen(4)
near = socket.socket(socket.AF_UNIX); near.connect('/tmp/listener'); far, _ = listener.accept()
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); receiver.bind('/tmp/datagrams')
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); sender.connect('/tmp/datagrams')
near.sendall(b'unread'); sender.send(b'unread too')
`,
      `
found = {'stream': far.recv(100).decode(), 'datagram': receiver.recv(100).decode()}
near.sendall(b'unread'); sender.send(b'unread too'); far.sendall(b'back'); found['back'] = near.recv(100).decode()
late = socket.socket(socket.AF_UNIX); late.connect('/tmp/listener'); other, _ = listener.accept()
late.sendall(b'late'); found['late'] = other.recv(100).decode()
late.close(); other.close()
return found
`.trim(),
    ),
  },
  {
    id: 'socketpair',
    title: 'a socket pair between two processes',
    origin: 'connections',
    states: 'the other process answers over it, and goes on counting',
    run: witness(
      `
ours, theirs = socket.socketpair()
if os.fork() == 0:
    turns = 0
    while theirs.recv(1): turns += 1; theirs.sendall(struct.pack('Q', turns))
`,
      "ours.sendall(b'x')\nreturn {'grows': {'turns': struct.unpack('Q', ours.recv(8))[0]}}",
    ),
  },
]);
