import { access, readFile, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parseUntrustedJson } from '../../runtime/untrusted-json';

/**
 * The state directory of runc that has this running container, as containerd's shim was told by Docker: its first
 * process's parent is the shim, whose working directory is the container's bundle, with `options.json` in it (seen
 * with containerd 2.1). Undefined where that is not so.
 */
export async function runcRootOfShim(
  container: { readonly id: string; readonly pid: number },
  proc = '/proc',
): Promise<string | undefined> {
  try {
    const stat = await readFile(join(proc, String(container.pid), 'stat'), 'utf8');
    // The second field behind the command's closing parenthesis.
    const [, shim = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const working = join(proc, shim, 'cwd');
    const bundle = await readlink(working);
    if (posix.basename(bundle) !== container.id) return undefined;
    const options = parseUntrustedJson(await readFile(join(working, 'options.json'), 'utf8'));
    const root = typeof options === 'object' && options !== null && 'root' in options ? options.root : undefined;
    if (typeof root !== 'string' || !posix.isAbsolute(root) || posix.normalize(root) !== root) return undefined;
    // containerd's namespace, `moby`, is the directory that the bundle lies in.
    const state = posix.join(root, posix.basename(posix.dirname(bundle)));
    // Another program (crun, runsc) keeps no such file. Seen as the agent does, or else as the shim does.
    const file = join(state, container.id, 'state.json');
    await access(file).catch(() => access(join(proc, shim, 'root', file)));
    return state;
  } catch {
    return undefined;
  }
}
