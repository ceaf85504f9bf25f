import type { ContainerFacts, NodeFacts } from '../../../../src/agent/survey/facts';
import type { AgentDeps } from '../../../../src/agent/ports';
import { surveySource } from '../../../../src/agent/survey/survey-source';
import { surveyTarget } from '../../../../src/agent/survey/survey-target';
import type { Check, ContainerMigration } from '../../../../src/api/types';
import { ReasonedError } from '../../../../src/runtime/errors';
import { inspectAnswer, inspectFixture } from '../../../lib/inspect-fixtures';
import { migration, source } from '../../../lib/migration';
import { CONTAINER_FACTS, nodeFacts } from '../../../lib/node-facts';

const plain = { ...inspectFixture('docker28', 'none'), state: 'running', pid: 42 } as const;

interface World {
  readonly facts?: Partial<NodeFacts>;
  readonly container?: Partial<ContainerFacts>;
  readonly inspect?: unknown;
  readonly pathExists?: boolean;
  readonly offsetMicroseconds?: number;
  readonly fails?: string;
}

function depsFor({ facts = {}, container = {}, inspect = {}, pathExists = true, ...more }: World = {}): AgentDeps {
  const seen = { ...nodeFacts({ container: { ...CONTAINER_FACTS, ...container } }), ...facts };
  return {
    engine: {
      info: () => Promise.resolve({ version: '28.5.2' }),
      list: () => Promise.resolve([{ id: 'x', names: ['other'], labels: {} }]),
      inspect: () => Promise.resolve({ name: 'other', raw: inspect }),
    },
    node: {
      name: 'node-b',
      pathExists: () => Promise.resolve(pathExists),
      measureClock: () => Promise.resolve({ offsetMicroseconds: more.offsetMicroseconds ?? 0, errorMicroseconds: 1 }),
      survey: (what: Parameters<AgentDeps['node']['survey']>[0]) =>
        more.fails === undefined
          ? Promise.resolve({
              ...seen,
              volume: what.volume ? seen.volume : undefined,
              container: what.container === undefined ? undefined : seen.container,
            })
          : Promise.reject(new ReasonedError(more.fails, 'for the test')),
    },
  } as unknown as AgentDeps;
}

const reasons = (checks: readonly Check[]): string[] => checks.map(({ reason }) => reason);

describe('the source', () => {
  test('tells the target what it must have, and how large the checkpoint will be', async () => {
    const bridge = { ...inspectFixture('docker28', 'bridge'), state: 'running', pid: 42 } as const;
    const { status, checks } = await surveySource(bridge, [], depsFor({ container: { memoryBytes: 5_000_000 } }));
    expect(checks).toEqual([]);
    expect(status.node).toEqual({
      machine: 'x86_64',
      kernel: '6.18.44',
      docker: '28.5.2',
      criu: '4.2.1',
      runc: '1.3.6',
      cpuFeatures: ['avx2', 'fpu', 'sse2'],
    });
    expect(status.needs?.ports).toContainEqual({ protocol: 'tcp', address: '127.0.0.1', port: 18081 });
    expect(status.estimate?.checkpointBytes).toBeGreaterThan(5_000_000);
    expect(status.clock).toEqual({ offsetMicroseconds: 0, errorMicroseconds: 1 });
  });

  test('leaves the address of a port out that is published on all of them', async () => {
    const raw = { HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } } };
    const { status } = await surveySource({ ...plain, raw }, [], depsFor());
    // An empty text would do, but for API server 1.20.
    expect(status.needs).toEqual({ ports: [{ protocol: 'tcp', port: 8080 }] });
  });

  test("tells of a container in the host's network what it listens on, and not what Docker does not publish", async () => {
    const fixture = inspectFixture('docker28', 'host');
    const PortBindings = { '80/tcp': [{ HostIp: '', HostPort: '8080' }] };
    const host = { ...fixture, state: 'running', pid: 42, raw: { HostConfig: { PortBindings } } } as const;
    const bound = [{ protocol: 'tcp', address: '192.0.2.7', port: 80 }];
    const { status, checks } = await surveySource(host, [], depsFor({ container: { bound } }));
    expect(checks).toEqual([]);
    expect(status.needs).toEqual({ ports: bound, addresses: ['192.0.2.7'] });
  });

  test.each([
    ['bridge', { connectedUDP: 2 }],
    ['host', {}],
  ])('tells of connected UDP sockets in the network %s: %j', async (networkMode, needs) => {
    const { status } = await surveySource({ ...plain, networkMode }, [], depsFor({ container: { connectedUdp: 2 } }));
    expect(status.needs?.connectedUDP).toBe('connectedUDP' in needs ? needs.connectedUDP : undefined);
  });

  test('finds sockets that could not be bound again', async () => {
    const bound = [{ protocol: 'tcp', address: '172.17.0.2', port: 80 }];
    const { checks } = await surveySource(plain, [], depsFor({ container: { bound } }));
    expect(reasons(checks)).toEqual(['AddressNotFixed']);
  });

  test('finds what the kernel says of the processes', async () => {
    const { checks } = await surveySource(plain, [], depsFor({ container: { ioUring: [42] } }));
    expect(reasons(checks)).toEqual(['IoUring']);
  });

  test('does not try a volume that is known to be unusable, and then estimates nothing', async () => {
    const known = [{ reason: 'VolumeFull', message: 'full', blocking: true }];
    const { status, checks } = await surveySource(plain, known, depsFor());
    expect(checks).toEqual([]);
    expect(status).not.toHaveProperty('estimate');
    expect(status).not.toHaveProperty('clock');
  });

  test('estimates nothing of a container that does not run', async () => {
    const { status } = await surveySource({ ...plain, state: 'exited', pid: 0 }, [], depsFor());
    expect(status).toHaveProperty('node');
    expect(status).not.toHaveProperty('estimate');
  });

  test('names what was named before only once', async () => {
    const known = [{ reason: 'ContainerProcessesUnknown', message: 'gone', blocking: true }];
    expect(await surveySource(plain, known, depsFor({ fails: 'ContainerProcessesUnknown' }))).toEqual({
      status: {},
      checks: [],
    });
  });

  test('refuses by name what it cannot look at, and tries again what may pass', async () => {
    const refused = await surveySource(plain, [], depsFor({ fails: 'ContainerProcessesUnknown' }));
    expect(reasons(refused.checks)).toEqual(['ContainerProcessesUnknown']);
    await expect(surveySource(plain, [], depsFor({ fails: 'VolumeHung' }))).rejects.toMatchObject({
      reason: 'VolumeHung',
    });
  });
});

describe('the target', () => {
  const reported = {
    node: { machine: 'x86_64', kernel: '6.18.44', docker: '28.5.2', criu: '4.2.1', cpuFeatures: ['avx2', 'fpu'] },
    estimate: { memoryBytes: 1e6, filesBytes: 0, checkpointBytes: 1e6, size: '1MiB', writeBytesPerSecond: 1e8 },
    clock: { offsetMicroseconds: 0, errorMicroseconds: 1 },
  };
  const moving = (more: object = {}, spec: Partial<ContainerMigration['spec']> = {}): ContainerMigration =>
    migration({ source: source('Preflighted', { ...reported, ...more }) }, { spec });

  test('finds nothing against a plain container, and predicts its downtime', async () => {
    const { status, checks } = await surveyTarget(moving(), [], depsFor());
    expect(checks).toEqual([]);
    expect(status.node).toMatchObject({ docker: '28.5.2' });
    expect(status.node).not.toHaveProperty('cpuFeatures');
    expect(status.estimate).toEqual({ readBytesPerSecond: 200_000_000, downtime: '719ms' });
  });

  const ports = [{ protocol: 'tcp', port: 18081 }];
  const listeners = [{ protocol: 'tcp', address: '', port: 18081 }];
  test.each<[string, object, Partial<ContainerMigration['spec']>, World, string]>([
    ['a downtime that is too long', {}, { maxDowntime: '1ms' }, {}, 'DowntimeTooLong'],
    ['a port that a container has', { needs: { ports } }, {}, { inspect: inspectWithPorts() }, 'PortTaken'],
    ['a port that a program has', { needs: { ports } }, {}, { facts: { listeners } }, 'PortTaken'],
    ['an address of the host it lacks', { needs: { addresses: ['192.0.2.7'] } }, {}, {}, 'AddressMissing'],
    ['a device it lacks', { needs: { devices: ['/dev/kvm'] } }, {}, { pathExists: false }, 'DeviceMissing'],
    ['a processor that can less', {}, {}, { facts: { cpuFlags: ['fpu'] } }, 'CpuFeaturesMissing'],
    ['an older kernel', {}, {}, { facts: { kernel: '6.1' } }, 'VersionsRisky'],
    [
      'a CRIU that does not fit its kernel',
      { node: undefined },
      {},
      { facts: { criu: '4.1' } },
      'VersionsIncompatible',
    ],
    ['too little memory', {}, {}, { facts: { memory: { totalBytes: 1e9, availableBytes: 1e5 } } }, 'MemoryTooSmall'],
    ['another time', {}, {}, { offsetMicroseconds: 5_000_000 }, 'ClocksDiffer'],
  ])('finds %s', async (_name, more, spec, world, reason) => {
    const { checks } = await surveyTarget(moving(more, spec), [], depsFor(world));
    expect(reasons(checks)).toEqual([reason]);
  });

  test('has nothing to compare with a source of another version, which reported less', async () => {
    const old = migration({ source: source('Preflighted') });
    const { status, checks } = await surveyTarget(old, [], depsFor({ facts: { cpuFlags: [], kernel: '4.0' } }));
    expect(checks).toEqual([]);
    expect(status).not.toHaveProperty('estimate');
  });
});

/** A running container with the published ports of the fixture. */
function inspectWithPorts(): unknown {
  const answer = inspectAnswer('docker28', 'bridge') as { HostConfig: { PortBindings: unknown } };
  return { NetworkSettings: { Ports: answer.HostConfig.PortBindings } };
}
