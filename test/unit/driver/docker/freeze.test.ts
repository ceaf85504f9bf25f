import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../../src/runtime/clock';
import { ReasonedError } from '../../../../src/runtime/errors';
import { DESCRIPTORS, DockerDriverSetup } from '../../../lib/docker-driver-setup';
import { container as wrapped, ID, UID } from '../../../lib/driver-setup';

const container = { ...wrapped, runtime: 'runc' };
const refused = new ReasonedError('EngineRefused', 'criu failed: type NOTIFY errno 0');

let setup: DockerDriverSetup;
beforeEach(() => {
  setup = new DockerDriverSetup();
});
afterEach(() => {
  setup.remove();
});

const dump = (more: object = {}): Promise<unknown> =>
  setup.dockerDriver().dump({ ...container, ...more }, setup.checkpoint, { timeoutMs: 1_000 });

describe('a dump', () => {
  test('has CRIU write to the volume through symlinks, and leaves nothing of that', async () => {
    writeFileSync(setup.nodeConfig, 'theirs\n');
    let config = '';
    setup.onCreate = () => {
      config = readFileSync(setup.nodeConfig, 'utf8');
      const [images = '', work = ''] = config
        .split('\n')
        .slice(1)
        .map((line) => line.split(' ')[1] ?? '');
      expect([images, work].map((path) => readlinkSync(path))).toEqual([
        setup.checkpoint.images,
        setup.checkpoint.work,
      ]);
      return Promise.resolve();
    };
    await dump();
    expect(config.replace(/^#.*\n/, '')).toBe(
      `images-dir ${setup.runDir}/dump/${ID}.images\nwork-dir ${setup.runDir}/dump/${ID}.work\nnetwork-lock skip\n`,
    );
    expect(readFileSync(setup.nodeConfig, 'utf8')).toBe('theirs\n');
    expect(readdirSync(join(setup.runDir, 'dump'))).toEqual([]);
    expect(readFileSync(join(setup.checkpoint.images, 'descriptors.json'), 'utf8')).toBe(DESCRIPTORS);
    expect(setup.calls).toEqual(['checkpoint it as transship']);
    // None of its processes runs on, whoever thaws it.
    expect(setup.signals).toEqual(['SIGSTOP']);
  });

  test('gives the configuration of the node back as soon as CRIU has read it', async () => {
    setup.onCreate = async () => {
      expect(existsSync(setup.nodeConfig)).toBe(true);
      const log = join(setup.checkpoint.work, 'dump.log');
      writeFileSync(log, '(00.000000) Version: 4.2.1\n');
      await systemClock.sleep(50);
      // It reads it a second time.
      expect(existsSync(setup.nodeConfig)).toBe(true);
      writeFileSync(log, '(00.000000) Version: 4.2.1\n(00.012345) Dumping processes (pid: 4711 comm: sh)\n');
      while (existsSync(setup.nodeConfig)) await systemClock.sleep(1);
    };
    await dump();
  });

  test('of a container that names a configuration of ours touches nothing of the node', async () => {
    const own = join(setup.runDir, 'criu', `${UID}.conf`);
    writeFileSync(setup.nodeConfig, 'theirs\n');
    setup.onCreate = () => {
      expect(readFileSync(setup.nodeConfig, 'utf8')).toBe('theirs\n');
      expect(readFileSync(own, 'utf8')).toContain('images-dir');
      return Promise.resolve();
    };
    await dump({ annotations: { 'org.criu.config': own } });
    expect(existsSync(own)).toBe(false);
  });

  test('tells CRIU what it is told, but for what only a restore may know', async () => {
    let config = '';
    setup.onCreate = () => {
      config = readFileSync(setup.nodeConfig, 'utf8');
      return Promise.resolve();
    };
    await setup.dockerDriver().dump(container, setup.checkpoint, {
      timeoutMs: 1_000,
      criuOptions: [{ name: 'ghost-limit', value: '7' }, { name: 'file-locks' }, { name: 'mntns-compat-mode' }],
      closeConnections: () => Promise.resolve(),
    });
    expect(config.split('\n').slice(3)).toEqual([
      'file-locks',
      'network-lock skip',
      'ghost-limit 7',
      'skip-in-flight',
      '',
    ]);
  });

  test('that fails is explained by the log of CRIU, and the container is paused again', async () => {
    setup.onCreate = () => {
      writeFileSync(join(setup.checkpoint.work, 'dump.log'), '(00.1) Error (criu/x.c:1): something odd\n');
      setup.runc.status = 'running';
      return Promise.reject(refused);
    };
    await expect(dump()).rejects.toMatchObject({
      reason: 'CriuDumpFailed',
      message: expect.stringContaining('odd') as string,
    });
    expect([setup.runc.status, existsSync(setup.nodeConfig), setup.signals]).toEqual(['paused', false, []]);
  });

  test('that Docker does not end in time is one that CRIU did not end', async () => {
    setup.onCreate = () => Promise.reject(new ReasonedError('EngineTimedOut', 'no answer'));
    await expect(dump()).rejects.toMatchObject({ reason: 'CriuTimedOut' });
  });

  test('with a Docker that is away says so', async () => {
    setup.onCreate = () => Promise.reject(new ReasonedError('EngineUnreachable', 'nobody listens'));
    await expect(dump()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
  });
});

describe('what stands against a freeze', () => {
  const reasons = async (more: object = {}, connections = 'Refuse'): Promise<string[]> =>
    (await setup.dockerDriver().checkFreeze({ ...container, ...more }, { connections })).map(({ reason }) => reason);

  test('is nothing on a daemon with experimental features', async () => {
    expect(await reasons()).toEqual([]);
    expect(await reasons({}, 'Close')).toEqual([]);
  });

  test('is a daemon without them', async () => {
    setup.experimental = false;
    expect(await reasons()).toEqual(['EngineNotExperimental']);
  });

  test('is a runtime that the target may not have', async () => {
    expect(await reasons({ runtime: 'transship' })).toEqual(['RuntimeNeedsWrapper']);
  });

  test('is a configuration of its own, but not one of ours', async () => {
    const named = (config: string): object => ({ annotations: { 'org.criu.config': config } });
    expect(await reasons(named('/etc/criu/own.conf'))).toEqual(['CriuConfigForeign']);
    expect(await reasons(named(join(setup.runDir, 'criu', `${UID}.conf`)))).toEqual([]);
  });

  test('is what it cannot do with connections', async () => {
    expect(await reasons({}, 'Keep')).toEqual(['ConnectionsNotKept']);
  });
});

test('memory does not come later, whatever the node has', async () => {
  const found = await setup.dockerDriver().checkLazy({ version: '26.1.5', experimental: true, runtimes: {} });
  expect(found).toMatchObject([{ reason: 'LazyPagesNotByDriver', blocking: true }]);
});

test.each([
  ['26.1.5', false, []],
  ['27.0.1', false, ['PrivateNetworkUnsupported']],
  ['28.5.2', false, ['PrivateNetworkUnsupported']],
  ['28.5.2', true, []],
])('Docker %s, network of the node: %p', async (version, hasNodeNetwork, expected) => {
  const engine = { version, experimental: true, runtimes: {} };
  const found = await setup.dockerDriver().checkWake(engine, { hasNodeNetwork });
  expect(found.map(({ reason }) => reason)).toEqual(expected);
});
