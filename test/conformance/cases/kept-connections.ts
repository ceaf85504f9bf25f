import { bulkServer } from '../../lib/bulk-stream';
import { addressOf } from '../../lib/lab-node';
import type { Case, Place } from '../case';
import { group } from '../case';
import { docker, dockerOnBoth } from '../lab';
import { PYTHON, witness } from '../witness';
import { asked, differs, keep, kept, PORT, served, servedOn, streamed } from './kept-clients';
import { AT_MOVED_ADDRESS } from './moved-address';

const NETWORK = 'conformance-lan';

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

const addressIn = async ({ node, name }: Place): Promise<string> => {
  const format = `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`;
  return (await docker(node, 'inspect', '--format', format, name)).trim();
};

export const KEPT_CONNECTIONS = group('Connections that are kept (spec.connections: Keep)', [
  {
    ...keep,
    ...onLan,
    id: 'tcp-keep-macvlan',
    title: 'an idle connection on macvlan, same address on the target',
    states: 'the client is served on over the same connection',
    fast: true,
    run: ['--network', NETWORK, ...asked],
    beside: servedOn(addressIn),
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
    beside: served(addressIn, 'numbers', (one) =>
      one.reads(Array.from({ length: 400 }, (_, number) => `${number};`).join('')),
    ),
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
    beside: streamed(addressIn),
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
  ...AT_MOVED_ADDRESS,
]);
