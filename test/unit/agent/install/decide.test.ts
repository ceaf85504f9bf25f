import type { DockerFacts } from '../../../../src/agent/install/decide';
import { decideInstall, decideRemoval } from '../../../../src/agent/install/decide';

const entry = { name: 'transship', path: '/opt/transship/oci/transship-runc' };
const configPath = '/etc/docker/daemon.json';
const withEntry = JSON.stringify({ runtimes: { transship: { path: entry.path } } });

function facts({
  file,
  ...others
}: Partial<Omit<DockerFacts, 'file'>> & { file?: Partial<DockerFacts['file']> } = {}): DockerFacts {
  return {
    configPath,
    registered: undefined,
    isExternal: false,
    aliases: [],
    hasRuntimeFlags: false,
    ...others,
    file: { kind: 'regular', realPath: configPath, links: 1, text: '{"debug":true}', ...file },
  };
}

describe('installing', () => {
  test.each([
    ['a plain file gets the entry', facts(), { do: 'Write' }],
    ['a missing file is made', facts({ file: { kind: 'missing', text: undefined, links: 0 } }), { do: 'Write' }],
    ['a daemon that has it is left alone', facts({ registered: entry.path }), { do: 'Nothing' }],
    ['a file that has it is only read again', facts({ file: { text: withEntry } }), { do: 'Reload' }],
    ['also when it is managed elsewhere', facts({ file: { text: withEntry }, isExternal: true }), { do: 'Reload' }],
    ['another runtime of the name', facts({ registered: '/other' }), { reason: 'RuntimeConflict' }],
    ['a daemon with runtimes in its flags', facts({ hasRuntimeFlags: true }), { reason: 'RuntimeConflict' }],
    ['a broken file', facts({ file: { text: '{' } }), { reason: 'DaemonConfigInvalid' }],
    ["the owner's annotation", facts({ isExternal: true }), { reason: 'DaemonConfigExternal' }],
    ['a symlink', facts({ file: { realPath: '/nix/store/daemon.json' } }), { reason: 'DaemonConfigExternal' }],
    [
      'a directory above that is a symlink',
      facts({ file: { realPath: '/usr/etc/docker/daemon.json' } }),
      { do: 'Instruct' },
    ],
    ['a hard link', facts({ file: { links: 2 } }), { reason: 'DaemonConfigExternal' }],
    ['a directory', facts({ file: { kind: 'other', text: undefined } }), { reason: 'DaemonConfigExternal' }],
  ])('%s', (_what, given, step) => {
    expect(decideInstall(given, entry)).toMatchObject('reason' in step ? { do: 'Instruct', ...step } : step);
  });

  test('instructions name the file and the lines', () => {
    expect(decideInstall(facts({ isExternal: true }), entry)).toMatchObject({
      message: expect.stringMatching(
        /^\/etc\/docker\/daemon\.json is managed elsewhere.*"runtimes":\{"transship"/,
      ) as string,
    });
  });
});

describe('removing', () => {
  const there = { registered: entry.path, file: { text: withEntry } };
  test.each([
    ['the entry is taken out', facts(there), { do: 'Write', text: '{}' }],
    ['a file that lacks it is only read again', facts({ registered: entry.path }), { do: 'Reload' }],
    ['nothing is left', facts(), { do: 'Nothing' }],
    ['no file', facts({ file: { kind: 'missing', text: undefined } }), { do: 'Nothing' }],
    ['a daemon with runtimes in its flags', facts({ ...there, hasRuntimeFlags: true }), { reason: 'RuntimeConflict' }],
    ['other names of the same program', facts({ ...there, aliases: ['second'] }), { reason: 'RuntimeConflict' }],
    [
      'somebody else’s entry',
      facts({ file: { text: '{"runtimes":{"transship":{"path":"/x"}}}' } }),
      { reason: 'RuntimeConflict' },
    ],
    ['a file that is managed elsewhere', facts({ ...there, isExternal: true }), { reason: 'DaemonConfigExternal' }],
  ])('%s', (_what, given, step) => {
    expect(decideRemoval(given, entry)).toMatchObject('reason' in step ? { do: 'Instruct', ...step } : step);
  });
});
