import { readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { ReasonedError } from '../../runtime/errors';
import { markerPaths } from '../runc/paths';
import { hasCode } from '../system-error';
import type { DockerDriverOptions } from './options';

const TIMEOUT_MS = 10_000;
/** What CRIU calls its view of the cgroups, which it mounts in its work directory (cgroup.c, prepare_cgroup_sfd). */
const YARD = /^\.criu\.cgyard\.[A-Za-z0-9]+$/;

/**
 * Unmounts what a CRIU that was killed in a restore has left in its work directory: its view of the cgroups of the whole
 * node, below which nobody may remove anything. What is mounted is the kernel's word, not that of the volume, which is
 * not looked at unless there is such a mount. Idempotent.
 * @throws ReasonedError RestoreMountsLeft
 */
export async function unmountYards(
  containerID: string,
  { run, runDir }: Pick<DockerDriverOptions, 'run' | 'runDir'>,
): Promise<void> {
  const must = async (file: string, ...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await run.run(file, args, { timeoutMs: TIMEOUT_MS });
    if (exitCode !== 0) throw new ReasonedError('RestoreMountsLeft', `${file} failed: ${stderr.trim()}`);
    return stdout;
  };
  const work = await linkedFrom(markerPaths(runDir, containerID).work);
  if (work === undefined) return;
  const yards = mountPoints(await must('cat', '/proc/self/mountinfo')).filter((path) =>
    YARD.test(posix.basename(path)),
  );
  if (yards.length === 0) return;
  const directory = (await must('readlink', '--canonicalize-missing', '--', work)).replace(/\n$/, '');
  for (const yard of yards.filter((path) => posix.dirname(path) === directory)) {
    // Its own mounts go with it.
    await must('umount', '--lazy', '--', yard);
    await must('rmdir', '--', yard);
  }
}

async function linkedFrom(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The fifth field of mountinfo (proc_pid_mountinfo(5)), in which blanks and backslashes stand as octal numbers. */
function mountPoints(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) => path.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8))));
}
