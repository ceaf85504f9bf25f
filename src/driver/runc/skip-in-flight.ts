import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandRunner } from '../../runtime/exec';

const TIMEOUT_MS = 10_000;
const FLAG = '--tcp-skip-in-flight';

/** How runc is called. */
export interface RuncCall {
  readonly program: string;
  /** What comes before `--root`. */
  readonly before: readonly string[];
  /** Flags of `runc checkpoint`. */
  readonly flags: readonly string[];
}

/** As always. */
export const PLAIN_RUNC: RuncCall = { program: 'runc', before: [], flags: [] };

/**
 * How runc is called so that CRIU dumps a listener without the connections that nobody has accepted yet, instead of
 * refusing it. runc 1.1 has no flag for that, and lets CRIU read a configuration; later ones have the flag, and overrule
 * what that configuration says (measured with 1.1.15 and 1.3.6).
 */
export async function skippingInFlight({ run, runDir }: { run: CommandRunner; runDir: string }): Promise<RuncCall> {
  const { stdout } = await run.run('runc', ['checkpoint', '--help'], { timeoutMs: TIMEOUT_MS });
  if (stdout.includes(FLAG)) return { ...PLAIN_RUNC, flags: [FLAG] };
  // The same for every dump, and replaced at once: another one may be reading it just now.
  const config = join(runDir, 'criu-skip-in-flight.conf');
  const temporary = `${config}.new`;
  await writeFile(temporary, 'skip-in-flight\n', { mode: 0o600 });
  await rename(temporary, config);
  return { program: 'env', before: [`CRIU_CONFIG_FILE=${config}`, 'runc'], flags: [] };
}
