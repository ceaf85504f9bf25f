import { readdirSync, readFileSync } from 'node:fs';
import { basename, relative, sep } from 'node:path';
import type { Clock } from '../../runtime/clock';
import { killTreeAndWait } from '../../runtime/process-tree';
import { parseMigrationName, parseNamespace } from '../../store/layout';
import type { DirectoryOwner, WorkingProcess } from './finds';

/** One that waits for a file server that hangs outlives its SIGKILL. */
const KILL_GRACE_MS = 2_000;

const PROGRAMS: readonly string[] = ['runc', 'tar'];

/**
 * Every process that dumps to, packs into or unpacks from a checkpoint on the volume, by its command line. Not the
 * wrapper that restores, which Docker has started.
 *
 * @param root where the volume is mounted
 */
export function findWorkingProcesses(root: string, proc = '/proc'): WorkingProcess[] {
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => parseCommandLine(Number(name), commandLine(proc, name), root) ?? []);
}

/** Pure part of findWorkingProcesses; undefined for a process that is none of them. */
export function parseCommandLine(pid: number, words: readonly string[], root: string): WorkingProcess | undefined {
  const program = PROGRAMS.find((name) => words.slice(0, 3).some((word) => basename(word) === name));
  if (program === undefined || (program === 'runc' && !words.includes('checkpoint'))) return undefined;
  for (const word of words) {
    const directory = ownerOf(word.slice(word.indexOf('=') + 1), root);
    if (directory !== undefined) return { kind: 'process', pid, program, directory };
  }
  return undefined;
}

/** Kills it with all that it has started, unless its pid belongs to another one by now. */
export async function endProcess(find: WorkingProcess, root: string, clock: Clock, proc = '/proc'): Promise<void> {
  const now = parseCommandLine(find.pid, commandLine(proc, String(find.pid)), root);
  if (JSON.stringify(now) !== JSON.stringify(find)) return;
  await killTreeAndWait(clock, find.pid, KILL_GRACE_MS);
}

function ownerOf(path: string, root: string): DirectoryOwner | undefined {
  if (!path.startsWith(`${root}/`)) return undefined;
  const [first = '', second = ''] = relative(root, path).split(sep);
  const namespace = parseNamespace(first);
  const migration = parseMigrationName(second);
  return namespace === undefined || migration === undefined ? undefined : { namespace, ...migration };
}

/** Empty when the process is gone, which it may be at any moment. */
function commandLine(proc: string, pid: string): readonly string[] {
  try {
    return readFileSync(`${proc}/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
