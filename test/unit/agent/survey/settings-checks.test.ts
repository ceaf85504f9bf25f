import { settingsChecks } from '../../../../src/agent/survey/settings-checks';
import { readInspect } from '../../../../src/docker/answers';
import type { Check } from '../../../../src/api/types';
import { fixtureProfiles, inspectAnswer } from '../../../lib/inspect-fixtures';

interface Answer {
  readonly Config: object;
  readonly HostConfig: object;
  readonly NetworkSettings: { readonly Networks: object };
  readonly State: object;
}
type Change = (answer: Answer) => object;

const host =
  (more: object): Change =>
  ({ HostConfig }) => ({ HostConfig: { ...HostConfig, ...more } });
const config =
  (more: object): Change =>
  ({ Config }) => ({ Config: { ...Config, ...more } });
const endpoint =
  (more: object): Change =>
  ({ NetworkSettings }) => ({ NetworkSettings: { ...NetworkSettings, Networks: { none: more } } });
const ports =
  (PortBindings: object, Ports: object): Change =>
  ({ HostConfig, NetworkSettings }) => ({
    HostConfig: { ...HostConfig, PortBindings },
    NetworkSettings: { ...NetworkSettings, Ports },
  });

/** What is found of a container that has nothing to speak of but that. */
function found(change: Change, afterSuccess: 'Remove' | 'Keep' = 'Remove', profile = 'docker28'): Check[] {
  const answer = inspectAnswer(profile, 'none') as Answer;
  return settingsChecks(readInspect({ ...answer, ...change(answer) }), { afterSuccess });
}
const summary = (checks: readonly Check[]): [string, boolean][] =>
  checks.map(({ reason, blocking }) => [reason, blocking]);
const message = (checks: readonly Check[]): string => checks.map((check) => check.message).join('\n');

test.each(fixtureProfiles())('a plain container of %s has nothing that does not arrive', (profile) => {
  expect(found(() => ({}), 'Keep', profile)).toEqual([]);
});

describe('a field of a newer Docker', () => {
  test.each<[string, Change, string]>([
    ['HostConfig', host({ NewThing: { On: true } }), 'HostConfig.NewThing'],
    ['Config', config({ NewThing: 'x' }), 'Config.NewThing'],
    ['a set of names', config({ NewPorts: { '80/tcp': {} } }), 'Config.NewPorts'],
    ['a health check', config({ Healthcheck: { Test: ['CMD', 'x'], Newer: 5 } }), 'Config.Healthcheck.Newer'],
    [
      'a mount',
      host({ Mounts: [{ Type: 'bind', BindOptions: { Newer: 'x' } }] }),
      'HostConfig.Mounts.0.BindOptions.Newer',
    ],
    ['another type', host({ Memory: '64m' }), 'HostConfig.Memory (must be integer'],
  ])('that is set refuses the move by its name: %s', (_where, change, name) => {
    const checks = found(change);
    expect(summary(checks)).toEqual([['SettingsUnknown', true]]);
    expect(message(checks)).toContain(name);
  });

  test('of which each is named', () => {
    expect(message(found(host({ OneThing: 1, OtherThing: 2 })))).toMatch(
      /HostConfig\.OneThing, HostConfig\.OtherThing/,
    );
  });

  test.each<[string, Change]>([
    ['HostConfig', host({ NewThing: { On: false, Name: '', Number: 0, List: [], More: null } })],
    ['a mount', host({ Mounts: [{ Type: 'bind', Source: '/a', Target: '/a', BindOptions: { Newer: false } }] })],
    ['a health check', config({ Healthcheck: { Newer: 0 } })],
    ['a network', endpoint({ Newer: '' })],
  ])('that nobody has set is nothing to speak of: %s', (_where, change) => {
    expect(found(change)).toEqual([]);
  });

  test('of a network may be Docker’s own: it is told, and refuses nothing', () => {
    const checks = found(endpoint({ Newer: 'x', IPAddress: '10.0.0.2' }));
    expect(summary(checks)).toEqual([['NetworkSettingsUnknown', false]]);
    expect(message(checks)).toContain('Newer of none');
  });

  test('may have any name and come in any number: the message stays short', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${'x'.repeat(5000)}${i}`, 1]));
    expect(message(found(host(many))).length).toBeLessThan(2000);
  });
});

describe('what binds a container to others on its node is refused', () => {
  test.each<[string, Change, string, string]>([
    ['an IPC namespace', host({ IpcMode: 'container:abc' }), 'NamespaceModeUnsupported', 'IpcMode container:abc'],
    ['a PID namespace', host({ PidMode: 'container:abc' }), 'NamespaceModeUnsupported', 'PidMode container:abc'],
    [
      'an image',
      host({ Mounts: [{ Type: 'image', Source: 'a', Target: '/a' }] }),
      'MountTypeUnsupported',
      'image at /a',
    ],
  ])('%s', (_what, change, reason, text) => {
    const checks = found(change);
    expect(summary(checks)).toEqual([[reason, true]]);
    expect(message(checks)).toContain(text);
  });
});

describe('what is another on the target is told', () => {
  test('ports that Docker has chosen, not those by number', () => {
    const bound = { '80/tcp': [{ HostIp: '', HostPort: '' }], '81/tcp': [{ HostIp: '', HostPort: '8081' }] };
    const used = {
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '32768' },
        { HostIp: '::', HostPort: '32768' },
      ],
      '81/tcp': [{ HostIp: '0.0.0.0', HostPort: '8081' }],
      '82/tcp': null,
    };
    const checks = found(ports(bound, used));
    expect(summary(checks)).toEqual([['PortsChosenAnew', false]]);
    expect(message(checks)).toContain('on the target: 32768 for 80/tcp;');
  });

  test('all of them with -P', () => {
    expect(message(found(ports({}, { '80/tcp': [{ HostIp: '::', HostPort: '32769' }] })))).toContain(
      '32769 for 80/tcp',
    );
  });

  test('health, and how often it was restarted', () => {
    expect(summary(found(({ State }) => ({ State: { ...State, Health: { Status: 'healthy' } } })))).toEqual([
      ['HealthStartsAnew', false],
    ]);
    const checks = found(() => ({ RestartCount: 3 }));
    expect(summary(checks)).toEqual([['RestartCountStartsAnew', false]]);
    expect(message(checks)).toContain('3 times');
  });

  test('an AppArmor profile of one’s own, not Docker’s', () => {
    expect(summary(found(host({ SecurityOpt: ['apparmor=mine'] })))).toEqual([['AppArmorProfileNeeded', false]]);
    expect(found(host({ SecurityOpt: ['apparmor=unconfined', 'label=disable', 'seccomp=unconfined'] }))).toEqual([]);
  });

  test('that Docker keeps no original of --rm, whatever afterSuccess says', () => {
    expect(summary(found(host({ AutoRemove: true }), 'Keep'))).toEqual([['OriginalNotKept', false]]);
    expect(found(host({ AutoRemove: true }), 'Remove')).toEqual([]);
  });
});
