import { allDone } from '../../runtime/all-done';
import type { CommandRunner } from '../../runtime/exec';
import { ReasonedError, reasonOf } from '../../runtime/errors';

const TIMEOUT_MS = 10_000;
/** The chain of a CRIU that locks, and ours, which the wake-up makes too (oci/transship-network). */
const OF_CRIU = 'CRIU';
const OURS = 'TRANSSHIP';
/** Before the rules of others: what they let in or out must not get past. */
const LOCK = `*filter
-N ${OURS}
-A ${OURS} -j DROP
-I INPUT -j ${OURS}
-I OUTPUT -j ${OURS}
COMMIT
`;

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
  await Promise.all([
    unlockChains('iptables', inside, OF_CRIU),
    unlockChains('ip6tables', inside, OF_CRIU),
    unlockTables(inside),
  ]);
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

/**
 * Lets no packet in or out of the network of a paused container, its loopback included: what CRIU does for the time of
 * its dump. Ours is there before, and stays until the container runs again or is gone. Idempotent.
 *
 * @throws ReasonedError NetworkNotSilenced
 */
export async function lockChains(pid: number, run: CommandRunner, families: readonly IpTables[]): Promise<void> {
  await allDone(
    ...families.map(async (iptables) => {
      const words = ['-t', String(pid), '-n', '--', `${iptables}-restore`, '--wait', '--noflush'];
      const { exitCode, stderr } = await run.run('nsenter', words, { timeoutMs: TIMEOUT_MS, input: LOCK });
      // All of it or nothing is done: with the chain there, an earlier life of the agent has done it.
      if (exitCode === 0 || (await isLocked(iptables, insideOf(pid, run), OURS))) return;
      const message = `the network of the frozen container could not be locked: ${stderr.trim().slice(-300)}`;
      throw new ReasonedError('NetworkNotSilenced', message);
    }),
  );
}

/** Takes away what `lockChains` or the wake-up has set. */
export async function openChains(inside: Inside): Promise<void> {
  await Promise.all([unlockChains('iptables', inside, OURS), unlockChains('ip6tables', inside, OURS)]);
}

/** Of IPv4 and of IPv6. */
export type IpTables = 'iptables' | 'ip6tables';

async function unlockTables(inside: Inside): Promise<void> {
  const tables = (await inside('nft', 'list', 'tables')) ?? '';
  for (const [, family = '', name = ''] of tables.matchAll(/^table (\w+) (CRIU[\w-]*)$/gm)) {
    if ((await inside('nft', 'delete', 'table', family, name)) === undefined) throw locked();
  }
}

export type Inside = (program: string, ...args: string[]) => Promise<string | undefined>;

/** Takes away the chain of that name, to which all that passes was sent. */
async function unlockChains(iptables: IpTables, inside: Inside, lock: string): Promise<void> {
  if (!(await isLocked(iptables, inside, lock))) return;
  for (const chain of ['INPUT', 'OUTPUT']) await inside(iptables, '-w', '-D', chain, '-j', lock);
  await inside(iptables, '-w', '-F', lock);
  await inside(iptables, '-w', '-X', lock);
  if (await isLocked(iptables, inside, lock)) throw locked(lock);
}

async function isLocked(iptables: IpTables, inside: Inside, lock: string): Promise<boolean> {
  return (await inside(iptables, '-w', '-S'))?.includes(`-N ${lock}\n`) === true;
}

function locked(lock = OF_CRIU): ReasonedError {
  return new ReasonedError(
    'NetworkLocked',
    `${lock === OF_CRIU ? 'a CRIU that died' : 'the move'} has left the network of the container locked, and it cannot be ` +
      `opened; remove the chain or table ${lock} in its network namespace`,
  );
}
