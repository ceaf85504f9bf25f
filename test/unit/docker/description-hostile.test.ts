/** A description is an order to create a container: it holds what Docker's API names, and what the preflight has seen. */
import fc from 'fast-check';
import { readInspect } from '../../../src/docker/answers';
import { requireAsSeen } from '../../../src/docker/as-seen';
import type { PortableDescription } from '../../../src/docker/description';
import { describe as describeContainer, parseDescription } from '../../../src/docker/description';
import { fixtureNames, fixtureProfiles, inspectAnswer, inspectFixture } from '../../lib/inspect-fixtures';

const everything = fixtureProfiles().flatMap((profile) =>
  fixtureNames(profile).map((name) => [profile, name] as const),
);
const good = describeContainer(inspectFixture('docker28', 'none'));
const invalid = (...texts: string[]): Error =>
  expect.objectContaining({
    reason: 'DescriptionInvalid',
    message: expect.stringMatching(texts.join('.*')) as string,
  }) as Error;
const parse = (description: unknown): PortableDescription => parseDescription(JSON.stringify(description));
const withConfig = (fields: object): unknown => ({ ...good, config: { ...good.config, ...fields } });
const withHostConfig = (fields: object): unknown => ({ ...good, hostConfig: { ...good.hostConfig, ...fields } });

describe('a field that nobody knows is refused, and named', () => {
  test.each<[string, string, unknown]>([
    ['of the description', 'runtime', { ...good, runtime: 'evil' }],
    ['of the configuration', 'Hooks', withConfig({ Hooks: ['/bin/sh'] })],
    ['of the configuration: the image by its name', 'Image', withConfig({ Image: 'evil:latest' })],
    ['of the host configuration', 'OciHooks', withHostConfig({ OciHooks: null })],
    ['of the host configuration, in another case', 'privileged', withHostConfig({ privileged: true })],
    ['of a mount', 'Evil', withHostConfig({ Mounts: [{ Type: 'bind', Source: '/', Target: '/x', Evil: 1 }] })],
    ['of a device', 'Evil', withHostConfig({ Devices: [{ PathOnHost: '/dev/sda', Evil: 1 }] })],
    ['of the restart policy', 'Delay', withHostConfig({ RestartPolicy: { Name: 'always', Delay: 1 } })],
    ['of an endpoint', 'SandboxKey', { ...good, endpoints: { 'team-net': { SandboxKey: '/x' } } }],
    ['of an exposed port', 'Evil', withConfig({ ExposedPorts: { '80/tcp': { Evil: 1 } } })],
    ['constructor', 'constructor', withHostConfig({ constructor: { name: 'x' } })],
  ])('%s: %s', (_where, name, description) => {
    expect(() => parse(description)).toThrow(invalid('additional properties', name));
  });
});

describe('a value of another kind than Docker documents is refused, and its place is named', () => {
  test.each<[string, unknown]>([
    ['/config/Env', withConfig({ Env: { PATH: '/evil' } })],
    ['/config/Env/0', withConfig({ Env: [['PATH', '/evil']] })],
    ['/config/Cmd', withConfig({ Cmd: 'sh -c evil' })],
    ['/config/Entrypoint/1', withConfig({ Entrypoint: ['sh', 1] })],
    ['/config/User', withConfig({ User: 0 })],
    ['/config/Hostname', withConfig({ Hostname: 'a\0b' })],
    ['/config/Healthcheck/Test', withConfig({ Healthcheck: { Test: 'CMD' } })],
    ['/config/Labels/a', withConfig({ Labels: { a: ['b'] } })],
    ['/hostConfig/Privileged', withHostConfig({ Privileged: 'true' })],
    ['/hostConfig/Privileged', withHostConfig({ Privileged: 1 })],
    ['/hostConfig/Binds/0', withHostConfig({ Binds: [{ Source: '/' }] })],
    ['/hostConfig/Devices', withHostConfig({ Devices: { '/dev/sda': '/dev/sda' } })],
    ['/hostConfig/PidMode', withHostConfig({ PidMode: ['host'] })],
    ['/hostConfig/Memory', withHostConfig({ Memory: 2 ** 60 })],
    ['/hostConfig/Memory', withHostConfig({ Memory: 0.5 })],
    ['/hostConfig/Memory', withHostConfig({ Memory: '1g' })],
    ['/hostConfig/Annotations/a', withHostConfig({ Annotations: { a: null } })],
    ['/hostConfig/PortBindings', withHostConfig({ PortBindings: { '80/tcp': [{ HostIp: '', HostPort: 80 }] } })],
    ['/hostConfig/NetworkMode', withHostConfig({ NetworkMode: 7 })],
    ['/endpoints/team-net', { ...good, endpoints: { 'team-net': [] } }],
  ])('%s', (place, description) => {
    expect(() => parse(description)).toThrow(invalid(place));
  });

  test('any JSON in the place of any field is accepted only as what it must be', () => {
    const fields = Object.keys(good.hostConfig);
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 3 }), (field, value) => {
        let parsed: PortableDescription | undefined;
        try {
          parsed = parse(withHostConfig({ [field]: value }));
        } catch (error) {
          expect(error).toMatchObject({ reason: 'DescriptionInvalid' });
        }
        const kept = parsed?.hostConfig[field];
        // Of the same kind as Docker's own, or nothing.
        const own = good.hostConfig[field];
        if (kept !== undefined && kept !== null && own !== null) expect(typeof kept).toBe(typeof own);
      }),
    );
  });
});

describe('a Docker that is newer than this program', () => {
  const answer = inspectAnswer('docker28', 'none') as { Config: object; HostConfig: object };
  const describeWith = (HostConfig: object, Config = {}): PortableDescription =>
    describeContainer(
      readInspect({
        ...answer,
        Config: { ...answer.Config, ...Config },
        HostConfig: { ...answer.HostConfig, ...HostConfig },
      }),
    );

  test.each(
    [null, '', 0, false, [], {}, { Mode: '', List: [] }].map((value) => [JSON.stringify(value), value] as const),
  )('shows a new field in which nothing is set (%s): the container can be moved', (_text, value) => {
    expect(describeWith({ NewField: value }, { NewField: value })).toEqual(good);
  });

  test.each([true, 1, 'x', ['x'], { Mode: 'x' }].map((value) => [JSON.stringify(value), value] as const))(
    'shows a new field that is set (%s): nobody knows what it means on the target',
    (_text, value) => {
      expect(() => parse(describeWith({ NewField: value }))).toThrow(invalid('NewField'));
      expect(() => parse(describeWith({}, { NewField: value }))).toThrow(invalid('NewField'));
    },
  );
});

describe('what the preflight has seen', () => {
  const seen = {
    imageID: good.imageID,
    bindSources: ['/opt', '/srv/data'],
    volumes: ['named'],
    networks: ['team-net'],
  };

  test.each(everything)('is all that the container of %s %s asks for', (profile, name) => {
    const info = inspectFixture(profile, name);
    expect(() => {
      requireAsSeen(describeContainer(info), info);
    }).not.toThrow();
  });

  test.each<[string, string, unknown]>([
    ['another image', 'sha256:0000', { ...good, imageID: `sha256:${'0'.repeat(64)}` }],
    ['the root of the host', '"/"', withHostConfig({ Binds: ['/:/host'] })],
    ['a directory above', '/srv', withHostConfig({ Binds: ['/srv:/data:ro'] })],
    ['a directory by a way around', '/etc', withHostConfig({ Binds: ['/opt/../etc:/opt'] })],
    ['a directory as a mount', '/etc', withHostConfig({ Mounts: [{ Type: 'bind', Source: '/etc', Target: '/opt' }] })],
    ['the socket of Docker', 'docker.sock', withHostConfig({ Binds: ['/opt:/opt', '/run/docker.sock:/s'] })],
    ['a volume', 'other', withHostConfig({ Binds: ['other:/data'] })],
    ['a volume as a mount', 'other', withHostConfig({ Mounts: [{ Type: 'volume', Source: 'other', Target: '/b' }] })],
    [
      'a directory of the host as a volume without a name',
      '""',
      withHostConfig({
        Mounts: [
          {
            Type: 'volume',
            Target: '/b',
            VolumeOptions: { DriverConfig: { Name: 'local', Options: { type: 'none', o: 'bind', device: '/' } } },
          },
        ],
      }),
    ],
    ['the volumes of another container', 'web', withHostConfig({ VolumesFrom: ['web'] })],
    ['a volume to be created', 'other', { ...good, volumes: { other: {} } }],
    ['a network', 'other-net', { ...good, endpoints: { 'other-net': {} } }],
  ])('and %s was not: refused', (_what, name, description) => {
    expect(() => {
      requireAsSeen(parse(description), seen);
    }).toThrow(invalid('preflight', name));
  });

  test.each([
    ['as it is', { Binds: ['/opt:/a', '/srv/data:/b:ro'] }],
    ['written otherwise', { Binds: ['/opt/:/a'], Mounts: [{ Type: 'bind', Source: '/srv//data', Target: '/b' }] }],
    [
      'beside a volume that was seen',
      { Binds: ['named:/a'], Mounts: [{ Type: 'volume', Source: 'named', Target: '/b' }] },
    ],
  ])('is accepted %s', (_how, fields) => {
    expect(() => {
      requireAsSeen(parse(withHostConfig(fields)), seen);
    }).not.toThrow();
  });
});
