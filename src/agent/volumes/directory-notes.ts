import Ajv from 'ajv';
import { ReasonedError } from '../../runtime/errors';
import type { CommandResult, CommandRunner } from '../../runtime/exec';
import { parseUntrustedJson } from '../../runtime/untrusted-json';
import { succeeded } from './host-directories';
import type { DirectoryNotes, NotedDirectory } from './host-directories-port';

const TIMEOUT_MS = 10_000;
const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Where the notes lie on a node: not on a tmpfs, for the directories outlast a reboot. */
export const NOTES_DIRECTORY = '/var/lib/transship/host-directories';

const path = { type: 'string', pattern: '^/' };
const isNote = new Ajv({ strict: false }).compile<readonly NotedDirectory[]>({
  type: 'array',
  items: {
    type: 'object',
    required: ['path', 'makes', 'files'],
    additionalProperties: false,
    properties: {
      path,
      makes: { type: 'array', items: path },
      found: {
        type: 'object',
        required: ['uid', 'gid', 'mode'],
        additionalProperties: false,
        properties: {
          uid: { type: 'integer' },
          gid: { type: 'integer' },
          mode: { type: 'string', pattern: '^[0-7]+$' },
        },
      },
      files: { type: 'string', enum: ['none', 'some', 'all'] },
    },
  },
});

/** Notes in a directory of the node's, a file per migration, by programs of the node. */
export function createDirectoryNotes(commands: CommandRunner, directory = NOTES_DIRECTORY): DirectoryNotes {
  const run = (file: string, args: readonly string[], input?: string): Promise<CommandResult> =>
    commands.run(file, args, { timeoutMs: TIMEOUT_MS, ...(input === undefined ? {} : { input }) });
  const must = async (file: string, args: readonly string[], input?: string): Promise<string> =>
    succeeded(file, await run(file, args, input));
  return {
    read: async (uid) => {
      const note = `${directory}/${checked(uid)}`;
      const result = await run('cat', ['--', note]);
      if (result.exitCode !== 0 && (await run('test', ['-e', note])).exitCode !== 0) return [];
      return parse(succeeded('cat', result), note);
    },
    write: async (uid, directories) => {
      const temporary = `${directory}/.${checked(uid)}`;
      await must('mkdir', ['--parents', '--mode=0700', '--', directory]);
      await must('dd', [`of=${temporary}`, 'conv=fsync', 'status=none'], JSON.stringify(directories));
      await must('mv', ['--no-target-directory', '--', temporary, `${directory}/${uid}`]);
      await must('sync', [directory]);
    },
    forget: async (uid) => {
      await must('rm', ['--force', '--', `${directory}/${checked(uid)}`]);
    },
    list: async () => {
      // Nobody has noted anything yet.
      if ((await run('test', ['-d', directory])).exitCode !== 0) return [];
      const names = await must('find', [
        directory,
        '-mindepth',
        '1',
        '-maxdepth',
        '1',
        '-type',
        'f',
        '-printf',
        '%f\\n',
      ]);
      return names.split('\n').filter((name) => UID.test(name));
    },
  };
}

function checked(uid: string): string {
  if (UID.test(uid)) return uid;
  throw new TypeError('not the UID of an object');
}

function parse(text: string, note: string): readonly NotedDirectory[] {
  let cause: unknown;
  try {
    const value = parseUntrustedJson(text);
    if (isNote(value)) return value;
  } catch (error) {
    cause = error;
  }
  const message = `${note} cannot be read; look at the directories that it names, and remove it when no migration needs it`;
  throw new ReasonedError('HostDirectoryFailed', message, { cause });
}
