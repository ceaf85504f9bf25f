import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLogEnd } from '../../criu/log-file';
import type { Clock } from '../../runtime/clock';
import { withDeadline } from '../../runtime/deadline';
import { killTreeAndWait } from '../../runtime/process-tree';
import type { LazyMemory } from '../driver';
import { hasCode } from '../system-error';
import { markerPaths } from './paths';

/** What the driver's options have of use here. */
export interface PageServerOptions {
  readonly runDir: string;
  readonly clock: Clock;
}

/** One that waits for a file server that hangs outlives its SIGKILL. */
const KILL_GRACE_MS = 2_000;
/** How long the volume is asked for CRIU's log: a hung one must not hide that the memory is lost. */
const READ_MS = 2_000;
/** The log may quote what it likes. */
const MAX_SHOWN = 300;

/**
 * Where the memory of a container is that runs before all of it was there: what `transship-pages` has noted in the marker,
 * and whether it lives.
 */
export async function readLazyMemory(
  containerID: string,
  options: PageServerOptions,
  proc = '/proc',
): Promise<LazyMemory> {
  const marker = markerPaths(options.runDir, containerID);
  // Whether it lives is looked at in between: it may end, and note that, at any moment.
  const [before, server] = [await read(marker.pageServerEnded), await read(marker.pageServer)];
  const lives = server !== undefined && (await isAlive(server, proc));
  const ended = before ?? (await read(marker.pageServerEnded));
  if (ended === '0') return { state: 'complete' };
  if (ended === undefined && lives) return { state: 'arriving' };
  const why =
    ended !== undefined
      ? `it ended with exit code ${ended.slice(0, 10)}`
      : server !== undefined
        ? 'it was killed'
        : 'nothing is left of it; was the node restarted?';
  const said = await lastError(join(marker.work, 'lazy-pages.log'), options.clock);
  return { state: 'lost', why: said === undefined ? why : `${why}: ${said}` };
}

/** Kills the page server of a restore that was given up, if there is one. Not that of a container which runs. */
export async function endPageServer(
  containerID: string,
  { runDir, clock }: PageServerOptions,
  proc = '/proc',
): Promise<void> {
  const server = await read(markerPaths(runDir, containerID).pageServer);
  if (server === undefined || !(await isAlive(server, proc))) return;
  await killTreeAndWait(clock, Number(server.split(' ')[0]), KILL_GRACE_MS);
}

/** @param server pid and start time: a pid is given again after its process ended */
async function isAlive(server: string, proc: string): Promise<boolean> {
  const [pid = '', startTime = ''] = server.split(' ');
  if (!/^[1-9]\d{0,9}$/.test(pid) || !/^\d+$/.test(startTime)) return false;
  const stat = (await read(join(proc, pid, 'stat'))) ?? '';
  // After the name, which may hold anything (proc_pid_stat(5)): the state is the first field, the start time the 20th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] === startTime && fields[0] !== 'Z' && fields[0] !== 'X';
}

async function lastError(path: string, clock: Clock): Promise<string | undefined> {
  const text = await withDeadline({ clock, ms: READ_MS, what: 'the shared volume' }, () => readLogEnd(path)).catch(
    () => '',
  );
  return text
    .split('\n')
    .findLast((line) => line.includes('Error'))
    ?.trim()
    .slice(-MAX_SHOWN);
}

/** Undefined when there is none. */
async function read(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}
