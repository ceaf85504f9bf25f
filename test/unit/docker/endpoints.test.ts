import { readInspect } from '../../../src/docker/answers';
import { attachedNetworks, legacyLinks, portableEndpoints, portableNetworkMode } from '../../../src/docker/endpoints';
import type { ContainerInfo } from '../../../src/docker/engine';
import { fixtureProfiles, inspectAnswer, inspectFixture } from '../../lib/inspect-fixtures';

interface Answer {
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> };
}

/** The container of the golden file, but for its host configuration and the networks that it is attached to. */
function changed(
  name: string,
  hostConfig: Readonly<Record<string, unknown>>,
  networks?: (before: Answer['NetworkSettings']['Networks']) => object,
): ContainerInfo {
  const answer = inspectAnswer('docker28', name) as Answer;
  const { Networks } = answer.NetworkSettings;
  return readInspect({
    ...answer,
    HostConfig: { ...answer.HostConfig, ...hostConfig },
    NetworkSettings: { ...answer.NetworkSettings, Networks: networks?.(Networks) ?? Networks },
  });
}

describe.each(fixtureProfiles())('the user-defined networks, on %s', (profile) => {
  const attached = (name: string): object[] =>
    attachedNetworks(inspectFixture(profile, name)).map(({ id, ...rest }) => ({ ...rest, id: id.length }));
  const chosen = { addresses: [], linkLocal: [], macAddress: undefined, id: 64 };

  test.each(['bridge', 'host', 'none', 'joined'])('%s has none', (name) => {
    expect(attached(name)).toEqual([]);
  });

  test('with what the owner fixed, and without what Docker chose', () => {
    expect(attached('fixed-address')).toEqual([
      { ...chosen, name: 'fixture-net', addresses: ['10.99.0.20'], macAddress: '02:42:0a:63:00:14' },
    ]);
    expect(attached('two-networks')).toEqual([
      { ...chosen, name: 'fixture-net' },
      { ...chosen, name: 'fixture-other', addresses: ['10.99.1.7'] },
    ]);
    expect(attached('ipv6')).toEqual([
      { ...chosen, name: 'fixture-six', addresses: ['fd99::20'], linkLocal: ['169.254.8.8'] },
    ]);
  });

  test('only those that it is in, when it was taken out of the one that it was made in', () => {
    const info = inspectFixture(profile, 'disconnected');
    expect(attached('disconnected')).toEqual([{ ...chosen, name: 'fixture-other' }]);
    expect([info.networkMode, portableNetworkMode(info)]).toEqual(['fixture-net', 'fixture-other']);
  });
});

describe('a container that was taken out of the network of its mode', () => {
  const only =
    (name: string) =>
    (before: Answer['NetworkSettings']['Networks']): object => ({ [name]: before[name] });

  test('has the mode of another one that it is in, and nothing else', () => {
    const info = changed('two-networks', {}, only('fixture-other'));
    expect(portableNetworkMode(info)).toBe('fixture-other');
    expect(Object.keys(portableEndpoints(info, 'fixture-other'))).toEqual(['fixture-other']);
  });

  test('by the default network too', () => {
    expect(portableNetworkMode(changed('two-networks', { NetworkMode: 'default' }, only('fixture-other')))).toBe(
      'fixture-other',
    );
  });

  test('and is in no other, has none', () => {
    expect(portableNetworkMode(changed('bridge', {}, () => ({})))).toBe('none');
  });

  test('while one of the default network keeps the mode as it was written', () => {
    expect(portableNetworkMode(changed('bridge', { NetworkMode: 'default' }))).toBe('default');
    expect(portableNetworkMode(changed('joined', {}))).toMatch(/^container:/);
  });
});

test('the links of the default network, and none of user-defined networks', () => {
  const Links = ['/db:/web/store'];
  expect(legacyLinks(changed('bridge', { Links }))).toEqual(Links);
  expect(legacyLinks(changed('bridge', { Links: null }))).toEqual([]);
  expect(legacyLinks(changed('fixed-address', { Links }))).toEqual([]);
});
