import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Whether the kernel says that the container's cgroup is frozen, from a file or two, where starting `runc state` takes
 * tens of milliseconds of downtime. False also when that cannot be told here, as in a pod that sees its own cgroups only:
 * then runc is to be asked.
 * @param roots of /proc and of the mounted cgroups; only a test has others
 */
export async function isKnownFrozen(
  { id, pid }: { readonly id: string; readonly pid: number },
  roots = { proc: '/proc', cgroups: '/sys/fs/cgroup' },
): Promise<boolean> {
  try {
    const lines = (await readFile(join(roots.proc, String(pid), 'cgroup'), 'utf8')).split('\n');
    const pathOf = (controllers: string): string | undefined => {
      const [, , path] = lines.map((line) => line.split(':')).find(([, names]) => names === controllers) ?? [];
      // A process that has died is in another one, and so may be whatever has its pid by now.
      return path?.split('/').some((name) => name.includes(id)) === true && !path.includes('..') ? path : undefined;
    };
    const first = pathOf('freezer');
    if (first !== undefined) {
      const state = await readFile(join(roots.cgroups, 'freezer', first, 'freezer.state'), 'utf8');
      return state.trim() === 'FROZEN';
    }
    const second = pathOf('');
    if (second === undefined) return false;
    const events = await readFile(join(roots.cgroups, second, 'cgroup.events'), 'utf8');
    return events.split('\n').includes('frozen 1');
  } catch {
    return false;
  }
}
