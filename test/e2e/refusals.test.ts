/** Every refusal with its own reason, a message, an Event, and nothing touched. */
import type { ContainerMigration } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import type { NodeName } from '../lib/lab-docker';
import { containerNames, docker, stateOf } from '../lib/lab-docker';
import type { MigrationManifest } from '../lib/lab-migration';
import { apply, deleteMigrations, migrate, migrateWell, until } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { mustRun } from '../lib/lab-tools';
import { poll } from '../lib/waiting';

const NODES = ['node-a', 'node-b'] as const;

/** Removes what the tests made, those of a run that was broken off too. */
function clean(): void {
  deleteMigrations();
  for (const node of NODES) {
    const ids = docker(node, 'ps', '--all', '--quiet', '--filter', 'name=^refuse-');
    if (ids !== '') docker(node, 'rm', '-f', ...ids.split('\n'));
  }
}

/**
 * What must be the same after a refusal as before: every container on both nodes, what the agents keep of migrations on
 * them, and the checkpoints on the volume.
 */
function world(): unknown {
  const format = '{{.Id}} {{.Name}} {{.State.Status}} {{.State.StartedAt}} {{.HostConfig.RestartPolicy.Name}}';
  return NODES.map((node) => {
    const names = containerNames(node);
    return {
      node,
      containers: names.length === 0 ? '' : docker(node, 'inspect', '--format', format, ...names),
      notes: onNode(node, 'cd /run/transship; find source restore criu | sort'),
      checkpoints: onNode(node, 'find /mnt/transship -path "*/refuse-*" | sort'),
    };
  });
}

let refusals = 0;

async function expectRefusal(
  reason: string,
  message: RegExp,
  manifest: Partial<MigrationManifest> = {},
): Promise<void> {
  const name = `refuse-${++refusals}-${reason.toLowerCase()}`;
  const before = world();
  const refused = await migrate({ name, container: 'refuse-me', from: 'node-a', to: 'node-b', ...manifest });
  expectRefused(refused, reason, message);
  expect(world()).toEqual(before);
}

/** What the object says of it, and an Event. */
function expectRefused({ metadata, status }: ContainerMigration, reason: string, message: RegExp): void {
  expect({ phase: status.phase, reason: status.reason }).toEqual({ phase: 'Failed', reason });
  expect(status.message).toMatch(message);
  const selector = `involvedObject.uid=${metadata.uid},reason=${reason}`;
  expect(mustRun('kubectl', ['get', 'events', '--field-selector', selector, '-o', 'name'])).toMatch(/^event\//);
}

const START = ['run', '-d', '--restart', 'always', '--name'];
const SLEEP = ['transship-lab/busybox:1', 'sleep', '100000'];

/** An agent that is away is waited for: one minute, in which the other refusals are tried. */
const WITHOUT_AGENT = { name: 'refuse-bare', container: 'refuse-me', from: 'node-a', to: 'node-bare' };

beforeAll(() => {
  clean();
  docker('node-a', ...START, 'refuse-me', ...SLEEP);
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: WITHOUT_AGENT.to } };
  mustRun('kubectl', ['apply', '-f', '-'], JSON.stringify(node));
  apply(WITHOUT_AGENT);
});
afterAll(() => {
  mustRun('kubectl', ['delete', 'node', WITHOUT_AGENT.to, '--ignore-not-found']);
  clean();
});

test('a node that does not exist', () =>
  expectRefusal('NodeNotFound', /no node node-z .*kubectl get nodes/, { to: 'node-z' }));

test('source and target the same', () => expectRefusal('SourceEqualsTarget', /another node/, { to: 'node-a' }));

test('a container that does not exist', () =>
  expectRefusal('ContainerNotFound', /no container nowhere on node-a.*docker ps/, { container: 'nowhere' }));

test('an ID that could mean several containers', async () => {
  // Containers until two IDs begin with the same digit: 17 at most.
  const ids: string[] = [];
  const firsts = (): string[] => ids.map((id) => id.charAt(0));
  try {
    while (new Set(firsts()).size === ids.length) {
      ids.push(docker('node-a', 'create', '--name', `refuse-ambiguous-${ids.length}`, ...SLEEP));
    }
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

test('a volume that another container writes to as well', async () => {
  for (const name of ['refuse-volume', 'refuse-second']) {
    docker('node-a', 'run', '-d', '--name', name, '-v', 'refuse-data:/data', ...SLEEP);
  }
  try {
    await expectRefusal('VolumeInUse', /refuse-data is also used by refuse-second/, { container: 'refuse-volume' });
  } finally {
    docker('node-a', 'rm', '-f', 'refuse-volume', 'refuse-second');
    docker('node-a', 'volume', 'rm', 'refuse-data');
  }
});

test('an image that the target lacks, and that may not be carried', async () => {
  // An image of its own: the same files, but imported on one node only.
  const build = 'docker export refuse-export | docker import - transship-lab/only-a:1; docker rm refuse-export';
  onNode('node-a', `docker create --name refuse-export transship-lab/busybox:1 true; ${build}`);
  docker('node-a', 'run', '-d', '--name', 'refuse-image', 'transship-lab/only-a:1', 'sleep', '100000');
  try {
    await expectRefusal('ImageMissing', /node-b has no image transship-lab\/only-a:1 .*docker save/, {
      container: 'refuse-image',
      spec: { image: 'Require' },
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
  const python = ['transship-lab/python:1', 'python3', '-c'];
  docker('node-a', 'run', '-d', '--name', 'refuse-server', '-p', '9000:9000', ...python, program);
  const inspect = (format: string): string => docker('node-a', 'inspect', '-f', format, 'refuse-server');
  const address = inspect('{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
  const connect = `import socket, time
for _ in range(100):
    try:
        held = socket.create_connection(("${address}", 9000)); break
    except OSError: time.sleep(0.05)
time.sleep(1000)`;
  docker('node-a', 'run', '-d', '--name', 'refuse-client', ...python, connect);
  try {
    const pid = inspect('{{.State.Pid}}');
    // Port 9000 in hexadecimal digits, and state 1: established.
    await poll('an established connection', () =>
      /:2328 [0-9A-F]{8}:[0-9A-F]{4} 01 /.test(onNode('node-a', 'cat "/proc/$1/net/tcp"', pid)),
    );
    await expectRefusal('EstablishedConnections', /1 TCP connections? .*:9000 ↔ .*ESTAB/, {
      container: 'refuse-server',
    });
  } finally {
    docker('node-a', 'rm', '-f', 'refuse-client');
  }
});

describe('a node that is not fit', () => {
  /** Spoils something on the node, and mends it whatever happens. */
  async function spoilt(node: NodeName, spoil: string, mend: string, check: () => Promise<void>): Promise<void> {
    try {
      onNode(node, spoil);
      await check();
    } finally {
      onNode(node, mend);
    }
  }

  /** Lets node-b's Docker read its configuration again, until it knows the runtime or knows it no more. */
  async function reloadDocker(expected: 'with' | 'without'): Promise<void> {
    mustRun('lab/service', ['reload', 'dockerd@node-b']);
    await poll(`Docker ${expected} the runtime transship`, () => {
      const known = docker('node-b', 'info', '--format', '{{json .Runtimes}}').includes('"transship":');
      return known === (expected === 'with');
    });
  }

  test('a target without the wrapper runtime', async () => {
    try {
      await spoilt(
        'node-b',
        `cp /etc/docker/daemon.json /tmp/daemon.json; sed -i 's/"transship"/"elsewhere"/' /etc/docker/daemon.json`,
        'mv /tmp/daemon.json /etc/docker/daemon.json',
        async () => {
          await reloadDocker('without');
          // With `Auto` another driver may be possible.
          const spec = { driver: 'runc' };
          await expectRefusal('RestoreRuntimeMissing', /"runtimes":.*transship.*(HUP|reload)/s, { spec });
        },
      );
    } finally {
      await reloadDocker('with');
    }
  });

  test.each(NODES)('%s without CRIU', (node) =>
    spoilt(node, 'mv /usr/sbin/criu /usr/sbin/criu.away', 'mv /usr/sbin/criu.away /usr/sbin/criu', () =>
      expectRefusal('CriuMissing', new RegExp(`${node}: .*install`, 'i')),
    ),
  );

  test('a target with a CRIU that does not work on its kernel', () =>
    spoilt(
      'node-b',
      'mv /usr/sbin/criu /usr/sbin/criu.away; printf \'#!/bin/sh\\n[ "$1" = --version ] && echo "Version: 3.17.1" && exit 0\\nexit 1\\n\' > /usr/sbin/criu; chmod +x /usr/sbin/criu',
      'mv /usr/sbin/criu.away /usr/sbin/criu',
      () => expectRefusal('CriuUnusable', /3\.17\.1.*install/s),
    ));

  test.each<{ what: string; spoil: string; mend: string; reason: string; message: RegExp }>([
    {
      what: 'without the directory of the shared volume',
      spoil: 'mkdir /mnt/kept; mount --move /mnt/transship /mnt/kept; mv /mnt/transship /mnt/bare',
      mend: 'mv /mnt/bare /mnt/transship; mount --move /mnt/kept /mnt/transship; rmdir /mnt/kept',
      reason: 'VolumeMissing',
      message: /node-b: .*\/mnt\/transship/,
    },
    {
      what: 'with another volume in its place',
      spoil: 'mount -t tmpfs -o size=128m tmpfs /mnt/transship',
      mend: 'umount /mnt/transship',
      reason: 'VolumeNotShared',
      message: /node-b: .*another volume at \/mnt\/transship than node-a/,
    },
    {
      what: 'with the shared volume mounted read-only',
      spoil: 'mount -o remount,bind,ro /mnt/transship',
      mend: 'mount -o remount,bind,rw /mnt/transship',
      reason: 'VolumeReadOnly',
      message: /node-b: .*read-only/,
    },
    {
      what: 'with a full volume',
      spoil: 'mount -t tmpfs -o size=1m tmpfs /mnt/transship',
      mend: 'umount /mnt/transship',
      reason: 'VolumeFull',
      message: /node-b: .*only 1 MiB left/,
    },
  ])('a target $what', ({ spoil, mend, reason, message }) =>
    spoilt('node-b', spoil, mend, () => expectRefusal(reason, message)),
  );
});

test('a node without an agent', async () => {
  const refused = await until(WITHOUT_AGENT.name, 'end', isFinal);
  expectRefused(refused, 'NodeWithoutAgent', /no Transship agent reports from node node-bare .*DaemonSet/);
  // Nobody has looked at anything for it.
  expect(refused.status).not.toHaveProperty('source');
  expect(refused.status).not.toHaveProperty('target');
});

test('the container that was refused all the time runs as if nothing had been asked, and can be moved', async () => {
  expect(docker('node-a', 'inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'refuse-me')).toBe('running 0');
  await migrateWell({ name: 'refuse-no-more', container: 'refuse-me', from: 'node-a', to: 'node-b' });
  expect(stateOf('node-b', 'refuse-me')).toBe('running');
  expect(stateOf('node-a', 'refuse-me')).toBeUndefined();
});
