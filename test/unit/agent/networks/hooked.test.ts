import type { Answer, NodeNetwork } from '../../../../src/agent/networks/hooked';
import { answersOf, sortReached } from '../../../../src/agent/networks/hooked';

const VIP = '10.0.0.100';
const OWN = '172.20.0.2';
const published = (bindings: Record<string, { HostIp: string; HostPort: string }[]>): { raw: unknown } => {
  return { raw: { HostConfig: { PortBindings: bindings } } };
};
const answer = (changes: Partial<Answer> = {}): Answer => {
  return { address: OWN, port: 80, as: VIP, asPort: 8080, isOnly: false, ...changes };
};
const connection = (local: string, remote = '10.0.0.9:5000', state = 'ESTAB') => ({ local, remote, state });
const node: NodeNetwork = {
  addresses: ['10.0.0.1', VIP, '172.20.0.1'],
  translations: [{ local: `${OWN}:80`, remote: '10.0.0.9:5000', at: `${VIP}:8080` }],
};

test.each([
  ['at every address', '', [answer()]],
  ['at every address, in words', '0.0.0.0', [answer()]],
  ['at that address alone', VIP, [answer({ isOnly: true })]],
  ['at another one', '10.0.0.1', []],
])('a port that is published %s', (_what, HostIp, expected) => {
  const container = published({ '80/tcp': [{ HostIp, HostPort: '8080' }] });
  expect(answersOf(container, [OWN], [VIP, 'fd00::100'])).toEqual(expected);
});

test('a port that nobody could say as what it answers counts for nothing', () => {
  const anyone = published({ '80/tcp': [{ HostIp: '', HostPort: '8080' }] });
  expect(answersOf(anyone, [OWN], [VIP, '10.0.0.101'])).toEqual([]);
  expect(answersOf(published({ '80/tcp': [{ HostIp: '', HostPort: '' }] }), [OWN], [VIP])).toEqual([]);
  expect(answersOf(published({ '80/udp': [{ HostIp: '', HostPort: '8080' }] }), [OWN], [VIP])).toEqual([]);
});

describe('behind a published port', () => {
  const reach = { addresses: [], answers: [answer()], isHost: false };
  test.each([
    ['whose peer talks to the address that moves', connection(`${OWN}:80`), true],
    ['at a socket of IPv6', connection(`[::ffff:${OWN}]:80`, '[::ffff:10.0.0.9]:5000'), true],
    ['whose peer talks to another address of the node', connection(`${OWN}:80`, '10.0.0.9:5001'), false],
    ['that the container has begun', connection(`${OWN}:50000`, '10.0.0.9:443'), false],
    ['from this very node', connection(`${OWN}:80`, '172.20.0.1:5000'), false],
    ['that nobody has accepted', connection(`${OWN}:80`, '10.0.0.9:5000', 'SYN-RECV'), false],
  ])('a connection %s', (_what, one, isKept) => {
    expect(sortReached([one], reach, node)).toEqual(isKept ? { kept: [one], lost: [] } : { kept: [], lost: [one] });
  });

  test('where the node does not show what it translates, only a port with no other address counts', () => {
    const blind = { ...node, translations: undefined };
    const one = connection(`${OWN}:80`);
    expect(sortReached([one], reach, blind).kept).toEqual([]);
    expect(sortReached([one], { ...reach, answers: [answer({ isOnly: true })] }, blind).kept).toEqual([one]);
  });
});

describe('in the network of the node', () => {
  const reach = { addresses: [VIP], answers: [], isHost: true };
  test.each([
    ['at the address that moves', [connection(`${VIP}:80`)], true],
    ['at another address of the node', [connection('10.0.0.1:80')], false],
    ['at it, from this very node', [connection(`${VIP}:80`, '10.0.0.1:5000')], false],
    ['at it, within the container', [connection(`${VIP}:80`, `${VIP}:5`), connection(`${VIP}:5`, `${VIP}:80`)], true],
    [
      'over the loopback, within it',
      [connection('127.0.0.1:80', '127.0.0.1:5'), connection('127.0.0.1:5', '127.0.0.1:80')],
      true,
    ],
  ])('a connection %s', (_what, connections, isKept) => {
    const sorted = sortReached(connections, reach, { ...node, addresses: [...node.addresses, '127.0.0.1'] });
    expect(sorted).toEqual(isKept ? { kept: connections, lost: [] } : { kept: [], lost: connections });
  });
});
