import fc from 'fast-check';
import { readInspect } from '../../../src/docker/answers';
import { MAX_DESCRIPTION_BYTES, describe as describeContainer } from '../../../src/docker/description';
import { parseDescription, toCreateBody } from '../../../src/docker/description';
import type { CreateBody } from '../../../src/docker/engine';
import { ReasonedError } from '../../../src/runtime/errors';
import { fixtureNames, fixtureProfiles, inspectAnswer, inspectFixture } from '../../lib/inspect-fixtures';

const options = { runtime: 'transship', labels: { 'transship.dev/migration-uid': 'u1' }, annotations: { a: 'b' } };
const everything = fixtureProfiles().flatMap((profile) =>
  fixtureNames(profile).map((name) => [profile, name] as const),
);

/** What the container of the golden file would be created with on another node. */
function bodyOf(profile: string, name: string): CreateBody {
  return toCreateBody(describeContainer(inspectFixture(profile, name)), options);
}

function reasonOf(text: string): string {
  try {
    parseDescription(text);
    return 'none';
  } catch (error) {
    return error instanceof ReasonedError ? error.reason : String(error);
  }
}

describe.each(everything)('any container: %s %s', (profile, name) => {
  const info = inspectFixture(profile, name);
  const description = describeContainer(info);

  test('survives the way over the volume unchanged', () => {
    expect(parseDescription(JSON.stringify(description))).toEqual(description);
  });

  test('is created by the same image, under the given runtime, and does not restart by itself', () => {
    expect(toCreateBody(description, options)).toMatchObject({
      Image: info.imageID,
      HostConfig: { Runtime: 'transship', RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
    });
  });

  test('keeps every setting of its host configuration but those', () => {
    const { HostConfig: before } = inspectAnswer(profile, name) as { HostConfig: Record<string, unknown> };
    const { HostConfig: after } = toCreateBody(description, options);
    expect(after).toEqual({
      ...before,
      // What volumes it has is told by their names; see mounts.test.ts.
      Binds: after['Binds'],
      VolumesFrom: null,
      ...('Mounts' in before ? { Mounts: after['Mounts'] } : {}),
      // One that it was taken out of is not the network of its mode any more.
      ...(name === 'disconnected' ? { NetworkMode: 'fixture-other' } : {}),
      Runtime: 'transship',
      RestartPolicy: after['RestartPolicy'],
      Annotations: after['Annotations'],
    });
  });

  test('takes nothing along that only the old node knows', () => {
    const text = JSON.stringify(toCreateBody(description, options));
    const gone = [info.id, info.upperDir ?? 'no upper directory', 'EndpointID', 'NetworkID', 'SandboxID', 'Gateway"'];
    expect(gone.filter((secret) => text.includes(secret))).toEqual([]);
  });
});

describe.each(fixtureProfiles())('what a user set, on %s', (profile) => {
  test.each([
    ['none', {}],
    ['host', {}],
    ['bridge', {}],
    ['joined', {}],
    [
      'fixed-address',
      {
        'fixture-net': {
          IPAMConfig: { IPv4Address: '10.99.0.20' },
          Aliases: ['front'],
          MacAddress: '02:42:0a:63:00:14',
        },
      },
    ],
    [
      'two-networks',
      { 'fixture-net': {}, 'fixture-other': { IPAMConfig: { IPv4Address: '10.99.1.7' }, Aliases: ['second'] } },
    ],
    ['ipv6', { 'fixture-six': { IPAMConfig: { IPv6Address: 'fd99::20', LinkLocalIPs: ['169.254.8.8'] } } }],
    ['disconnected', {}],
  ])('the networks of %s', (name, endpoints) => {
    expect(bodyOf(profile, name).NetworkingConfig.EndpointsConfig).toEqual(endpoints);
  });

  test.each([
    ['bridge', 'web'],
    ['joined', undefined],
    ['host-names', undefined],
  ])('the hostname of %s, unless Docker refuses one', (name, hostname) => {
    expect(bodyOf(profile, name)['Hostname']).toBe(hostname);
  });

  test('a container without a hostname of its own keeps the one that its processes have seen', () => {
    expect(bodyOf(profile, 'none')['Hostname']).toBe(inspectFixture(profile, 'none').id.slice(0, 12));
  });

  test('environment, ports, working directory, labels and health check', () => {
    expect(bodyOf(profile, 'bridge')).toMatchObject({
      Env: expect.arrayContaining(['GREETING=hello']) as unknown,
      ExposedPorts: { '8000/tcp': {}, '9000/udp': {} },
      WorkingDir: '/tmp',
      Labels: { app: 'web' },
    });
    expect(bodyOf(profile, 'healthcheck')).toMatchObject({
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5_000_000_000, Retries: 2 },
      StopSignal: 'SIGINT',
      StopTimeout: 3,
    });
  });

  test('labels and annotations of an earlier move give way to the new ones, those of others stay', () => {
    const { Labels, HostConfig } = bodyOf(profile, 'moved');
    expect(Labels).toEqual({
      'transship.dev/image-name': 'transship-lab/busybox:1',
      'transship.dev/migration-uid': 'u1',
    });
    expect(HostConfig['Annotations']).toEqual({ 'com.example.owner': 'team-a', a: 'b' });
  });
});

test('the name of the image survives any number of moves, although they create by ID', () => {
  const first = toCreateBody(describeContainer(inspectFixture('docker28', 'none')), options);
  const answer = inspectAnswer('docker28', 'none') as { Config: object };
  const moved = readInspect({ ...answer, Config: { ...answer.Config, Image: first.Image, Labels: first.Labels } });
  expect(moved.imageName).toBe('transship-lab/busybox:1');
  expect(toCreateBody(describeContainer(moved), options)).toEqual(first);
});

test('an entry point that the user took away does not come back from the image', () => {
  const description = describeContainer(inspectFixture('docker28', 'none'));
  expect(toCreateBody({ ...description, config: { Entrypoint: null } }, options)['Entrypoint']).toEqual(['']);
  expect(toCreateBody({ ...description, config: { Entrypoint: ['sh'] } }, options)['Entrypoint']).toEqual(['sh']);
});

test('a network that was given by its ID is described by its name', () => {
  const answer = inspectAnswer('docker28', 'fixed-address') as {
    HostConfig: object;
    NetworkSettings: { Networks: { 'fixture-net': { NetworkID: string } } };
  };
  const byID = { ...answer.HostConfig, NetworkMode: answer.NetworkSettings.Networks['fixture-net'].NetworkID };
  const description = describeContainer(readInspect({ ...answer, HostConfig: byID }));
  expect(description).toEqual(describeContainer(inspectFixture('docker28', 'fixed-address')));
});

describe('a description from the volume that nobody should trust', () => {
  const good = describeContainer(inspectFixture('docker28', 'none'));

  test.each<[string, string]>([
    ['no JSON', '{'],
    ['not an object', '[]'],
    ['another version', JSON.stringify({ ...good, version: 2 })],
    ['a missing part', JSON.stringify({ ...good, hostConfig: undefined })],
    ['a part that does not belong there', JSON.stringify({ ...good, extra: 1 })],
    ['an image by name', JSON.stringify({ ...good, imageID: 'busybox:1' })],
    ['a name with a path in it', JSON.stringify({ ...good, name: '../etc' })],
    ['labels that are no strings', JSON.stringify({ ...good, config: { Labels: { a: 1 } } })],
    ['a prototype', JSON.stringify(good).replace('"config":{', '"config":{"__proto__":{"Image":"x"},')],
    ['endless nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['too many bytes', JSON.stringify({ ...good, config: { Env: ['x'.repeat(MAX_DESCRIPTION_BYTES)] } })],
  ])('%s is refused', (_what, text) => {
    expect(reasonOf(text)).toBe('DescriptionInvalid');
  });

  test('whatever it is, it is read or refused by its own reason', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(['DescriptionInvalid', 'none']).toContain(reasonOf(text));
      }),
    );
  });
});
