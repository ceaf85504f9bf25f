import { readNeeds, readPortsInUse } from '../../../src/docker/needs';
import { fixtureProfiles, inspectAnswer } from '../../lib/inspect-fixtures';

describe.each(fixtureProfiles())('what a container of %s asks of its host', (profile) => {
  test('its published ports, by number only', () => {
    const { ports } = readNeeds(inspectAnswer(profile, 'bridge'));
    expect(ports).toContainEqual({ protocol: 'tcp', address: '127.0.0.1', port: 18081 });
    // The UDP port is Docker's to choose.
    expect(ports.filter(({ protocol }) => protocol === 'udp')).toEqual([]);
  });

  test('its memory limit, and none where there is none', () => {
    expect(readNeeds(inspectAnswer(profile, 'limits')).memoryLimitBytes).toBe(64 * 1024 * 1024);
    expect(readNeeds(inspectAnswer(profile, 'none')).memoryLimitBytes).toBeUndefined();
  });

  test('its terminal', () => {
    expect(readNeeds(inspectAnswer(profile, 'terminal')).terminal).toBe(true);
    expect(readNeeds(inspectAnswer(profile, 'bridge')).terminal).toBe(false);
  });

  test('where Docker mounted something', () => {
    expect(readNeeds(inspectAnswer(profile, 'volumes')).mountPoints.length).toBeGreaterThan(0);
  });
});

test('a GPU and devices', () => {
  const HostConfig = {
    DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }],
    Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse' }, { PathOnHost: 'relative' }, {}],
  };
  expect(readNeeds({ HostConfig })).toMatchObject({ deviceRequests: 1, devices: ['/dev/fuse'] });
});

test('shared memory that others may join', () => {
  expect(readNeeds({ HostConfig: { IpcMode: 'shareable' } }).shareableMemory).toBe(true);
  expect(readNeeds({ HostConfig: { IpcMode: 'private' } }).shareableMemory).toBe(false);
});

test('ports that Docker shall choose, ranges and nonsense are not asked for by number', () => {
  const bindings = ['', '0', '8000-8010', '70000', 'x', '8080'].map((HostPort) => ({ HostIp: '0.0.0.0', HostPort }));
  const PortBindings = { '80/tcp': bindings, '81/tcp': null, '82/udp': 'x' };
  expect(readNeeds({ HostConfig: { PortBindings } }).ports).toEqual([{ protocol: 'tcp', address: '', port: 8080 }]);
});

test('the ports that a container has now, those that Docker chose too', () => {
  const Ports = { '80/tcp': [{ HostIp: '::', HostPort: '32768' }], '443/tcp': null };
  expect(readPortsInUse({ NetworkSettings: { Ports } })).toEqual([{ protocol: 'tcp', address: '', port: 32768 }]);
});

test.each([undefined, null, 'x', [], { HostConfig: [], Mounts: 'x', Config: null }])(
  'of %j nothing is asked',
  (raw) => {
    expect(readNeeds(raw)).toEqual({
      deviceRequests: 0,
      devices: [],
      memoryLimitBytes: undefined,
      ports: [],
      terminal: false,
      shareableMemory: false,
      mountPoints: [],
    });
    expect(readPortsInUse(raw)).toEqual([]);
  },
);
