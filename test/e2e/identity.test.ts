/** A container's identity: nothing that its owner set is another after a move, but for what docs/identity.md tells. */
import { describe as describeContainer, refusedSettings, toCreateBody } from '../../src/docker/description';
import { lostSettings } from '../../src/docker/differences';
import { DockerodeEngine } from '../../src/docker/dockerode-engine';
import type { ContainerInfo } from '../../src/docker/engine';
import { casesOf, createCase, createNetworks, nodeDocker, removeCases } from '../lib/case-containers';
import { inspectDifferences, OF_EVERY_CONTAINER, OF_THE_MAPPING, OF_THE_MOVE } from '../lib/inspect-differences';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers } from '../lib/lab-docker';
import { deleteMigrations, migrate, migrateWell } from '../lib/lab-migration';
import { labEnvironment } from '../lib/lab-tools';
import { poll } from '../lib/waiting';

const PREFIX = 'e2e-identity-';
const NAME = 'e2e-identity';
const IMAGE = 'transship-lab/busybox:1';
const NETWORK = 'e2e-identity-net';
const SLEEP = [IMAGE, 'sleep', '100000'];

/** Fields that differ because of how this test makes the second container. */
const ONLY_HERE: Readonly<Record<string, readonly string[]>> = {
  // Docker refuses a hostname there, and shows another one for every container.
  joined: ['Config.Hostname'],
  'host-names': ['Config.Hostname'],
  // Docker attaches the network of the mode at the start only.
  'two-networks': ['NetworkSettings.Networks.**'],
  // The network of its mode, which it was taken out of, must not come back: the mode names the other one.
  disconnected: ['HostConfig.NetworkMode', 'NetworkSettings.Networks.**'],
  // Has the container's own name in it.
  names: ['HostConfig.Links'],
};

const engine = new DockerodeEngine({
  socketPath: (labEnvironment()['DOCKER_HOST_node_a'] ?? '').replace('unix://', ''),
});

async function mustInspect(id: string): Promise<ContainerInfo> {
  const info = await engine.inspect(id);
  if (info === undefined) throw new Error(`no container ${id}`);
  return info;
}

describe('created again from what Docker shows of it', () => {
  const clean = (): void => {
    removeCases('node-a', PREFIX);
  };
  const cases = casesOf(labEnvironment()['LAB_PROFILE'] ?? '');
  beforeAll(() => {
    clean();
    createNetworks('node-a');
    for (const one of cases) createCase('node-a', one, { prefix: PREFIX, start: false });
  });
  afterAll(clean);

  test.each(cases.map(({ name }) => [name] as const))('%s is the same in every field', async (name) => {
    const original = await mustInspect(`${PREFIX}${name}`);
    const description = describeContainer(original);
    expect(refusedSettings(description)).toEqual([]);

    const { runtime } = original;
    const body = toCreateBody(description, { runtime, labels: {}, annotations: {}, image: description.imageName });
    const created = await mustInspect(await engine.create(`${PREFIX}again-${name}`, body));

    expect(lostSettings(description, created)).toEqual([]);
    // The policy is given back at the end of a move.
    const expected = [...OF_EVERY_CONTAINER, ...OF_THE_MAPPING, 'Name', 'HostConfig.RestartPolicy.**'];
    expect(inspectDifferences(original.raw, created.raw, [...expected, ...(ONLY_HERE[name] ?? [])])).toEqual([]);
  });
});

describe('after a real move', () => {
  const nodes: readonly NodeName[] = ['node-a', 'node-b'];
  const clean = (): void => {
    deleteMigrations();
    removeContainers(NAME);
    for (const node of nodes) {
      const had = nodeDocker(node, 'network', 'ls', '--quiet', '--filter', `name=^${NETWORK}$`);
      if (had !== '') nodeDocker(node, 'network', 'rm', NETWORK);
    }
  };
  beforeAll(() => {
    clean();
    for (const node of nodes) nodeDocker(node, 'network', 'create', '--subnet', '10.98.7.0/24', NETWORK);
  });
  afterAll(clean);

  const inspect = (node: NodeName): Record<string, unknown> => {
    const [answer] = JSON.parse(docker(node, 'inspect', NAME)) as Record<string, unknown>[];
    return answer ?? {};
  };
  const label = (node: NodeName, name: string): string =>
    docker(node, 'inspect', '--format', `{{index .Config.Labels "transship.dev/${name}"}}`, NAME);
  const health = (node: NodeName): string => docker(node, 'inspect', '--format', '{{.State.Health.Status}}', NAME);

  test('docker inspect shows the same, but for what is told; the labels say where it came from', async () => {
    const set = [
      ...['--network', `name=${NETWORK},ip=10.98.7.20,alias=front,mac-address=02:42:0a:62:07:14`],
      ...['--publish', '18311:80', '--expose', '99/udp', '--hostname', 'ship', '--domainname', 'example.org'],
      ...['--env', 'GREETING=hello', '--env', 'EMPTY=', '--label', 'team=blue', '--annotation', 'com.example.owner=a'],
      ...['--user', '0:0', '--workdir', '/tmp', '--group-add', '100', '--init=false', '--stop-signal', 'SIGINT'],
      ...['--stop-timeout', '3', '--restart', 'on-failure:3', '--read-only', '--tmpfs', '/run:size=1m'],
      ...['--mount', 'type=tmpfs,target=/scratch,tmpfs-size=1048576', '--volume', '/srv:/srv:ro', '--volume', '/data'],
      ...['--cap-add', 'NET_ADMIN', '--cap-drop', 'MKNOD', '--security-opt', 'no-new-privileges'],
      ...['--device', '/dev/null:/dev/second-null', '--sysctl', 'net.ipv4.ip_unprivileged_port_start=80'],
      ...['--ulimit', 'nofile=1024:2048', '--memory', '64m', '--memory-swap', '128m', '--cpu-shares', '512'],
      ...['--pids-limit', '50', '--cpuset-cpus', '0', '--oom-score-adj', '100', '--shm-size', '8m'],
      ...['--log-driver', 'local', '--log-opt', 'max-size=1m', '--ipc', 'shareable', '--dns', '10.98.7.1'],
      ...['--add-host', 'peer:10.98.7.9', '--health-cmd', 'true', '--health-interval', '1s'],
    ];
    docker('node-a', 'run', '-d', '--name', NAME, ...set, ...SLEEP);
    await poll('a healthy original', () => health('node-a') === 'healthy');
    const before = inspect('node-a');

    const { metadata, status } = await migrateWell({ name: 'identity', container: NAME, from: 'node-a', to: 'node-b' });
    const expected = [...OF_EVERY_CONTAINER, ...OF_THE_MAPPING, ...OF_THE_MOVE];
    expect(inspectDifferences(before, inspect('node-b'), expected)).toEqual([]);
    expect(status.source?.checks?.map(({ reason }) => reason)).toContain('HealthStartsAnew');
    await poll('health on the target', () => health('node-b') === 'healthy');

    expect(label('node-b', 'migration')).toBe('default/identity');
    expect(label('node-b', 'migration-uid')).toBe(metadata.uid);
    expect(label('node-b', 'from-node')).toBe('node-a');
    expect(label('node-b', 'from-container')).toBe(before['Id']);
    expect(label('node-b', 'first-created-at')).toBe(before['Created']);
    expect(label('node-b', 'moves')).toBe('1');
    expect(Date.parse(label('node-b', 'moved-at'))).toBeGreaterThan(Date.parse(String(before['Created'])));
  });

  test('and after the way back the labels count on', async () => {
    await migrateWell({ name: 'identity-back', container: NAME, from: 'node-b', to: 'node-a' });
    expect([label('node-a', 'moves'), label('node-a', 'from-node')]).toEqual(['2', 'node-b']);
    expect(Date.parse(label('node-a', 'first-created-at'))).toBeLessThan(Date.parse(label('node-a', 'moved-at')));
    expect(docker('node-a', 'inspect', '--format', '{{.Config.Image}}', NAME)).toBe(IMAGE);
    removeContainers(NAME);
  });

  test('a link to another container is refused before anything is touched, and what Docker chose is named', async () => {
    docker('node-a', 'run', '-d', '--name', `${NAME}-linked`, ...SLEEP);
    docker('node-a', 'run', '-d', '--name', NAME, '--link', `${NAME}-linked:web`, '--publish', '80', ...SLEEP);
    try {
      const { status } = await migrate({ name: 'identity-link', container: NAME, from: 'node-a', to: 'node-b' });
      expect([status.phase, status.reason]).toEqual(['Failed', 'LinksUnsupported']);
      expect(status.message).toContain(`${NAME}-linked`);
      const told = status.source?.checks?.find(({ reason }) => reason === 'PortsChosenAnew');
      expect(told).toMatchObject({ blocking: false, message: expect.stringMatching(/\d+ for 80\/tcp/) as string });
    } finally {
      removeContainers(`${NAME}-linked`);
    }
  });
});
