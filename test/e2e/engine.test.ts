/** The engine against a real dockerd of the lab. */
import { describe as describeContainer, toCreateBody } from '../../src/docker/description';
import type { PortableDescription } from '../../src/docker/description';
import { DockerodeNetworks } from '../../src/docker/dockerode-networks';
import { DockerodeEngine } from '../../src/docker/dockerode-engine';
import type { ContainerInfo } from '../../src/docker/engine';
import { ReasonedError } from '../../src/runtime/errors';
import { casesOf } from '../lib/case-containers';
import { CASE_VOLUMES } from '../lib/inspect-cases';
import { inspectFixture } from '../lib/inspect-fixtures';
import { docker } from '../lib/lab-docker';
import { labEnvironment } from '../lib/lab-tools';

jest.setTimeout(60_000);

const NODE = 'node-a';
const IMAGE = 'transship-lab/busybox:1';
const PREFIX = 'e2e-engine-';
const NETWORKS = {
  'fixture-net': ['--subnet', '10.99.0.0/24'],
  'fixture-other': ['--subnet', '10.99.1.0/24'],
  'fixture-six': ['--ipv6', '--subnet', '10.99.2.0/24', '--subnet', 'fd99::/64'],
};
const SLEEP = ['--network', 'none', IMAGE, 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1; done'];

const socketPath = (labEnvironment()['DOCKER_HOST_node_a'] ?? '').replace('unix://', '');
const profile = labEnvironment()['LAB_PROFILE'] ?? '';
const engine = new DockerodeEngine({ socketPath });

function cleanUp(): void {
  const ids = docker(NODE, 'ps', '--all', '--quiet', '--filter', `name=^${PREFIX}`);
  if (ids !== '') docker(NODE, 'rm', '--force', '--volumes', ...ids.split('\n'));
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return error instanceof ReasonedError ? error.reason : String(error);
  }
}

async function mustInspect(id: string): Promise<ContainerInfo> {
  const info = await engine.inspect(id);
  if (info === undefined) throw new Error(`no container ${id}`);
  return info;
}

beforeAll(cleanUp);
afterEach(cleanUp);

describe('what the daemon says', () => {
  test('of itself: its runtimes, with the wrapper that restores', async () => {
    const info = await engine.info();
    expect(info).toMatchObject({ defaultRuntime: 'runc', rootDir: '/var/lib/docker', storageDriver: 'overlay2' });
    expect(info.runtimes['transship']).toMatchObject({ path: '/opt/transship/oci/transship-runc' });
  });

  test('of images: by name and by ID', async () => {
    const byName = await engine.findImage(IMAGE);
    expect(byName?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await engine.findImage(byName?.id ?? '')).toEqual(byName);
    expect(await engine.findImage('registry.example:5000/no/such:1')).toBeUndefined();
  });

  test('of networks: by name only', async () => {
    const networks = new DockerodeNetworks({ socketPath });
    const id = docker(NODE, 'network', 'inspect', '--format', '{{.Id}}', 'bridge');
    expect(await networks.named('bridge')).toMatchObject([{ id, name: 'bridge', driver: 'bridge', scope: 'local' }]);
    expect(await networks.named(id)).toEqual([]);
    expect(await networks.named('bri')).toEqual([]);
  });

  test('of containers in every state, by label', async () => {
    const id = docker(NODE, 'create', '--name', `${PREFIX}l`, '--label', 'e2e=yes', '--label', 'x=1', ...SLEEP);
    expect(await engine.list({ e2e: 'yes', x: '1' })).toEqual([
      { id, names: [`${PREFIX}l`], labels: { e2e: 'yes', x: '1' } },
    ]);
    expect(await engine.list({ e2e: 'yes', x: '2' })).toEqual([]);
    expect((await engine.list()).map((container) => container.id)).toContain(id);
  });
});

describe('the states of a container', () => {
  test('every change can be made twice', async () => {
    const id = docker(NODE, 'create', '--name', `${PREFIX}twice`, ...SLEEP);
    const states: string[] = [];
    const twice = async (change: () => Promise<void>): Promise<void> => {
      await change();
      await change();
      states.push((await engine.inspect(id))?.state ?? 'gone');
    };
    await twice(() => engine.start(id, { timeoutMs: 10_000 }));
    await twice(() => engine.pause(id));
    await twice(() => engine.unpause(id));
    await twice(() => engine.kill(id));
    await twice(() => engine.remove(id, { force: true }));
    await engine.kill(id);
    expect(states).toEqual(['running', 'paused', 'running', 'exited', 'gone']);
  });

  test('a change that cannot be made is refused', async () => {
    const id = docker(NODE, 'create', '--name', `${PREFIX}refused`, ...SLEEP);
    expect(await reasonOf(engine.pause(id))).toBe('EngineRefused');
    expect(await reasonOf(engine.unpause(id))).toBe('EngineRefused');
    await engine.start(id, { timeoutMs: 10_000 });
    expect(await reasonOf(engine.remove(id, { force: false }))).toBe('EngineRefused');
    await engine.pause(id);
    expect(await reasonOf(engine.start(id, { timeoutMs: 10_000 }))).toBe('EngineRefused');
    await engine.kill(id);
    expect((await mustInspect(id)).state).toBe('exited');
    expect(await reasonOf(engine.start(`${PREFIX}none`, { timeoutMs: 10_000 }))).toBe('ContainerNotFound');
  });

  test('the restart policy changes while the container is paused', async () => {
    const id = docker(NODE, 'run', '--detach', '--restart', 'on-failure:3', '--name', `${PREFIX}policy`, ...SLEEP);
    const before = (await mustInspect(id)).restartPolicy;
    await engine.pause(id);
    await engine.setRestartPolicy(id, { name: 'no', maximumRetryCount: 3 });
    expect((await mustInspect(id)).restartPolicy).toEqual({ name: 'no', maximumRetryCount: 0 });
    await engine.setRestartPolicy(id, before);
    expect((await mustInspect(id)).restartPolicy).toEqual({ name: 'on-failure', maximumRetryCount: 3 });
  });

  test('anonymous volumes go with the container only when asked for', async () => {
    const volumesOf = async (name: string): Promise<readonly string[]> => {
      const id = docker(NODE, 'create', '--name', name, '--volume', '/data', ...SLEEP);
      return (await mustInspect(id)).volumes;
    };
    const left = (): string[] => docker(NODE, 'volume', 'ls', '--quiet').split('\n');
    const [kept = ''] = await volumesOf(`${PREFIX}kept`);
    const [removed = ''] = await volumesOf(`${PREFIX}removed`);
    await engine.remove(`${PREFIX}kept`, { force: true });
    await engine.remove(`${PREFIX}removed`, { force: true, volumes: true });
    expect(left()).toContain(kept);
    expect(left()).not.toContain(removed);
    docker(NODE, 'volume', 'rm', kept);
  });

  test('the times of pause and start are those that Docker noted', async () => {
    const sinceMs = Date.now();
    const id = docker(NODE, 'run', '--detach', '--name', `${PREFIX}events`, ...SLEEP);
    const startedMs = Date.now();
    expect(await engine.stateChangedAt(id, 'pause', { sinceMs, untilMs: Date.now() })).toBeUndefined();
    await engine.pause(id);
    await engine.unpause(id);
    const againMs = Date.now();
    await engine.pause(id);
    const window = { sinceMs, untilMs: Date.now() };
    const started = await engine.stateChangedAt(id, 'start', window);
    const paused = await engine.stateChangedAt(id, 'pause', window);
    expect(paused).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(Date.parse(started ?? '')).toBeGreaterThanOrEqual(sinceMs);
    expect(Date.parse(started ?? '')).toBeLessThanOrEqual(startedMs);
    expect(Date.parse(paused ?? '')).toBeGreaterThanOrEqual(againMs);
    expect(Date.parse(paused ?? '')).toBeLessThanOrEqual(window.untilMs);
  });
});

describe('finding a container', () => {
  test('by name, ID and the beginning of an ID; nothing for what is not there', async () => {
    const id = docker(NODE, 'create', '--name', `${PREFIX}found`, ...SLEEP);
    for (const reference of [id, `${PREFIX}found`, id.slice(0, 24)]) {
      expect((await engine.inspect(reference))?.id).toBe(id);
    }
    expect(await engine.inspect(`${PREFIX}lost`)).toBeUndefined();
    expect(await engine.inspect('../networks')).toBeUndefined();
  });

  test('the beginning of an ID that several have is ambiguous', async () => {
    // Of 17 containers two begin with the same digit.
    const ids = Array.from({ length: 17 }, (_, index) =>
      docker(NODE, 'create', '--name', `${PREFIX}m${index}`, ...SLEEP),
    );
    const first = ids.map((id) => id.slice(0, 1)).find((digit, index, all) => all.indexOf(digit) !== index) ?? '';
    expect(await reasonOf(engine.inspect(first))).toBe('ContainerAmbiguous');
  });
});

describe('a container created from the description of another', () => {
  beforeAll(() => {
    removeNetworks();
    for (const [name, how] of Object.entries(NETWORKS)) docker(NODE, 'network', 'create', ...how, name);
  });
  afterAll(() => {
    cleanUp();
    removeNetworks();
    docker(NODE, 'volume', 'rm', '--force', ...CASE_VOLUMES);
  });

  // Those that can be started alone; identity.test.ts creates all of them.
  const names = casesOf(profile)
    .filter(({ name, createdOnly, needs }) => createdOnly !== true && (needs === undefined || name === 'joined'))
    .map(({ name }) => [name] as const);

  test.each(names)('is the same: %s', async (name) => {
    const image = await engine.findImage(IMAGE);
    const original = onThisNode(describeContainer(inspectFixture(profile, name)), image?.id ?? '', name);
    const labels = { 'transship.dev/migration-uid': 'e2e' };
    const annotations = { 'org.criu.config': '/run/transship/criu/e2e.conf' };
    const body = toCreateBody(original, { runtime: 'transship', labels, annotations });

    const id = await engine.create(`${PREFIX}${name}`, body);
    await engine.start(id, { timeoutMs: 20_000 });
    const created = await mustInspect(id);

    expect(created).toMatchObject({
      state: 'running',
      runtime: 'transship',
      restartPolicy: { name: 'no', maximumRetryCount: 0 },
      imageID: image?.id,
      imageName: original.imageName,
      annotations,
    });
    expect(created.labels).toMatchObject(labels);
    expect(comparable(describeContainer(created))).toEqual(comparable(original));
  });

  test('without the entry point of its image it stays without', async () => {
    docker(NODE, 'create', '--name', `${PREFIX}base`, ...SLEEP);
    docker(
      NODE,
      'commit',
      '--change',
      'ENTRYPOINT ["false"]',
      '--change',
      'CMD ["no"]',
      `${PREFIX}base`,
      `${PREFIX}image`,
    );
    try {
      const run = ['run', '--detach', '--network', 'none', '--entrypoint', '', '--name', `${PREFIX}plain`];
      const original = await mustInspect(docker(NODE, ...run, `${PREFIX}image`, 'sleep', '60'));
      const options = { runtime: 'runc', labels: {}, annotations: {} };
      const id = await engine.create(`${PREFIX}copy`, toCreateBody(describeContainer(original), options));
      await engine.start(id, { timeoutMs: 20_000 });
      const copy = await mustInspect(id);
      expect(copy.state).toBe('running');
      expect(comparable(describeContainer(copy))).toEqual(comparable(describeContainer(original)));
    } finally {
      cleanUp();
      docker(NODE, 'image', 'rm', `${PREFIX}image`);
    }
  });

  test('a name that is taken is refused, and so is an image that is missing', async () => {
    const id = docker(NODE, 'create', '--name', `${PREFIX}name`, ...SLEEP);
    const description = describeContainer(await mustInspect(id));
    const options = { runtime: 'runc', labels: {}, annotations: {} };
    const body = toCreateBody(description, options);
    expect(await reasonOf(engine.create(`${PREFIX}name`, body))).toBe('NameTaken');
    const strange = { ...description, imageID: `sha256:${'0'.repeat(64)}` };
    expect(await reasonOf(engine.create(`${PREFIX}image`, toCreateBody(strange, options)))).toBe('ImageMissing');
    const wrapped = toCreateBody(description, { ...options, runtime: 'no-such-runtime' });
    expect(await reasonOf(engine.create(`${PREFIX}runtime`, wrapped))).toBe('EngineRefused');
  });
});

function removeNetworks(): void {
  for (const name of Object.keys(NETWORKS)) {
    if (docker(NODE, 'network', 'ls', '--quiet', '--filter', `name=^${name}$`) !== '')
      docker(NODE, 'network', 'rm', name);
  }
}

/** The description with what differs between the lab it was taken in and this one. */
function onThisNode(description: PortableDescription, imageID: string, name: string): PortableDescription {
  if (name !== 'joined') return { ...description, imageID };
  const other = docker(NODE, 'run', '--detach', '--name', `${PREFIX}other`, IMAGE, 'sleep', '60');
  return { ...description, imageID, hostConfig: { ...description.hostConfig, NetworkMode: `container:${other}` } };
}

/** A description without what a move changes on purpose. */
function comparable(description: PortableDescription): unknown {
  const { hostConfig, config, ...rest } = description;
  // Docker refuses a hostname here, and shows another one for every container.
  const nameless = hostConfig['UTSMode'] === 'host' || String(hostConfig['NetworkMode']).startsWith('container:');
  const labels = Object.entries((config['Labels'] ?? {}) as Record<string, string>);
  const annotations = Object.entries((hostConfig['Annotations'] ?? {}) as Record<string, string>);
  return {
    ...rest,
    name: undefined,
    // Goes into labels of the move, which this one has not.
    origin: undefined,
    config: {
      ...config,
      ...(nameless ? { Hostname: undefined } : {}),
      Labels: Object.fromEntries(labels.filter(([key]) => !key.startsWith('transship.dev/'))),
    },
    hostConfig: {
      ...hostConfig,
      Runtime: undefined,
      RestartPolicy: undefined,
      Annotations: Object.fromEntries(annotations.filter(([key]) => key !== 'org.criu.config')),
    },
  };
}
