import type { Clock } from '../../runtime/clock';
import { ReasonedError } from '../../runtime/errors';
import type { CommandRunner } from '../../runtime/exec';

/** Asking for a state or changing it takes milliseconds, but the machine may be busy. */
const TIMEOUT_MS = 10_000;
/** The kernel's freezer gives up on a process that is in the middle of a system call just then. */
const PAUSE_ATTEMPTS = 5;
const PAUSE_INTERVAL_MS = 50;

/**
 * Freezes a container that runs although Docker believes it to be paused, as after a CRIU that was killed: CRIU thaws
 * what it dumps, and freezes it again only when it ends well. True when it did run. Throws `ContainerNotRunning`, or
 * `RuncFailed` with runc's own words.
 */
export async function pauseIfRunning(
  containerID: string,
  root: string,
  { run, clock }: { run: CommandRunner; clock: Clock },
): Promise<boolean> {
  const runc = async (command: 'state' | 'pause'): Promise<string> => {
    const { exitCode, stdout, stderr } = await run.run('runc', ['--root', root, command, containerID], {
      timeoutMs: TIMEOUT_MS,
    });
    if (exitCode === 0) return stdout;
    const lastWords = stderr.trim().split('\n').at(-1) ?? '';
    throw new ReasonedError('RuncFailed', `runc ${command} failed: ${lastWords}`, { logTail: stderr.trim() });
  };
  for (let attempt = 1; ; attempt++) {
    const status = parseStatus(await runc('state'));
    if (status === 'paused') return attempt > 1;
    if (status !== 'running') {
      throw new ReasonedError('ContainerNotRunning', `runc says that the container is ${status} instead of paused`);
    }
    try {
      await runc('pause');
      return true;
    } catch (error) {
      if (attempt === PAUSE_ATTEMPTS) throw error;
      await clock.sleep(PAUSE_INTERVAL_MS);
    }
  }
}

function parseStatus(json: string): string {
  const state: unknown = JSON.parse(json);
  return typeof state === 'object' && state !== null && 'status' in state ? String(state.status) : 'unknown';
}
