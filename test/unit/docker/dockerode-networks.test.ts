import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DockerodeNetworks } from '../../../src/docker/dockerode-networks';
import type { NetworkInfo } from '../../../src/docker/networks';
import { fixtureProfiles, networksPath } from '../../lib/inspect-fixtures';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let server: Server | undefined;
let asked: string[];

const ID = 'a'.repeat(64);
const SWARM_ID = 'abcdefghij0123456789abcde';
const backend = { Name: 'backend', Id: ID, Scope: 'local', Driver: 'bridge' };

type Answer = (id: string | undefined) => unknown;

/** A daemon that answers to what it is asked: for the list, or for one by its ID; undefined is no such network. */
async function answering(answer: Answer, failure = 404): Promise<DockerodeNetworks> {
  asked = [];
  server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').replace(/\?$/, '');
    asked.push(`${request.method ?? ''} ${path}`);
    const found = answer(path.startsWith('/networks?') ? undefined : path.replace('/networks/', ''));
    if (found === undefined) response.writeHead(failure).end('{"message":"no"}');
    else response.end(JSON.stringify(found));
  });
  const socketPath = join(directory(), 'docker.sock');
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  return new DockerodeNetworks({ socketPath, timeoutMs: 2_000 });
}

/** A daemon that has these networks. */
const daemon = (...networks: (typeof backend & Readonly<Record<string, unknown>>)[]): Promise<DockerodeNetworks> =>
  answering((id) => (id === undefined ? networks : networks.find(({ Id }) => Id === id)));

afterEach(async () => {
  await new Promise((resolve) => {
    if (server === undefined) resolve(undefined);
    else server.close(resolve);
  });
  server = undefined;
});

describe.each(fixtureProfiles())('the networks of %s, as scripts/record-inspects.ts took them', (profile) => {
  const taken = JSON.parse(readFileSync(networksPath(profile), 'utf8')) as (typeof backend)[];

  test.each<[string, Partial<NetworkInfo>]>([
    ['bridge', { driver: 'bridge', subnets: [{ subnet: '172.17.0.0/16', gateway: '172.17.0.1', range: undefined }] }],
    [
      'fixture-net',
      {
        ...{ driver: 'bridge', internal: false, options: {} },
        subnets: [{ subnet: '10.99.0.0/24', gateway: undefined, range: undefined }],
        users: [
          { addresses: ['10.99.0.20'], macAddress: '02:42:0a:63:00:14', what: 'container fixture-fixed-address' },
        ],
      },
    ],
    [
      'fixture-six',
      {
        subnets: [
          { subnet: '10.99.2.0/24', gateway: undefined, range: undefined },
          { subnet: 'fd99::/64', gateway: 'fd99::fe', range: undefined },
        ],
        users: [
          { addresses: ['fd99::fe'], macAddress: '', what: 'the gateway of the network' },
          {
            addresses: ['10.99.2.2', 'fd99::20'],
            macAddress: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/) as string,
            what: 'container fixture-ipv6',
          },
        ],
      },
    ],
    [
      'fixture-lan',
      {
        ...{ driver: 'macvlan', scope: 'local', options: { macvlan_mode: 'bridge', parent: 'eth0' } },
        subnets: [{ subnet: '10.99.3.0/24', gateway: undefined, range: '10.99.3.128/25' }],
        users: [{ addresses: ['10.99.3.9'], macAddress: '', what: 'reserved for printer' }],
      },
    ],
    ['fixture-auto', { internal: true }],
  ])('%s', async (name, expected) => {
    const networks = await daemon(...taken);
    expect(await networks.named(name)).toMatchObject([{ name, ...expected }]);
  });
});

test('a network with everything that is in it', async () => {
  const networks = await daemon({
    ...backend,
    Internal: true,
    IPAM: {
      Config: [
        { Subnet: '10.99.0.0/24', Gateway: '10.99.0.1', AuxiliaryAddresses: { printer: '10.99.0.9' } },
        { Subnet: '2001:db8::/64', Gateway: '2001:db8::1/64', IPRange: '2001:db8::/80' },
      ],
    },
    Options: { 'com.docker.network.driver.mtu': '1400' },
    Containers: {
      [ID]: { Name: 'web', MacAddress: '02:42:0A:63:00:14', IPv4Address: '10.99.0.20/24', IPv6Address: '' },
    },
  });
  expect(await networks.named('backend')).toEqual([
    {
      ...{ id: ID, name: 'backend', driver: 'bridge', scope: 'local', internal: true },
      subnets: [
        { subnet: '10.99.0.0/24', gateway: '10.99.0.1', range: undefined },
        { subnet: '2001:db8::/64', gateway: '2001:db8::1', range: '2001:db8::/80' },
      ],
      options: { 'com.docker.network.driver.mtu': '1400' },
      users: [
        { addresses: ['10.99.0.1'], macAddress: '', what: 'the gateway of the network' },
        { addresses: ['2001:db8::1'], macAddress: '', what: 'the gateway of the network' },
        { addresses: ['10.99.0.9'], macAddress: '', what: 'reserved for printer' },
        { addresses: ['10.99.0.20'], macAddress: '02:42:0a:63:00:14', what: 'container web' },
      ],
    },
  ]);
  expect(asked).toEqual(['GET /networks?filters={"name":["backend"]}', `GET /networks/${ID}`]);
});

test('of a network of a driver that has no addresses, and of an old Docker that says null', async () => {
  const networks = await daemon({ ...backend, IPAM: { Config: null }, Options: null, Containers: null });
  expect(await networks.named('backend')).toMatchObject([{ subnets: [], options: {}, users: [], internal: false }]);
});

test('only those whose whole name it is, but all of them', async () => {
  const swarm = { ...backend, Id: SWARM_ID, Scope: 'swarm', Driver: 'overlay' };
  const networks = await daemon(backend, { ...backend, Id: 'b'.repeat(64), Name: 'backend-2' }, swarm);
  expect((await networks.named('backend')).map(({ id }) => id)).toEqual([ID, SWARM_ID]);
  expect(await networks.named('end')).toEqual([]);
});

test('one that is taken away while it is looked at is not there', async () => {
  const networks = await answering((id) => (id === undefined ? [backend] : undefined));
  expect(await networks.named('backend')).toEqual([]);
});

test.each<[string, Answer, string]>([
  ['a daemon in trouble', () => undefined, 'EngineRefused'],
  ['a list that is none', () => ({ networks: [] }), 'EngineAnswerInvalid'],
  ['an ID that is a path', () => [{ ...backend, Id: '../containers' }], 'EngineAnswerInvalid'],
  ['a network without a driver', (id) => (id === undefined ? [backend] : { Id: ID }), 'EngineAnswerInvalid'],
])('%s is told by its reason', async (_what, answer, reason) => {
  const networks = await answering(answer, 500);
  await expect(networks.named('backend')).rejects.toMatchObject({ reason });
});
