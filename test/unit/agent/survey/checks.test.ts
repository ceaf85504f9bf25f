import { containerChecks } from '../../../../src/agent/survey/container-checks';
import { cpuChecks, instructionSets } from '../../../../src/agent/survey/cpu';
import { portChecks } from '../../../../src/agent/survey/port-checks';
import { clockChecks, deviceChecks, memoryChecks } from '../../../../src/agent/survey/target-checks';
import type { Versions } from '../../../../src/agent/survey/versions';
import { nodeVersionChecks, pairVersionChecks } from '../../../../src/agent/survey/versions';
import type { Check } from '../../../../src/api/types';
import type { ContainerNeeds, HostPort } from '../../../../src/docker/needs';
import { readNeeds } from '../../../../src/docker/needs';
import { CONTAINER_FACTS, nodeFacts } from '../../../lib/node-facts';

const GIB = 1024 ** 3;
const noNeeds = readNeeds({});
const summarise = (checks: readonly Check[]): [string, boolean][] =>
  checks.map(({ reason, blocking }) => [reason, blocking]);
const said = (checks: readonly Check[]): string => checks.map(({ message }) => message).join('; ');

describe('a container', () => {
  const found = (needs: Partial<ContainerNeeds>, facts: Parameters<typeof nodeFacts>[0] = {}): Check[] =>
    containerChecks('web', { ...noNeeds, ...needs }, nodeFacts(facts));
  const nfs = { mountPoint: '/data', fsType: 'nfs4' };

  test('has nothing against it by itself', () => {
    expect(found({ devices: ['/dev/fuse'], ports: [{ protocol: 'tcp', address: '', port: 80 }] })).toEqual([]);
  });

  test('with a GPU is refused', () => {
    expect(summarise(found({ deviceRequests: 1 }))).toEqual([['DeviceRequestsUnsupported', true]]);
  });

  test('with a terminal is not refused, but told of', () => {
    expect(summarise(found({ terminal: true }))).toEqual([['TerminalDetached', false]]);
  });

  test('whose shared memory lies on the node is refused while there are files in it', () => {
    const container = { ...CONTAINER_FACTS, sharedMemoryFiles: 2 };
    expect(found({ shareableMemory: false }, { container })).toEqual([]);
    expect(found({ shareableMemory: true })).toEqual([]);
    const checks = found({ shareableMemory: true }, { container });
    expect(summarise(checks)).toEqual([['SharedMemoryNotCarried', true]]);
    expect(said(checks)).toContain('2 files');
  });

  test('that uses io_uring is refused, with the processes that do', () => {
    const checks = found({}, { container: { ...CONTAINER_FACTS, ioUring: [42, 43] } });
    expect(summarise(checks)).toEqual([['IoUring', true]]);
    expect(said(checks)).toContain('42, 43');
  });

  test('of another user is refused only where CRIU lacks the capability', () => {
    const container = { ...CONTAINER_FACTS, notRoot: [42] };
    expect(found({}, { container, hasSysResource: true })).toEqual([]);
    expect(summarise(found({}, { container, hasSysResource: false }))).toEqual([['NotPermitted', true]]);
    expect(found({}, { hasSysResource: false })).toEqual([]);
  });

  test('with NFS mounted inside is refused, with NFS that Docker mounted it is not', () => {
    const container = { ...CONTAINER_FACTS, networkMounts: [nfs] };
    expect(summarise(found({}, { container }))).toEqual([['NetworkMountInside', true]]);
    expect(found({ mountPoints: ['/data'] }, { container })).toEqual([]);
    expect(summarise(found({ mountPoints: ['/dat', '/'] }, { container }))).toEqual([['NetworkMountInside', true]]);
  });

  test('mounts below one that Docker made are refused, and those that Docker made are not', () => {
    const container = { ...CONTAINER_FACTS, hostMounts: ['/etc/hosts', '/host', '/host/run', '/host/data', '/hosts'] };
    const checks = found({ mountPoints: ['/host', '/host/data'] }, { container });
    expect(summarise(checks)).toEqual([['MountsBelowUnsupported', true]]);
    expect(said(checks)).toContain('cannot dump: /host/run;');
    expect(found({ mountPoints: ['/host', '/host/data', '/host/run', '/etc'] }, { container })).toEqual([]);
  });
});

describe('processors', () => {
  const source = { nodeName: 'node-a', machine: 'x86_64', cpuFeatures: ['avx2', 'fpu', 'sse2'] };
  const target = { name: 'node-b', machine: 'x86_64', cpuFlags: ['fpu', 'sse2', 'avx2', 'avx512f', 'kvm'] };

  test('only instruction sets of a program count, once each', () => {
    const flags = [
      'fpu',
      'vme',
      'constant_tsc',
      'rep_good',
      'avx512_vnni',
      'amx_tile',
      'xsavec',
      'ibpb',
      'sha_ni',
      'fpu',
    ];
    expect(instructionSets('x86_64', flags)).toEqual(['amx_tile', 'avx512_vnni', 'fpu', 'sha_ni', 'xsavec']);
    expect(instructionSets('aarch64', ['asimd', 'sve'])).toEqual(['asimd', 'sve']);
  });

  test('a target that can more is fine', () => {
    expect(cpuChecks(source, target)).toEqual([]);
  });

  test('a target that can less is refused, with what it lacks and nothing else', () => {
    const checks = cpuChecks({ ...source, cpuFeatures: ['avx512f', 'fpu', 'pku'] }, { ...target, cpuFlags: ['fpu'] });
    expect(summarise(checks)).toEqual([['CpuFeaturesMissing', true]]);
    expect(said(checks)).toContain('lacks avx512f, pku,');
  });

  test('another architecture is refused as that, not by a list of its flags', () => {
    expect(summarise(cpuChecks(source, { ...target, machine: 'aarch64', cpuFlags: ['asimd'] }))).toEqual([
      ['ArchitectureDiffers', true],
    ]);
  });
});

describe('versions', () => {
  const well: Versions = { nodeName: 'node-a', kernel: '6.18.44-fc', docker: '28.5.2', criu: '4.2.1', runc: '1.3.6' };

  test.each<[string, Partial<Versions>, boolean]>([
    ['those of the lab', {}, false],
    ['CRIU 4.1 on a new kernel', { criu: '4.1.1' }, true],
    ['CRIU 3.17 on a new kernel', { criu: '3.17.1', kernel: '7.0.1' }, true],
    ['CRIU 4.1 on an older kernel', { criu: '4.1.1', kernel: '6.15.9' }, false],
    ['Docker 23', { docker: '23.0.6' }, true],
    ['Docker 26', { docker: '26.1.5+dfsg1' }, false],
    ['what is no version', { docker: 'dev', criu: 'git' }, false],
  ])('%s', (_name, changes, refused) => {
    const checks = nodeVersionChecks({ ...well, ...changes });
    expect(summarise(checks)).toEqual(refused ? [['VersionsIncompatible', true]] : []);
  });

  test('say nothing of a CRIU that is not there: other checks do', () => {
    const { criu: gone, ...without } = well;
    expect(gone).toBeDefined();
    expect(nodeVersionChecks(without)).toEqual([]);
  });

  test.each<[string, Partial<Versions>, number]>([
    ['the same', {}, 0],
    ['another patch', { criu: '4.2.0', kernel: '6.18.1' }, 0],
    ['a newer target', { criu: '5.0', kernel: '7.1' }, 0],
    ['an older CRIU', { criu: '4.1' }, 1],
    ['an older kernel', { kernel: '6.1.0-13-amd64' }, 1],
    ['both older', { criu: '3.19', kernel: '5.15' }, 2],
  ])('of two nodes: %s', (_name, changes, warnings) => {
    const checks = pairVersionChecks(well, { ...well, ...changes, nodeName: 'node-b' });
    expect(summarise(checks)).toEqual(Array.from({ length: warnings }, () => ['VersionsRisky', false]));
  });
});

describe('published ports', () => {
  const port = (address: string, number = 80, protocol = 'tcp'): HostPort => ({ protocol, address, port: number });
  const checks = (wanted: HostPort, listeners: HostPort[], ports: HostPort[] = []): Check[] =>
    portChecks([wanted], { name: 'node-b', listeners, containers: [{ name: 'other', ports }] });

  test.each<[HostPort, HostPort, boolean]>([
    [port(''), port(''), true],
    [port(''), port('127.0.0.1'), true],
    [port('10.0.0.1'), port(''), true],
    [port('10.0.0.1'), port('10.0.0.1'), true],
    [port('10.0.0.1'), port('10.0.0.2'), false],
    [port(''), port('', 81), false],
    [port('', 53, 'udp'), port('', 53, 'tcp'), false],
  ])('%j beside %j: taken is %s', (wanted, other, taken) => {
    const expected = taken ? [['PortTaken', true]] : [];
    expect(summarise(checks(wanted, [other]))).toEqual(expected);
    expect(summarise(checks(wanted, [], [other]))).toEqual(expected);
  });

  test('say who has it', () => {
    expect(said(checks(port(''), [port('')], [port('')]))).toContain('*:80/tcp by container other');
    expect(said(checks(port(''), [port('127.0.0.1')]))).toContain('a program that listens on 127.0.0.1:80/tcp');
  });

  test('are one finding, with a few of them by name', () => {
    const many = Array.from({ length: 9 }, (_, index) => port('', 100 + index));
    const found = portChecks(many, { name: 'node-b', listeners: many, containers: [] });
    expect(found).toHaveLength(1);
    expect(said(found)).toContain('and 4 more');
    expect(said(found)).not.toContain('108/tcp');
  });
});

describe('the target', () => {
  const memory = { totalBytes: 4 * GIB, availableBytes: 2 * GIB };

  test.each<[string, number, number | undefined, [string, boolean][]]>([
    ['enough memory', GIB, undefined, []],
    ['a limit that fits', GIB, 4 * GIB, []],
    ['less memory available than the container uses', 3 * GIB, undefined, [['MemoryTooSmall', true]]],
    ['less memory in all than the limit', GIB, 5 * GIB, [['MemoryLimitTooLarge', false]]],
  ])('with %s', (_name, memoryBytes, limit, expected) => {
    const needs = limit === undefined ? {} : { memoryLimitBytes: limit };
    expect(summarise(memoryChecks('node-b', needs, { memoryBytes }, memory))).toEqual(expected);
  });

  test('must have the devices', () => {
    expect(deviceChecks('node-b', [])).toEqual([]);
    const checks = deviceChecks('node-b', ['/dev/kvm']);
    expect(summarise(checks)).toEqual([['DeviceMissing', true]]);
    expect(said(checks)).toContain('/dev/kvm');
  });

  test.each<[string, number, number, RegExp | undefined]>([
    ['the same time', 0, 100, undefined],
    ['a second, within the error', 1_000_400, 400, undefined],
    ['two seconds ahead', 2_000_000, 100, /2s ahead of/],
    ['a minute behind', -60_000_000, 100, /1m0s behind/],
  ])('with %s', (_name, offsetMicroseconds, errorMicroseconds, message) => {
    const clock = { offsetMicroseconds, errorMicroseconds };
    const checks = clockChecks(
      { nodeName: 'node-a', clock: { offsetMicroseconds: 0, errorMicroseconds: 1 } },
      { name: 'node-b', clock },
    );
    expect(summarise(checks)).toEqual(message === undefined ? [] : [['ClocksDiffer', false]]);
    if (message !== undefined) expect(said(checks)).toMatch(message);
  });
});
