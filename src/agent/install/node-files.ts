import { posix } from 'node:path';
import { ReasonedError } from '../../runtime/errors';
import type { CommandOptions, CommandResult, CommandRunner } from '../../runtime/exec';
import type { NodeFile, NodeFiles } from './ports';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1_048_576;
/** Bits of `st_mode` that say what a file is, and what they are of a regular one. */
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;

/** By programs of the node: an agent in a pod does not see the node's files itself, and needs no mount for them. */
export function createNodeFiles(commands: CommandRunner): NodeFiles {
  const run = (file: string, args: readonly string[], more: Partial<CommandOptions> = {}): Promise<CommandResult> =>
    commands.run(file, args, { timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_BYTES, ...more });
  const must = async (file: string, ...args: string[]): Promise<string> => succeeded(file, await run(file, args));

  const exists = async (path: string): Promise<boolean> =>
    (await run('test', ['-e', path, '-o', '-L', path])).exitCode === 0;
  /** Fills a file that is there, and has it on the disk. */
  const fill = async (path: string, input: string): Promise<void> => {
    succeeded('dd', await run('dd', [`of=${path}`, 'conv=fsync', 'status=none'], { input }));
  };
  const blank = async (path: string, mode: string): Promise<void> => {
    await must('install', '-m', mode, '-o', '0', '-g', '0', '--', '/dev/null', path);
  };
  const copy = async (from: string, to: string): Promise<void> => {
    await must('cp', '--archive', '--no-target-directory', '--', from, to);
    await must('sync', '--', to, posix.dirname(to));
  };

  return {
    look: async (path) => {
      const realPath = (await must('readlink', '--canonicalize-missing', '--no-newline', '--', path)).trim();
      if (!(await exists(path))) return { kind: 'missing', realPath, links: 0, text: undefined };
      const [mode = '', links = ''] = (await must('stat', '--dereference', '--format=%f %h', '--', path)).split(' ');
      const kind: NodeFile['kind'] = (Number.parseInt(mode, 16) & FILE_TYPE) === REGULAR ? 'regular' : 'other';
      const text = kind === 'regular' ? await must('cat', '--', path) : undefined;
      return { kind, realPath, links: Number(links), text };
    },
    writeBeside: async (path, text) => {
      const beside = besideOf(path);
      await must('rm', '--force', '--', beside);
      if (await exists(path)) await copy(path, beside);
      else {
        await must('mkdir', '--parents', '--mode=0755', '--', posix.dirname(path));
        await blank(beside, '0644');
      }
      await fill(beside, text);
      return beside;
    },
    writeExecutable: async (path, text) => {
      const beside = besideOf(path);
      await must('mkdir', '--parents', '--mode=0755', '--', posix.dirname(path));
      await must('rm', '--force', '--', beside);
      await blank(beside, '0755');
      await fill(beside, text);
      return beside;
    },
    rename: async (from, to) => {
      await must('mv', '--force', '--no-target-directory', '--', from, to);
      await must('sync', '--', posix.dirname(to));
    },
    copy,
    remove: async (path) => {
      await must('rm', '--force', '--', path);
    },
  };
}

/** One name only, so that what a killed agent left is written over and never piles up. */
const besideOf = (path: string): string => posix.join(posix.dirname(path), `.${posix.basename(path)}.transship-new`);

function succeeded(file: string, { exitCode, stdout, stderr }: CommandResult): string {
  if (exitCode === 0) return stdout;
  throw new ReasonedError('NodeFileFailed', `${file} failed on the node: ${stderr.slice(-300).trim()}`);
}
