import { sortConnections } from '../../../../src/agent/networks/keepable';
import type { TcpConnection } from '../../../../src/driver/processes';

const ADDRESSES = ['10.99.0.20', 'fd99::20'];
const connection = (local: string, remote = '10.0.0.9:50000', state = 'ESTAB'): TcpConnection => {
  return { local, remote, state };
};
const pair = (a: string, b: string): TcpConnection[] => [connection(a, b), connection(b, a)];

test.each<[string, TcpConnection[]]>([
  ['at an address that goes along', [connection('10.99.0.20:80')]],
  ['at an address of IPv6 that does', [connection('[fd99::20]:80', '[fd99::9]:50000')]],
  ['of IPv4 at a socket of IPv6', [connection('[::ffff:10.99.0.20]:80', '[::ffff:10.0.0.9]:50000')]],
  ['that its peer has closed', [connection('10.99.0.20:80', '10.0.0.9:1', 'CLOSE-WAIT')]],
  ['within the container, over the loopback', pair('127.0.0.1:80', '127.0.0.1:50000')],
  ['within the container, over the loopback of IPv6', pair('[::1]:80', '[::1]:50000')],
  ['within the container, at its own address', pair('10.99.0.20:80', '10.99.0.20:50000')],
])('%s can be kept', (_what, connections) => {
  expect(sortConnections(connections, ADDRESSES)).toEqual({ kept: connections, lost: [] });
});

test.each<[string, TcpConnection[]]>([
  ['at an address that stays', [connection('172.17.0.2:80')]],
  ['over the loopback with somebody else', [connection('127.0.0.1:80', '127.0.0.1:50000')]],
  ['within the container at an address that stays', pair('172.17.0.2:80', '172.17.0.2:50000')],
  ['that nobody has accepted', [connection('10.99.0.20:80', '0.0.0.0:0', 'SYN-RECV')]],
  ['that is not there yet', [connection('10.99.0.20:50000', '10.0.0.9:80', 'SYN-SENT')]],
  ['that the kernel alone has', [connection('10.99.0.20:80', '10.0.0.9:1', 'FIN-WAIT-1, closed')]],
])('%s cannot', (_what, connections) => {
  expect(sortConnections(connections, ADDRESSES)).toEqual({ kept: [], lost: connections });
});
