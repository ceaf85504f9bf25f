import type { ImageProcess, ProgramAddresses } from '../criu/process-tree';
import type { RestoreStats } from '../criu/stats';
import { ReasonedError } from '../runtime/errors';
import type { RunningProcess } from './running-processes';

/** So many processes are listed, and looked up by their names: a file on the volume for each. */
export const MAX_LISTED = 32;

/** A process of the images, and what became of it. */
export interface RestoredProcess extends ImageProcess {
  /** Up to 15 bytes, as `latin1`; undefined when the images do not tell. */
  readonly command: string | undefined;
  /** Milliseconds since the epoch, this node's clock; undefined when it was not found as it was dumped. */
  readonly startedMs: number | undefined;
}

/** What shows that a container is the one that was dumped, and was not started anew. */
export interface RestoreProof {
  /** What CRIU itself says of this restore; undefined when it could not write that, on a full volume above all. */
  readonly stats: RestoreStats | undefined;
  /** How many processes and threads the images hold. */
  readonly processes: number;
  readonly threads: number;
  /** How many of the processes were found as they were dumped: under the same PID, parent and name. */
  readonly found: number;
  /** The first of the images' processes, each after its parent. */
  readonly tree: readonly RestoredProcess[];
}

/** What was found of a container whose wake-up is said to have gone well. */
export interface RestoreEvidence {
  /** The process tree of the images, the root first. */
  readonly images: readonly ImageProcess[];
  /** Names of processes in the images, by PID, as far as they were read. */
  readonly commands: ReadonlyMap<number, string>;
  /** Where the images put the root's program; undefined when they do not tell. */
  readonly addresses: ProgramAddresses | undefined;
  /** The container's processes, the first one first; none when it has ended since. */
  readonly running: readonly RunningProcess[];
  readonly stats: RestoreStats | undefined;
  /** From when the restore could begin until it was over, ms since the epoch. */
  readonly armedMs: number;
  readonly resumedMs: number;
}

/** The clock may be set a little meanwhile. */
const BEFORE_MS = 2_000;
/** Start times are told in hundredths of a second, and are seen through two clocks. */
const AFTER_MS = 100;

/**
 * Whether the container's first process is the one that was dumped. What a fresh start cannot have: the kernel remembers
 * of every process whether it has executed a program since it was forked, which a fresh one always has and one that CRIU
 * made never; and its program lies where it lay when it was dumped, which is random for each execution. Of a container
 * that has ended since, whose first process has executed another program since, or that was started again by somebody,
 * there is CRIU's own word: it writes statistics of a restore that went well, and those of earlier ones were removed. The other processes may end, fork and execute as they like:
 * how many are there as they were dumped is told, and proves nothing.
 *
 * @throws ReasonedError RestoreNotProven
 */
export function requireRestored(evidence: RestoreEvidence): RestoreProof {
  const { images, running, stats, armedMs, resumedMs } = evidence;
  const [root] = images;
  const [first] = running;
  if (root === undefined) throw notProven('the images hold no process');
  if (first === undefined || first.startedMs > resumedMs + AFTER_MS) {
    if (stats === undefined) throw notProven('it has ended, and CRIU has left no statistics of a restore');
    return { stats, ...compare(evidence, []) };
  }
  if (first.pid !== root.pid) throw notProven(`its first process has PID ${first.pid}, that of the images ${root.pid}`);
  if (first.startedMs < armedMs - BEFORE_MS) throw notProven('its first process is older than the restore');
  const doubt = doubtAbout(first, evidence);
  // A process may execute a program right after it was woken up: CRIU's own word stands against what that looks like.
  if (doubt !== undefined && stats === undefined) throw notProven(doubt);
  return { stats, ...compare(evidence, running) };
}

/** What speaks for a fresh start; undefined when the first process is for certain the one that was dumped. */
function doubtAbout(first: RunningProcess, { addresses }: RestoreEvidence): string | undefined {
  if (first.executed) return 'its first process was started by executing a program, not made by CRIU';
  if (addresses === undefined || first.addresses === undefined) return 'CRIU has left no statistics of a restore';
  const isSame = addresses.code === first.addresses.code && addresses.stack === first.addresses.stack;
  return isSame ? undefined : 'the memory of its first process is not that of the images';
}

function compare(
  { images, commands, resumedMs }: RestoreEvidence,
  running: readonly RunningProcess[],
): Omit<RestoreProof, 'stats'> {
  const now = new Map(running.map((process) => [process.pid, process]));
  const startedMs = new Map<number, number>();
  for (const { pid, ppid } of images) {
    const found = now.get(pid);
    if (found === undefined || found.executed || found.startedMs > resumedMs + AFTER_MS) continue;
    // Whoever has lost its parent since has got another one.
    const sameParent = ppid === 0 || found.ppid === ppid || !now.has(ppid);
    if (sameParent && (commands.get(pid) ?? found.command) === found.command) startedMs.set(pid, found.startedMs);
  }
  return {
    processes: images.length,
    threads: images.reduce((sum, { threads }) => sum + threads, 0),
    found: startedMs.size,
    tree: images.slice(0, MAX_LISTED).map((process) => ({
      ...process,
      command: commands.get(process.pid),
      startedMs: startedMs.get(process.pid),
    })),
  };
}

function notProven(why: string): ReasonedError {
  return new ReasonedError(
    'RestoreNotProven',
    `the container was not woken up but begun anew, as far as can be told: ${why}; is the runtime "transship" the wrapper of this release?`,
  );
}
