import type { Place } from '../case';
import { group } from '../case';
import { dockerOnBoth, onBoth, onNode } from '../lab';
import { run } from '../../lib/lab-tools';
import { ask, joined, witness } from '../witness';

/** On the volume that all nodes have mounted, and on the nodes themselves. */
const SHARED = '/mnt/transship/.conformance';
const LOCAL = '/srv/conformance';
const DATA = 'conformance-data';
const FILE = "open('/data/file', 'a+')";

/** Appends to a file that it keeps open in /data, and counts its lines. */
const APPENDS = witness(
  `held = ${FILE}; held.write('begun\\n'); held.flush()`,
  `
held.write('line\\n'); held.flush()
lines = open('/data/file').read().splitlines()
return {'lines': sorted(set(lines)), 'grows': {'number': len(lines)}}
`.trim(),
);

/** Named volumes that a move has left, on purpose, on the source. */
const removeVolume = (): Promise<void> => {
  // There is none on the node that never had it, which is well.
  for (const node of ['node-a', 'node-b']) run('lab/node-exec', [node, 'docker', 'volume', 'rm', '--force', DATA]);
  return Promise.resolve();
};

async function mountOf({ node, name }: Place, destination: string): Promise<string> {
  const format = `{{range .Mounts}}{{if eq .Destination "${destination}"}}{{.Type}} {{.Name}}{{end}}{{end}}`;
  return onNode(node, 'docker inspect --format "$1" "$2"', format, name);
}

export const MOUNTS = group('Volumes and mounts', [
  {
    id: 'bind-shared',
    title: 'a directory of the shared volume, mounted (--volume)',
    origin: 'features',
    states: 'the same file is open and written to, without a gap',
    run: ['--volume', `${SHARED}:/data`, ...APPENDS],
    spec: { volumes: 'RequireShared' },
    setUp: async () => {
      await onNode('node-a', 'mkdir -p "$1"', SHARED);
    },
    tearDown: async () => {
      await onNode('node-a', 'rm -rf "$1"', SHARED);
    },
  },
  {
    id: 'bind-local',
    title: 'a directory of the node, mounted, with the same files on the target',
    origin: 'features',
    states: 'the files are read on, and the container finds its mount read-only as before',
    run: [
      '--volume',
      `${LOCAL}:/data:ro`,
      ...witness(
        "held = open('/data/file')",
        "return {'read': os.pread(held.fileno(), 100, 0).decode(), 'names': os.listdir('/data'), 'written': os.access('/data/file', os.W_OK)}",
      ),
    ],
    setUp: () => onBoth('mkdir -p "$1"; echo the same >"$1/file"', LOCAL),
    tearDown: () => onBoth('rm -rf "$1"', LOCAL),
  },
  {
    id: 'bind-differs',
    title: 'a directory of the node, mounted, with an open file of another size on the target',
    origin: 'features',
    states: 'it is given back, and runs on where it was with its file open',
    run: [
      '--volume',
      `${LOCAL}:/data:ro`,
      ...witness("held = open('/data/file')", "return {'read': os.pread(held.fileno(), 100, 0).decode()}"),
    ],
    expected: { kind: 'refused', phase: 'RolledBack', reason: 'OpenFileChanged' },
    setUp: async () => {
      await onNode('node-a', 'mkdir -p "$1"; echo one >"$1/file"', LOCAL);
      await onNode('node-b', 'mkdir -p "$1"; echo another >"$1/file"', LOCAL);
    },
    tearDown: () => onBoth('rm -rf "$1"', LOCAL),
  },
  {
    id: 'bind-missing',
    title: 'a directory of the node, mounted, that the target does not have',
    origin: 'features',
    states: 'it is refused before anything is touched',
    run: ['--volume', `${LOCAL}:/data:ro`, ...witness('')],
    expected: { kind: 'refused', phase: 'Failed', reason: 'BindMountMissing' },
    setUp: async () => {
      await onNode('node-a', 'mkdir -p "$1"', LOCAL);
    },
    tearDown: () => onBoth('rm -rf "$1"', LOCAL),
  },
  {
    id: 'bind-with-mounts',
    title: 'a directory of the node, mounted with a further mount below it',
    origin: 'features',
    states: 'it is refused before anything is touched',
    // There the lab mounts the application.
    run: ['--volume', '/opt:/data:ro', ...witness('')],
    expected: { kind: 'refused', phase: 'Failed', reason: 'MountsBelowUnsupported' },
  },
  {
    id: 'bind-without-mounts',
    title: 'the same directory without what is mounted below it (bind-recursive=disabled)',
    origin: 'features',
    states: 'it counts on, with the directory mounted',
    run: ['--mount', 'type=bind,source=/opt,target=/data,readonly,bind-recursive=disabled', ...witness('')],
  },
  {
    id: 'named-volume',
    title: 'a named volume',
    origin: 'features',
    states: 'its files, one of them open and written to without a gap, and its name',
    fast: true,
    run: ['--volume', `${DATA}:/data`, ...APPENDS],
    look: async (place) => joined(await ask(place), { same: { mount: await mountOf(place, '/data') } }),
    // On the target Docker is told not to fill it from the image (nocopy).
    differs: ['inspect.HostConfig.Binds'],
    tearDown: removeVolume,
  },
  {
    id: 'anonymous-volume',
    title: 'an anonymous volume',
    origin: 'features',
    states: 'its files, one of them open and written to without a gap',
    run: ['--volume', '/data', ...APPENDS],
    look: async (place) => joined(await ask(place), { same: { mount: await mountOf(place, '/data') } }),
    // It is mounted by its name there: what makes it the same volume's copy.
    differs: ['inspect.HostConfig.Binds', 'inspect.HostConfig.Mounts', 'inspect.Config.Volumes'],
  },
  {
    id: 'volume-taken',
    title: 'a named volume of which the target has another one',
    origin: 'features',
    states: 'it is refused before anything is touched',
    run: ['--volume', `${DATA}:/data`, ...APPENDS],
    expected: { kind: 'refused', phase: 'Failed', reason: 'VolumeTaken' },
    setUp: () => dockerOnBoth('volume', 'create', DATA),
    tearDown: removeVolume,
  },
  {
    id: 'read-only',
    title: '--read-only, with a tmpfs to write to',
    origin: 'features',
    states: 'its files cannot be written to, and the tmpfs can',
    run: [
      ...['--read-only', '--tmpfs', '/scratch'],
      ...witness(
        "open('/scratch/file', 'w').write('before')",
        `
try: outcome = open('/file', 'w') and 'written'
except OSError as refused: outcome = errno.errorcode[refused.errno]
open('/scratch/new', 'w').write('new')
return {'root': outcome, 'scratch': open('/scratch/file').read()}
`.trim(),
      ),
    ],
  },
]);
