import { ReasonedError, reasonOf } from '../../runtime/errors';
import type { CommandResult, CommandRunner } from '../../runtime/exec';
import type { MountFiles } from '../ports';

const PROBE_TIMEOUT_MS = 10_000;
/** A figure only, and the migration waits for it. */
const SIZE_TIMEOUT_MS = 20_000;

/**
 * By programs of the node: an agent in a pod does not see the node's directories itself.
 * @param emptyMs how long emptying a volume may take
 */
export function createMountFiles(commands: CommandRunner, emptyMs: number): MountFiles {
  const run = (file: string, args: readonly string[], timeoutMs = PROBE_TIMEOUT_MS): Promise<CommandResult> =>
    commands.run(file, args, { timeoutMs });
  return {
    sizeBytes: async (directory) => {
      try {
        const { exitCode, stdout } = await run(
          'du',
          ['--summarize', '--one-file-system', '--block-size=1', '--', directory],
          SIZE_TIMEOUT_MS,
        );
        const bytes = Number.parseInt(stdout, 10);
        return exitCode === 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
      } catch (error) {
        if (reasonOf(error, '') === 'CommandTimedOut') return undefined;
        throw error;
      }
    },
    empty: async (directory) => {
      const { exitCode, stderr } = await run('find', [directory, '-xdev', '-mindepth', '1', '-delete'], emptyMs);
      if (exitCode === 0) return;
      throw new ReasonedError('VolumeNotEmptied', `${directory} could not be emptied: ${stderr.slice(-300)}`);
    },
    writeProbe: async (directory, prefix, token) => {
      required(directory, await run('find', found(directory, prefix, '-delete')));
      required(directory, await run('touch', ['--', `${directory}/${prefix}${token}`]));
    },
    hasProbe: async (directory, prefix, token) => {
      const { exitCode } = await run('test', ['-f', `${directory}/${prefix}${token}`]);
      return exitCode === 0;
    },
    removeProbes: async (directory, prefix) => {
      const { exitCode } = await run('test', ['-d', directory]);
      if (exitCode === 0) required(directory, await run('find', found(directory, prefix, '-delete')));
    },
  };
}

/** With the slash a symlink to a directory is followed, which a mounted path may be. */
function found(directory: string, prefix: string, action: string): string[] {
  return [`${directory}/`, '-mindepth', '1', '-maxdepth', '1', '-type', 'f', '-name', `${prefix}*`, action];
}

function required(directory: string, { exitCode, stderr }: CommandResult): void {
  if (exitCode === 0) return;
  throw new ReasonedError(
    'SharedProbeFailed',
    `no file can be made and removed in ${directory}, by which the other node would know it: ${stderr.slice(-300)}; ` +
      'set Skip for it in spec.volumeOverrides when it need not be proved',
  );
}
