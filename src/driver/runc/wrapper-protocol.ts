import { describeError, reasonOf } from '../../runtime/errors';
import type { CommandResult, CommandRunner } from '../../runtime/exec';
import type { Finding } from '../driver';

/**
 * The version of what agent and wrapper agree on: the marker directory and its states (docs/wrapper.md). It changes when
 * one of them would misunderstand the other; oci/transship-runc has the same number.
 */
export const WRAPPER_PROTOCOL = 1;

const TIMEOUT_MS = 10_000;

/**
 * Why containers cannot be woken up by this wrapper; undefined when they can. It is asked, so that a script of another
 * version is found out wherever it comes from. The wrapper hands the call on to runc, so that runc is found to work too.
 * @param path where Docker calls it on the node
 */
export async function findWrapperProblem(path: string, run: CommandRunner): Promise<Finding | undefined> {
  const asked = await attempt(path, ['--transship-version'], run);
  const protocol = typeof asked === 'string' ? undefined : /^transship-runc protocol (\d+)$/m.exec(asked.stdout)?.[1];
  if (typeof asked !== 'string' && asked.exitCode === 0 && protocol === String(WRAPPER_PROTOCOL)) return undefined;
  // One of before the handshake hands the question on to runc, which does not know it.
  const broken = await whyItFails(path, ['--version'], run);
  if (broken !== undefined) {
    return {
      reason: 'RestoreRuntimeNotInstalled',
      message: `the OCI runtime wrapper ${path} does not run on this node (${broken}): install it there, executable`,
      blocking: true,
    };
  }
  return {
    reason: 'RestoreRuntimeOutdated',
    message:
      `the OCI runtime wrapper ${path} on this node is of another version than the agent (protocol ` +
      `${protocol ?? 'unknown'}, not ${WRAPPER_PROTOCOL}): replace it with the oci/transship-runc of the agent's version, by a rename`,
    blocking: true,
  };
}

/** What goes wrong when a program is called; undefined when nothing does. */
export async function whyItFails(
  program: string,
  args: readonly string[],
  run: CommandRunner,
): Promise<string | undefined> {
  const result = await attempt(program, args, run);
  if (typeof result === 'string') return result;
  const { exitCode, stderr } = result;
  return exitCode === 0 ? undefined : `exit code ${exitCode ?? 'none'}: ${stderr.trim().slice(-300)}`;
}

/** What the program said, or why it could not be called. */
async function attempt(
  program: string,
  args: readonly string[],
  run: CommandRunner,
): Promise<Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'> | string> {
  try {
    return await run.run(program, args, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    return `${reasonOf(error, 'Error')}: ${describeError(error)}`;
  }
}
