import { posix } from 'node:path';
import { ReasonedError } from '../../runtime/errors';
import type { CommandResult, CommandRunner } from '../../runtime/exec';
import { pathsTo } from '../volumes/directory-rules';
import type { HostDirectories, PathPart } from '../volumes/host-directories-port';
import type { HookRequest, MoveHooks } from './port';

/** The container stands still meanwhile. */
const HOOK_SECONDS = 20;
/** What a hook that was told to end has left, and what an earlier one may take to end. */
const KILL_SECONDS = 2;
const LOCK_SECONDS = HOOK_SECONDS + KILL_SECONDS + 3;
const TEST_MS = 10_000;
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
/** Exit codes: of flock(1) when others hold the lock, of timeout(1) when the time was over. */
const LOCKED = 203;
const OVER = 124;
const TAIL_CHARACTERS = 1000;

/**
 * Hooks are files of the node. One runs at a time on a node: an earlier one may outlive the agent that asked for it, and
 * must not undo what a later one does. Its deadline is kept by a program of the node, for the same reason.
 * @param options.directory where they lie, `/etc/transship/hooks`
 * @param options.lockFile `/run/transship/move-hook.lock`
 */
export function createMoveHooks(options: {
  readonly directory: string;
  readonly lockFile: string;
  readonly commands: CommandRunner;
  readonly directories: Pick<HostDirectories, 'look'>;
}): MoveHooks {
  const { commands, directories, lockFile } = options;
  return {
    run: async (name, request) => {
      if (!NAME.test(name)) throw unsafe(name, 'its name is none that a hook may have');
      const path = posix.join(options.directory, name);
      requireSafe(path, await directories.look(path));
      // Told beforehand; later the container stands still, and what is neither would not start anyway.
      const told = request.action === 'check' ? Object.entries({ '-f': 'a regular file', '-x': 'executable' }) : [];
      for (const [flag, what] of told) {
        const { exitCode } = await commands.run('test', [flag, path], { timeoutMs: TEST_MS });
        if (exitCode !== 0) throw unsafe(path, `it is not ${what}`);
      }
      const within = ['--exclusive', '--wait', String(LOCK_SECONDS), '--conflict-exit-code', String(LOCKED), lockFile];
      const timed = ['timeout', `--kill-after=${KILL_SECONDS}`, String(HOOK_SECONDS), path, request.action];
      const result = await commands.run('flock', [...within, ...timed], {
        timeoutMs: (LOCK_SECONDS + HOOK_SECONDS + 2 * KILL_SECONDS) * 1000,
        input: `${JSON.stringify(request)}\n`,
        // Nothing of the agent's own: what a hook needs to know stands in its request.
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
      });
      if (result.exitCode !== 0) throw failed(path, request, result);
    },
  };
}

/** Whoever could change the file, or put another in its place, could run anything as root. */
function requireSafe(path: string, parts: readonly PathPart[]): void {
  const expected = pathsTo(path);
  if (parts.length < expected.length) {
    throw new ReasonedError(
      'MoveHookMissing',
      `there is no ${path} on the node, which spec.network.moveHook names; the node's administrator has to put it there ` +
        '(docs/connections.md)',
    );
  }
  for (const part of parts) {
    const isLast = part.path === path;
    if (part.kind !== (isLast ? 'other' : 'directory')) {
      throw unsafe(part.path, isLast ? `it is a ${part.kind}, not a file` : `it is no directory but a ${part.kind}`);
    }
    if (part.uid !== 0) throw unsafe(part.path, `it belongs to the user ${part.uid}, not to root`);
    if ((Number.parseInt(part.mode, 8) & 0o022) !== 0) throw unsafe(part.path, `others may write it (${part.mode})`);
  }
}

function unsafe(path: string, why: string): ReasonedError {
  return new ReasonedError(
    'MoveHookUnsafe',
    `${path} is not run: ${why}; a hook and all directories above it must be root's, written by nobody else, and no symlinks`,
  );
}

function failed(path: string, { action }: HookRequest, { exitCode, stdout, stderr }: CommandResult): ReasonedError {
  const tail = `${stdout}${stderr}`.trim().slice(-TAIL_CHARACTERS);
  const how =
    exitCode === OVER
      ? `did not end within ${HOOK_SECONDS} s`
      : exitCode === LOCKED
        ? `could not begin within ${LOCK_SECONDS} s, because of another hook`
        : `failed with exit code ${exitCode ?? 'none'}`;
  return new ReasonedError(
    'MoveHookFailed',
    `${path} ${action} ${how}${tail === '' ? '; it wrote nothing' : `: ${tail}`}`,
    tail === '' ? {} : { logTail: tail },
  );
}
