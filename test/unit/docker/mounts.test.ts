import { describe as describeContainer } from '../../../src/docker/description';
import { mountsOf, subpathVolumes, withNamedVolumes } from '../../../src/docker/mounts';
import { fixtureProfiles, inspectFixture } from '../../lib/inspect-fixtures';

const NAME = 'f'.repeat(64);
const volume = (destination: string, more: object = {}): object => ({
  Type: 'volume',
  Name: NAME,
  Source: `/var/lib/docker/volumes/${NAME}/_data`,
  Destination: destination,
  RW: true,
  ...more,
});
const named = (hostConfig: object, ...mounts: object[]): Record<string, unknown> => ({
  ...withNamedVolumes({ ...hostConfig }, mountsOf({ Mounts: mounts })),
});

test.each(fixtureProfiles())('every volume of a container on %s is named, and filled by nobody else', (profile) => {
  const info = inspectFixture(profile, 'volumes');
  const { hostConfig } = describeContainer(info);
  const names = Object.fromEntries(mountsOf(info.raw).map(({ destination, name }) => [destination, name]));
  expect(hostConfig).toMatchObject({
    Binds: ['fixture-data:/data:nocopy', '/tmp:/host:ro', `${names['/anonymous'] ?? ''}:/anonymous:nocopy`],
    Mounts: [
      { Type: 'bind', Source: '/opt', Target: '/opt', ReadOnly: true },
      { Type: 'tmpfs', Target: '/scratch' },
      { Type: 'volume', Source: names['/nameless'], Target: '/nameless', VolumeOptions: { NoCopy: true } },
    ],
  });
});

test('a container without volumes keeps its host configuration as it is', () => {
  const hostConfig = { Binds: ['/srv:/srv'], Mounts: null };
  expect(named(hostConfig, { Type: 'bind', Source: '/srv', Destination: '/srv', RW: true })).toEqual(hostConfig);
});

test.each<[string, object, object[], object]>([
  ['modes are kept', { Binds: ['data:/d:ro,z'] }, [volume('/d')], { Binds: ['data:/d:ro,z,nocopy'] }],
  ['a second move changes nothing', { Binds: ['data:/d:nocopy'] }, [volume('/d')], { Binds: ['data:/d:nocopy'] }],
  ['a path alone is a volume without a name', { Binds: ['/d'] }, [volume('/d')], { Binds: [`${NAME}:/d:nocopy`] }],
  ['a slash at the end is none', { Binds: ['data:/d/'] }, [volume('/d')], { Binds: ['data:/d/:nocopy'] }],
  ['read-only stays', { Binds: null }, [volume('/d', { RW: false })], { Binds: [`${NAME}:/d:ro,nocopy`] }],
  [
    'what came from another container is mounted by itself',
    { VolumesFrom: ['web'] },
    [volume('/d'), { Type: 'bind', Source: '/srv', Destination: '/srv', RW: false }],
    { Binds: [`${NAME}:/d:nocopy`, '/srv:/srv:ro'], VolumesFrom: null },
  ],
  [
    'no driver makes a volume that exists already',
    { Mounts: [{ Type: 'volume', Target: '/d', VolumeOptions: { DriverConfig: { Name: 'x' }, Labels: { a: 'b' } } }] },
    [volume('/d')],
    { Mounts: [{ Type: 'volume', Source: NAME, Target: '/d', VolumeOptions: { Labels: { a: 'b' }, NoCopy: true } }] },
  ],
])('%s', (_what, hostConfig, mounts, expected) => {
  expect(named(hostConfig, ...mounts)).toMatchObject(expected);
});

test('a volume of which a part is mounted is told', () => {
  const mount = { Type: 'volume', Source: 'data', Target: '/d', VolumeOptions: { Subpath: 'part' } };
  expect(subpathVolumes({ Mounts: [mount, { ...mount, Source: 'whole', VolumeOptions: {} }] })).toEqual(['data']);
});
