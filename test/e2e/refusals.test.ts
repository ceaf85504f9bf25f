/** Every refusal with its own reason, a message, an Event, and nothing touched. */
import type { NodeName } from '../lib/lab-docker';
import { containerNames, docker, removeContainers } from '../lib/lab-docker';
import type { MigrationManifest } from '../lib/lab-migration';
import { deleteMigrations, migrate } from '../lib/lab-migration';
import { mustRun, run } from '../lib/lab-tools';

const NODES = ['node-a', 'node-b'] as const;
const CONTAINERS = ['refuse-me', 'refuse-taken', 'refuse-stopped', 'refuse-pod', 'refuse-volume', 'refuse-server'];

const onNode = (node: NodeName, ...command: string[]): string => mustRun('lab/node-exec', [node, ...command]);

/** What must be the same after a refusal as before: every container on both nodes, and the checkpoints on the volume. */
function world(): unknown {
  const format = '{{.Name}} {{.State.Status}} {{.State.StartedAt}} {{.HostConfig.RestartPolicy.Name}}';
  const containers = NODES.map((node) => {
    const names = containerNames(node).filter((name) => name.startsWith('refuse-'));
    return names.length === 0 ? '' : docker(node, 'inspect', '--format', format, ...names);
  });
  return {
    containers,
    checkpoints: onNode('node-a', 'find', '/mnt/transship', '-path', '*/refuse-*'),
  };
}

async function expectRefusal(
  reason: string,
  message: RegExp,
  manifest: Partial<MigrationManifest> = {},
): Promise<void> {
  const name = `refuse-${reason.toLowerCase()}`;
  run('kubectl', ['delete', 'cmig', name, '--ignore-not-found']);
  const before = world();
  const { status } = await migrate({ name, container: 'refuse-me', from: 'node-a', to: 'node-b', ...manifest });
  expect({ phase: status.phase, reason: status.reason }).toEqual({ phase: 'Failed', reason });
  expect(status.message).toMatch(message);
  const events = mustRun('kubectl', [
    'get',
    'events',
    '--field-selector',
    `involvedObject.name=${name},reason=${reason}`,
    '-o',
    'name',
  ]);
  expect(events).toMatch(/^event\//);
  expect(world()).toEqual(before);
}

const START = ['run', '-d', '--restart', 'always', '--name'];
const SLEEP = ['transship-lab/busybox:1', 'sleep', '100000'];

beforeAll(() => {
  deleteMigrations();
  removeContainers(...CONTAINERS);
  docker('node-a', ...START, 'refuse-me', ...SLEEP);
});

afterAll(() => {
  deleteMigrations();
  removeContainers(...CONTAINERS);
});

test('a node that does not exist', () =>
  expectRefusal('NodeNotFound', /no node node-z .*kubectl get nodes/, { to: 'node-z' }));

test('a node without an agent', async () => {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-bare' } };
  mustRun('kubectl', ['apply', '-f', '-'], JSON.stringify(node));
  try {
    await expectRefusal('NodeWithoutAgent', /no Transship agent reports from node node-bare .*DaemonSet/, {
      to: 'node-bare',
    });
  } finally {
    mustRun('kubectl', ['delete', 'node', 'node-bare']);
  }
});

test('source and target the same', () => expectRefusal('SourceEqualsTarget', /another node/, { to: 'node-a' }));

test('a container that does not exist', () =>
  expectRefusal('ContainerNotFound', /no container nowhere on node-a.*docker ps/, { container: 'nowhere' }));

test('an ID that could mean several containers', async () => {
  // Containers until two IDs begin with the same digit: 17 at most.
  const ids: string[] = [];
  const firsts = (): string[] => ids.map((id) => id.charAt(0));
  try {
    while (new Set(firsts()).size === ids.length) ids.push(docker('node-a', 'create', ...SLEEP));
    await expectRefusal('ContainerAmbiguous', /write more of the ID, or the name/, {
      container: firsts().at(-1) ?? '',
    });
  } finally {
    docker('node-a', 'rm', '-f', ...ids);
  }
});

test('a container that does not run', async () => {
  docker('node-a', 'create', '--name', 'refuse-stopped', ...SLEEP);
  await expectRefusal('ContainerNotRunning', /is created, not running; start it first/, {
    container: 'refuse-stopped',
  });
});

test('a container that somebody paused', async () => {
  docker('node-a', 'pause', 'refuse-me');
  try {
    await expectRefusal('ContainerNotRunning', /is paused, not running; unpause it first/);
  } finally {
    docker('node-a', 'unpause', 'refuse-me');
  }
});

test('a container of a pod', async () => {
  const labels = ['--label', 'io.kubernetes.pod.name=web', '--label', 'io.kubernetes.pod.namespace=shop'];
  docker('node-a', 'run', '-d', '--name', 'refuse-pod', ...labels, ...SLEEP);
  await expectRefusal('ManagedByKubelet', /belongs to pod shop\/web/, { container: 'refuse-pod' });
});

test('a container with volumes, whose files would stay behind', async () => {
  docker('node-a', 'run', '-d', '--name', 'refuse-volume', '-v', 'refuse-data:/data', ...SLEEP);
  try {
    await expectRefusal('VolumesNotCarried', /refuse-data/, { container: 'refuse-volume' });
  } finally {
    docker('node-a', 'rm', '-f', 'refuse-volume');
    docker('node-a', 'volume', 'rm', 'refuse-data');
  }
});

test('an image that the target lacks', async () => {
  // An image of its own: the same files, but imported on one node only.
  onNode(
    'node-a',
    'sh',
    '-ec',
    'docker create --name refuse-export transship-lab/busybox:1 true; docker export refuse-export | docker import - transship-lab/only-a:1; docker rm refuse-export',
  );
  docker('node-a', 'run', '-d', '--name', 'refuse-image', 'transship-lab/only-a:1', 'sleep', '100000');
  try {
    await expectRefusal('ImageMissing', /node-b has no image transship-lab\/only-a:1 .*docker save/, {
      container: 'refuse-image',
    });
  } finally {
    docker('node-a', 'rm', '-f', 'refuse-image');
    docker('node-a', 'rmi', 'transship-lab/only-a:1');
  }
});

test('a name that is taken on the target', async () => {
  docker('node-b', 'create', '--name', 'refuse-taken', ...SLEEP);
  await expectRefusal('NameTaken', /has a container named refuse-taken already .*spec\.target\.containerName/, {
    spec: { target: { nodeName: 'node-b', containerName: 'refuse-taken' } },
  });
});

test('an established TCP connection, naming both ends', async () => {
  const program = `
import socket, time
server = socket.create_server(("0.0.0.0", 9000))
peers = []
while True: peers.append(server.accept())
`;
  docker(
    'node-a',
    'run',
    '-d',
    '--name',
    'refuse-server',
    '-p',
    '9000:9000',
    'transship-lab/python:1',
    'python3',
    '-c',
    program,
  );
  const client = docker(
    'node-a',
    'inspect',
    '-f',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    'refuse-server',
  );
  const connect = `import socket, time
for _ in range(100):
    try:
        held = socket.create_connection(("${client}", 9000)); break
    except OSError: time.sleep(0.05)
time.sleep(1000)`;
  docker('node-a', 'run', '-d', '--name', 'refuse-client', 'transship-lab/python:1', 'python3', '-c', connect);
  try {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await expectRefusal('EstablishedConnections', /1 TCP connections? .*:9000 ↔ .*ESTAB/, {
      container: 'refuse-server',
    });
  } finally {
    docker('node-a', 'rm', '-f', 'refuse-client');
  }
});

describe('a target node that is not fit', () => {
  /** Spoils something on node-b, and mends it whatever happens. */
  async function spoilt(spoil: string, mend: string, check: () => Promise<void>): Promise<void> {
    try {
      onNode('node-b', 'sh', '-ec', spoil);
      await check();
    } finally {
      onNode('node-b', 'sh', '-c', mend);
    }
  }

  const reload = 'kill -HUP $(cat /run/docker.pid 2>/dev/null || pidof dockerd); sleep 1';

  test('without the wrapper runtime', () =>
    spoilt(
      `cp /etc/docker/daemon.json /tmp/daemon.json; sed -i 's/"transship"/"elsewhere"/' /etc/docker/daemon.json; ${reload}`,
      `cp /tmp/daemon.json /etc/docker/daemon.json; ${reload}`,
      () => expectRefusal('RestoreRuntimeMissing', /"runtimes":.*transship.*(HUP|reload)/s),
    ));

  test('without CRIU', () =>
    spoilt('mv /usr/sbin/criu /usr/sbin/criu.away', 'mv /usr/sbin/criu.away /usr/sbin/criu', () =>
      expectRefusal('CriuMissing', /node-b: .*install/i),
    ));

  test('with a CRIU that does not work on its kernel', () =>
    spoilt(
      'mv /usr/sbin/criu /usr/sbin/criu.away; printf \'#!/bin/sh\\n[ "$1" = --version ] && echo "Version: 3.17.1" && exit 0\\nexit 1\\n\' > /usr/sbin/criu; chmod +x /usr/sbin/criu',
      'mv /usr/sbin/criu.away /usr/sbin/criu',
      () => expectRefusal('CriuUnusable', /3\.17\.1.*install/s),
    ));

  test('without the directory of the shared volume', () =>
    spoilt(
      'mkdir /mnt/kept; mount --move /mnt/transship /mnt/kept; mv /mnt/transship /mnt/bare',
      'mv /mnt/bare /mnt/transship; mount --move /mnt/kept /mnt/transship; rmdir /mnt/kept',
      () => expectRefusal('VolumeMissing', /node-b: .*\/mnt\/transship/),
    ));

  test('with another volume in its place', () =>
    spoilt('mount -t tmpfs -o size=128m tmpfs /mnt/transship', 'umount /mnt/transship', () =>
      expectRefusal('VolumeNotShared', /node-b: .*another volume at \/mnt\/transship than node-a/),
    ));

  test('with the shared volume mounted read-only', () =>
    spoilt('mount -o remount,bind,ro /mnt/transship', 'mount -o remount,bind,rw /mnt/transship', () =>
      expectRefusal('VolumeReadOnly', /node-b: .*read-only/),
    ));

  test('with a full volume', () =>
    spoilt('mount -t tmpfs -o size=1m tmpfs /mnt/transship', 'umount /mnt/transship', () =>
      expectRefusal('VolumeFull', /node-b: .*only 1 MiB left/),
    ));
});

test('the container that was refused all the time still runs, and can be moved', () => {
  expect(docker('node-a', 'inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'refuse-me')).toBe('running 0');
});
