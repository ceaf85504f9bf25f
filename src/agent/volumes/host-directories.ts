import { posix } from 'node:path';
import { ReasonedError } from '../../runtime/errors';
import type { CommandResult, CommandRunner } from '../../runtime/exec';
import { parseMounts } from '../survey/parse-proc';
import { pathsTo } from './directory-rules';
import type { HostDirectories, PathPart } from './host-directories-port';

const TIMEOUT_MS = 10_000;
/** Emptiness, kind, owner, mode and path of each, as `partOf` reads them; a path may hold anything but NUL. */
const SEEN = ['(', '-empty', '-printf', 'e', '-o', '-printf', '-', ')', '-printf', '%y %U %G %m %p\\0'];
const PART = /^([e-])(\w) (\d+) (\d+) ([0-7]+) (.+)$/s;

/** By programs of the node: an agent in a pod does not see the node's directories itself. */
export function createHostDirectories(commands: CommandRunner): HostDirectories {
  const run = (file: string, ...args: string[]): Promise<CommandResult> =>
    commands.run(file, args, { timeoutMs: TIMEOUT_MS });
  const must = async (file: string, ...args: string[]): Promise<string> => succeeded(file, await run(file, ...args));
  return {
    look: async (path) => {
      // It ends with 1 when one of them does not exist, having told of the others. The root always does.
      const result = await run('find', ...pathsTo(path), '-maxdepth', '0', ...SEEN);
      const parts = result.stdout.split('\0').flatMap((line) => partOf(line) ?? []);
      if (parts[0]?.path !== '/') throw failed('find', result);
      return parts;
    },
    isMounted: async (path, { pid, destination }) => {
      const root = `/proc/${pid}/root`;
      const inside = pathsTo(destination).map((part) => `${root}${part}`);
      const { exitCode, stdout } = await run('find', ...inside, '-maxdepth', '0', '-type', 'l');
      if (exitCode !== 0 || stdout !== '') return undefined;
      return (await run('test', `${root}${destination}`, '-ef', path)).exitCode === 0;
    },
    mountPoints: async () =>
      parseMounts(await must('cat', '/proc/self/mountinfo')).map(({ mountPoint }) => posix.normalize(mountPoint)),
    make: async (paths) => {
      const parents = paths.slice(0, -1);
      if (parents.length > 0) await must('mkdir', '--mode=0755', '--', ...parents);
      // What is in it is nobody's business before it belongs to whom it belongs to on the source.
      await must('mkdir', '--mode=0700', '--', ...paths.slice(-1));
    },
    give: async (path, { uid, gid, mode }) => {
      await must('chown', '--no-dereference', `${uid}:${gid}`, '--', path);
      await must('chmod', mode, '--', path);
    },
    removeEmpty: async (path) => {
      const result = await run('rmdir', '--ignore-fail-on-non-empty', '--', path);
      if (result.exitCode === 0 || (await run('test', '-e', path)).exitCode !== 0) return;
      throw failed('rmdir', result);
    },
  };
}

function partOf(line: string): PathPart | undefined {
  const [, emptiness, type, uid, gid, mode = '', path = ''] = PART.exec(line) ?? [];
  if (path === '') return undefined;
  const kind = type === 'd' ? 'directory' : type === 'l' ? 'symlink' : 'other';
  return { path, kind, uid: Number(uid), gid: Number(gid), mode, isEmpty: kind === 'directory' && emptiness === 'e' };
}

/** @throws ReasonedError HostDirectoryFailed */
export function succeeded(file: string, result: CommandResult): string {
  if (result.exitCode === 0) return result.stdout;
  throw failed(file, result);
}

function failed(file: string, { stderr }: CommandResult): ReasonedError {
  return new ReasonedError('HostDirectoryFailed', `${file} failed on the node: ${stderr.slice(-300).trim()}`);
}
