import { lstat, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAddresses, parseCommand, parseProcessTree } from '../../criu/process-tree';
import { parseRestoreStats } from '../../criu/stats';
import type { Clock } from '../../runtime/clock';
import { ReasonedError, reasonOf } from '../../runtime/errors';
import { readAtMost, withRegularFile } from '../../store/regular-file';
import type { DriverContainer } from '../driver';
import type { RestoreProof } from '../restore-proof';
import { MAX_LISTED, requireRestored } from '../restore-proof';
import type { RunningProcess } from '../running-processes';
import { runningProcesses } from '../running-processes';
import { hasCode } from '../system-error';
import { readWakeState } from './marker';
import { markerPaths } from './paths';

/** An entry is some 20 bytes, and 4 or less for each thread. */
const MAX_TREE_BYTES = 1024 * 1024;
/** Registers, limits, timers and the signals that wait. */
const MAX_CORE_BYTES = 256 * 1024;
/** The memory areas, which come last, are not looked at. */
const MAX_MM_BYTES = 4096;
const MAX_STATS_BYTES = 4096;

/**
 * Looks whether a container that has resumed is the one that was dumped. What was proved once is noted beside the marker:
 * asked again, nothing is looked at any more.
 * @throws ReasonedError RestoreNotProven, NotARestore
 */
export async function proveRestore(
  container: Pick<DriverContainer, 'id' | 'pid'>,
  { runDir, clock }: { readonly runDir: string; readonly clock: Clock },
  proc = '/proc',
): Promise<RestoreProof> {
  const marker = markerPaths(runDir, container.id);
  const note = join(marker.directory, 'proof');
  const noted = await readNote(note);
  if (noted !== undefined) return noted;
  if ((await readWakeState(runDir, container.id)) !== 'resumed') {
    throw new ReasonedError('NotARestore', `container ${container.id} runs, and nothing says that it was woken up`);
  }
  const [armed, resumed] = await Promise.all([lstat(marker.images), lstat(join(marker.directory, 'resumed'))]);
  // First of all, before they change.
  const running = await processesOf(container.pid, clock, proc);
  const image = (name: string, maxBytes: number): Promise<Uint8Array> => read(join(marker.images, name), maxBytes);
  const images = parseProcessTree(await image('pstree.img', MAX_TREE_BYTES));
  const [root] = images ?? [];
  if (images === undefined || root === undefined) {
    throw new ReasonedError('RestoreNotProven', 'the process tree in the images of the checkpoint cannot be read');
  }
  const [stats, mm, ...commands] = await Promise.all([
    read(join(marker.work, 'stats-restore'), MAX_STATS_BYTES),
    image(`mm-${root.pid}.img`, MAX_MM_BYTES),
    ...images.slice(0, MAX_LISTED).map(async ({ pid }) => {
      const command = parseCommand(await image(`core-${pid}.img`, MAX_CORE_BYTES));
      return command === undefined ? [] : [[pid, command] as const];
    }),
  ]);
  const proof = requireRestored({
    images,
    commands: new Map(commands.flat()),
    addresses: parseAddresses(mm),
    running,
    stats: parseRestoreStats(stats),
    armedMs: armed.mtimeMs,
    resumedMs: resumed.mtimeMs,
  });
  await writeFile(`${note}.new`, JSON.stringify(proof), { mode: 0o600 });
  await rename(`${note}.new`, note);
  return proof;
}

/** None when the container has ended. */
async function processesOf(pid: number, clock: Clock, proc: string): Promise<readonly RunningProcess[]> {
  if (pid === 0) return [];
  try {
    return await runningProcesses(pid, () => clock.now(), proc);
  } catch (error) {
    if (reasonOf(error, '') === 'ContainerProcessesUnknown') return [];
    throw error;
  }
}

/** From the volume: what is no file is not read, nor waited for. Empty when there is none. */
async function read(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await withRegularFile(path, (file) => readAtMost(file, maxBytes));
  } catch (error) {
    if (hasCode(error, 'ENOENT') || reasonOf(error, '') === 'NotARegularFile') return new Uint8Array();
    throw error;
  }
}

/** Ours, on a tmpfs, and there as a whole or not at all. */
async function readNote(path: string): Promise<RestoreProof | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RestoreProof;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
