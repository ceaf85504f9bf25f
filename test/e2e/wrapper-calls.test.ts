/** How the wrapper reads its words and its marker, seen by a runc that only says what it is called with. */
import { WRAPPER_PROTOCOL } from '../../src/driver/runc/wrapper-protocol';
import type { NodeName } from '../lib/lab-docker';
import { docker, removeContainers } from '../lib/lab-docker';
import { inNode, onNode } from '../lib/lab-node';
import { checkInstalledWrapper, Marker, sharedDirectory } from '../lib/lab-restore';
import type { Outcome } from '../lib/lab-tools';

const NODE: NodeName = 'node-b';
const WRAPPER = '/opt/transship/oci/transship-runc';
const NAME = 'e2e-wrapper-calls';
const shared = sharedDirectory(NAME);

jest.setTimeout(60_000);

beforeAll(checkInstalledWrapper);
afterAll(() => {
  sharedDirectory(NAME);
});

/** Calls the wrapper in the node with a shell script for a runc, which prints its words by default. */
function callWrapper(words: readonly string[], runc = `for word; do printf '<%s>' "$word"; done`): Outcome {
  const fake = `${shared.inNodes}/runc`;
  onNode(NODE, 'mkdir -p "${1%/*}"; printf "%s\\n" "#!/bin/sh" "$2" >"$1"; chmod 755 "$1"', fake, runc);
  return inNode(NODE, 'env', `TRANSSHIP_RUNC=${fake}`, WRAPPER, ...words);
}

test.each([
  ['no arguments', []],
  ['the version', ['--version']],
  ['features', ['features']],
  ['options before and after the command', ['--root', '/x', 'list', '--format', 'json']],
  ['a word with blanks', ['exec', 'a b', '']],
  [
    "a question for the wrapper's version that is somebody else's word",
    ['exec', 'a', 'program', '--transship-version'],
  ],
  ['an id that is too short', ['create', '--bundle', '/b', 'a'.repeat(63)]],
  ['an id that is no hex', ['create', '--bundle', '/b', 'g'.repeat(64)]],
  ['an id in capitals', ['create', '--bundle', '/b', 'A'.repeat(64)]],
  ['an id that leads elsewhere', ['create', '--bundle', '/b', `../restore/${'b'.repeat(64)}`]],
  ['a known id with a line after it', ['create', '--bundle', '/b', `${'b'.repeat(64)}\n`]],
])('passes %s through untouched', (_what, words) => {
  const marker = new Marker(NODE, 'b'.repeat(64)).prepare(shared.inNodes).arm();
  const { stdout } = callWrapper(words);
  marker.remove();
  expect(stdout).toBe(words.map((word) => `<${word}>`).join(''));
});

test('tells its protocol, and whether it can call runc', () => {
  const { code, stdout } = callWrapper(['--transship-version']);
  expect([code, stdout]).toEqual([0, `transship-runc protocol ${WRAPPER_PROTOCOL}\n<--version>`]);
  expect(callWrapper(['--transship-version'], 'exit 3').code).toBe(3);
});

describe('the call that becomes a restore', () => {
  const id = 'c'.repeat(64);
  const marker = new Marker(NODE, id);
  const directory = `/run/transship/restore/${id}`;
  const log = `${directory}/log.json`;
  const runc = ['--root', '/r', '--log', log, '--log-format', 'json'];
  const bundle = ['--bundle', '/b', '--pid-file', '/p'];

  beforeEach(() => {
    removeContainers(NAME);
    marker.remove();
    marker.prepare(shared.inNodes).arm();
  });
  afterAll(() => {
    removeContainers(NAME);
    marker.remove();
  });

  test('carries over what containerd asks for', () => {
    const all = [
      ...runc,
      '--systemd-cgroup',
      'create',
      ...bundle,
      '--console-socket',
      '/c',
      '--no-pivot',
      '--no-new-keyring',
    ];
    marker.write('restore-options', '--ext-unix-sk\n--manage-cgroups-mode=soft\n');
    expect(
      callWrapper([...all, id])
        .stdout.slice(1, -1)
        .split('><'),
    ).toEqual([
      ...[...runc, '--systemd-cgroup', 'restore', '--detach', '--no-subreaper'],
      ...['--image-path', `${directory}/images`, '--work-path', `${directory}/work`],
      ...[...bundle, '--console-socket', '/c', '--no-pivot', '--ext-unix-sk', '--manage-cgroups-mode=soft', id],
    ]);
    expect(marker.states()).toEqual(['restored']);
  });

  test.each([
    ['an option of create that restore lacks', [...runc, 'create', ...bundle, '--preserve-fds', '1']],
    ['an unknown global option', [...runc, '--criu', '/x', 'create', ...bundle]],
    ['a start before the create', [...runc, 'start']],
  ])('refuses %s, and Docker gets to know', (_what, words) => {
    const { code, stdout } = callWrapper([...words, id]);
    expect([code, stdout]).toEqual([1, '']);
    expect(marker.read('log.json')).toMatch(/^{"level":"error","msg":"transship: [^"]+","time":"[^"]+"}$/);
    expect(marker.states()).toEqual(['armed']);
  });

  test.each(['--leave-running', '--tcp-established --shell-job', '--manage-cgroups-mode=', '-h'])(
    'refuses the restore option %j',
    (option) => {
      marker.write('restore-options', `${option}\n`);
      expect(callWrapper([...runc, 'create', ...bundle, id])).toMatchObject({ code: 1, stdout: '' });
      expect(marker.states()).toEqual(['armed']);
    },
  );

  test('is undone when the agent gave the restore up meanwhile', () => {
    const giveUp = `case "$*" in *restore*) mv ${directory}/restoring ${directory}/failed;; esac`;
    expect(callWrapper([...runc, 'create', ...bundle, id], giveUp).code).toBe(1);
    expect(marker.read('log.json')).toContain('the restore was given up before it was restored');
    expect(marker.states()).toEqual(['failed']);
  });

  interface Start {
    readonly what: string;
    /** What the list of processes says; there is none when absent. */
    readonly listed?: 'it' | 'another';
    /** What runc prints. */
    readonly lists?: '[]';
    /** What runc does besides. */
    readonly more?: string;
    readonly left: string;
    readonly process: 'S' | 'T';
  }
  /** Larger than any pid can be. */
  const nobody = '4194305';

  test.each<Start>([
    { what: 'continues the processes that runc lists', left: 'resumed', process: 'S' },
    { what: 'does not ask runc for what is listed', listed: 'it', lists: '[]', left: 'resumed', process: 'S' },
    { what: 'asks runc when who is listed is gone', listed: 'another', left: 'resumed', process: 'S' },
    { what: 'continues nothing when runc lists nobody', lists: '[]', left: 'restored', process: 'T' },
    {
      what: 'continues nothing when the agent gave the restore up meanwhile',
      more: `mv ${directory}/restored ${directory}/failed`,
      left: 'failed',
      process: 'T',
    },
  ])('$what', ({ more = '', listed, lists, left, process }) => {
    docker(NODE, 'run', '-d', '--name', NAME, 'transship-lab/busybox:1', 'sleep', '60');
    const pid = docker(NODE, 'inspect', '-f', '{{.State.Pid}}', NAME);
    onNode(NODE, 'kill -STOP "$2"; mv "$1/armed" "$1/restored"', directory, pid);
    if (listed !== undefined) marker.write('processes', `[${listed === 'it' ? pid : nobody}]`);
    const outcome = callWrapper([...runc, 'start', id], `echo '${lists ?? `[${pid}]`}'; ${more}`);
    const state = onNode(NODE, 'sed "s/.*) //" "/proc/$1/stat" | cut -c1', pid);
    expect([outcome.code, state, marker.states()]).toEqual([left === 'resumed' ? 0 : 1, process, [left]]);
  });

  test('leaves the other commands of a marked container alone', () => {
    expect(callWrapper([...runc, 'delete', '--force', id]).stdout).toContain('<delete><--force>');
    expect(callWrapper([...runc, 'state', id]).stdout).toContain('<state>');
    expect(marker.states()).toEqual(['armed']);
  });
});
