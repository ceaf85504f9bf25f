import type { CommandRunner } from '../../runtime/exec';
import { ReasonedError, reasonOf } from '../../runtime/errors';

const TIMEOUT_MS = 10_000;

/**
 * Opens the network of a container again that a CRIU which died has left locked. While it dumps, CRIU lets no packet in
 * or out, by a chain `CRIU` (iptables) or a table `CRIU-…` (nftables) in the container's network namespace, and takes
 * it away at its end; a CRIU that is killed does not, and the container would run on and answer nobody (seen with
 * criu 4.2.1: `-A INPUT -j CRIU`, `-A CRIU -j DROP`).
 *
 * @param pid the container's first process, as this node sees it
 * @throws ReasonedError NetworkLocked when it is locked and cannot be opened
 */
export async function unlockNetwork(pid: number, run: CommandRunner): Promise<void> {
  const inside = insideOf(pid, run);
  // At the same time: the container stands frozen meanwhile.
  await Promise.all([unlockChains('iptables', inside), unlockChains('ip6tables', inside), unlockTables(inside)]);
}

/** Runs programs in the network of a process: what they print, or undefined when they fail or are not there. */
export function insideOf(pid: number, run: CommandRunner): Inside {
  return async (program, ...args) => {
    try {
      const words = ['-t', String(pid), '-n', '--', program, ...args];
      const { exitCode, stdout } = await run.run('nsenter', words, { timeoutMs: TIMEOUT_MS });
      return exitCode === 0 ? stdout : undefined;
    } catch (error) {
      // A node has one of the two; and nsenter itself is there, or nothing of this would run.
      if (reasonOf(error, '') === 'CommandNotFound') return undefined;
      throw error;
    }
  };
}

async function unlockTables(inside: Inside): Promise<void> {
  const tables = (await inside('nft', 'list', 'tables')) ?? '';
  for (const [, family = '', name = ''] of tables.matchAll(/^table (\w+) (CRIU[\w-]*)$/gm)) {
    if ((await inside('nft', 'delete', 'table', family, name)) === undefined) throw locked();
  }
}

export type Inside = (program: string, ...args: string[]) => Promise<string | undefined>;

/** Takes away the chain of that name, to which all that passes was sent. */
export async function unlockChains(iptables: string, inside: Inside, lock = 'CRIU'): Promise<void> {
  const isLocked = async (): Promise<boolean> =>
    (await inside(iptables, '-w', '-S'))?.includes(`-N ${lock}\n`) === true;
  if (!(await isLocked())) return;
  for (const chain of ['INPUT', 'OUTPUT']) await inside(iptables, '-w', '-D', chain, '-j', lock);
  await inside(iptables, '-w', '-F', lock);
  await inside(iptables, '-w', '-X', lock);
  if (await isLocked()) throw locked(lock);
}

function locked(lock = 'CRIU'): ReasonedError {
  return new ReasonedError(
    'NetworkLocked',
    `${lock === 'CRIU' ? 'a CRIU that died' : 'the move'} has left the network of the container locked, and it cannot be ` +
      `opened; remove the chain or table ${lock} in its network namespace`,
  );
}
