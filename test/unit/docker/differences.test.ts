import { readInspect } from '../../../src/docker/answers';
import { describe as describeContainer } from '../../../src/docker/description';
import { lostSettings } from '../../../src/docker/differences';
import { fixtureNames, fixtureProfiles, inspectAnswer, inspectFixture } from '../../lib/inspect-fixtures';

interface Answer {
  readonly Config: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

const everything = fixtureProfiles().flatMap((profile) =>
  fixtureNames(profile).map((name) => [profile, name] as const),
);

test.each(everything)('%s %s has lost nothing against itself', (profile, name) => {
  const info = inspectFixture(profile, name);
  expect(lostSettings(describeContainer(info), info)).toEqual([]);
});

/** What is lost when the Docker of the target makes this of a container's settings. */
function lost(name: string, host: object, config: object = {}): readonly string[] {
  const answer = inspectAnswer('docker28', name) as Answer;
  const made = { ...answer, HostConfig: { ...answer.HostConfig, ...host }, Config: { ...answer.Config, ...config } };
  return lostSettings(describeContainer(inspectFixture('docker28', name)), readInspect(made));
}

test('what the target left out is named, at any depth', () => {
  expect(lost('limits', { Memory: 0, PidsLimit: null })).toEqual(['HostConfig.Memory', 'HostConfig.PidsLimit']);
  expect(lost('limits', { LogConfig: { Type: 'json-file', Config: {} } })).toEqual([
    'HostConfig.LogConfig.Config.max-size',
  ]);
  expect(lost('limits', { Ulimits: [{ Name: 'nofile', Hard: 2048, Soft: 2048 }] })).toEqual(['HostConfig.Ulimits']);
  expect(lost('healthcheck', {}, { StopTimeout: undefined })).toEqual(['Config.StopTimeout']);
  expect(lost('bridge', {}, { ExposedPorts: { '8000/tcp': {} } })).toEqual(['Config.ExposedPorts.9000/udp']);
  expect(lost('moved', { Annotations: {} })).toEqual(['HostConfig.Annotations.com.example.owner']);
});

test('a network that it is not attached to, and an address that it was not given', () => {
  const answer = inspectAnswer('docker28', 'fixed-address') as { NetworkSettings: object };
  const made = readInspect({ ...answer, NetworkSettings: { ...answer.NetworkSettings, Networks: {} } });
  expect(lostSettings(describeContainer(inspectFixture('docker28', 'fixed-address')), made)).toEqual([
    'NetworkingConfig.fixture-net.IPAMConfig.IPv4Address',
    'NetworkingConfig.fixture-net.Aliases',
    'NetworkingConfig.fixture-net.MacAddress',
  ]);
});

test('what it has besides, another order, and what the move sets by itself is no loss', () => {
  const more = {
    NewThing: 1,
    Runtime: 'transship',
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    Annotations: { 'org.criu.config': '/run/transship/x' },
    Ulimits: [{ Soft: 1024, Name: 'nofile', Hard: 2048 }],
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
  };
  expect(lost('limits', more, { Labels: { 'transship.dev/moves': '1' } })).toEqual([]);
  expect(lost('capabilities', { CapAdd: ['NET_ADMIN', 'CAP_CHOWN'], CapDrop: ['CAP_MKNOD'] })).toEqual([]);
  expect(lost('bridge', more, { Labels: { app: 'web' } })).toEqual([]);
});
