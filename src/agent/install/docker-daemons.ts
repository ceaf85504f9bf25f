import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ReasonedError } from '../../runtime/errors';
import type { CommandRunner } from '../../runtime/exec';
import type { DockerDaemon, DockerDaemons } from './ports';

const TIMEOUT_MS = 15_000;
const PROGRAM = 'dockerd';
const DEFAULT_CONFIG = '/etc/docker/daemon.json';
const LISTENING = 0x10000; // __SO_ACCEPTCON, in the column Flags of /proc/net/unix

/**
 * Finds the daemon by the socket that the agent calls it on: by the process that listens there, never by a name or a pid
 * file alone. A node may run more than one (Docker in Docker, rootless).
 * @param options.socketPath the socket as the agent sees it, which may be by another path than the daemon
 * @param options.commands runs programs of the node
 */
export function createDockerDaemons(options: {
  readonly socketPath: string;
  readonly commands: CommandRunner;
  readonly proc?: string;
}): DockerDaemons {
  const { socketPath, commands, proc = '/proc' } = options;

  /** Device and inode of a file by the node's own name for it. */
  const identityOnNode = async (path: string): Promise<string> => {
    const { stdout } = await commands.run('stat', ['--dereference', '--format=%d:%i', '--', path], {
      timeoutMs: TIMEOUT_MS,
    });
    return stdout.trim();
  };

  const listensOn = async (pid: string, identity: string): Promise<boolean> => {
    for (const path of await socketsOf(join(proc, pid))) if ((await identityOnNode(path)) === identity) return true;
    return false;
  };

  const find = async (): Promise<DockerDaemon> => {
    const { dev, ino } = await stat(socketPath);
    const found: DockerDaemon[] = [];
    for (const pid of (await readdir(proc)).filter((name) => /^\d+$/.test(name))) {
      // A process that ends meanwhile is not the one.
      if ((await readFile(join(proc, pid, 'comm'), 'utf8').catch(() => '')).trim() !== PROGRAM) continue;
      if (!(await listensOn(pid, `${dev}:${ino}`))) continue;
      const [, ...args] = (await readFile(join(proc, pid, 'cmdline'), 'utf8')).split('\0').slice(0, -1);
      found.push({ pid: Number(pid), args, configPath: configPathOf(args) });
    }
    const [daemon, ...others] = found;
    if (daemon !== undefined && others.length === 0) return daemon;
    throw notFound(
      daemon === undefined
        ? `no process ${PROGRAM} listens on ${socketPath}: is it another engine, or can the agent not see the node's processes?`
        : `${found.length} processes ${PROGRAM} listen on ${socketPath}`,
    );
  };

  return {
    find,
    validate: async ({ pid, args }, configPath) => {
      const words = ['--validate', `--config-file=${configPath}`, ...withoutConfigFile(args)];
      // The program that runs, whatever lies in the PATH by its name.
      const { exitCode, stderr } = await commands.run(`/proc/${pid}/exe`, words, { timeoutMs: TIMEOUT_MS });
      // Docker before 23 cannot validate, and says so.
      if (exitCode === 0 || stderr.includes('unknown flag: --validate')) return;
      throw new ReasonedError(
        'DaemonConfigRefused',
        `${PROGRAM} --validate refuses the configuration: ${stderr.trim().slice(-500)}`,
      );
    },
    reload: async ({ pid }) => {
      if ((await find()).pid !== pid) throw notFound(`process ${pid} is not the daemon any more`);
      process.kill(pid, 'SIGHUP');
    },
  };
}

/** The Unix sockets that a process listens on, by the names that it gave them. */
async function socketsOf(directory: string): Promise<readonly string[]> {
  try {
    const descriptors = await readdir(join(directory, 'fd'));
    const held = new Set(
      await Promise.all(descriptors.map((fd) => readlink(join(directory, 'fd', fd)).catch(() => ''))),
    );
    return listeningSockets(await readFile(join(directory, 'net/unix'), 'utf8'))
      .filter(({ inode }) => held.has(`socket:[${inode}]`))
      .map(({ path }) => path);
  } catch {
    return [];
  }
}

/** The rows of /proc/net/unix that listen and have a path. */
export function listeningSockets(table: string): readonly { readonly inode: string; readonly path: string }[] {
  return table.split('\n').flatMap((row) => {
    const [, flags = '', inode = '', path = ''] = /^\w+: \w+ \w+ (\w{8}) \w{4} \w{2} +(\d+) (\/.*)$/.exec(row) ?? [];
    return (Number.parseInt(flags, 16) & LISTENING) !== 0 ? [{ inode, path }] : [];
  });
}

/** @throws ReasonedError DockerdNotFound for a path that only the daemon can resolve */
export function configPathOf(args: readonly string[]): string {
  let path = DEFAULT_CONFIG;
  args.forEach((word, index) => {
    if (word === CONFIG_FLAG) path = args[index + 1] ?? '';
    if (word.startsWith(`${CONFIG_FLAG}=`)) path = word.slice(CONFIG_FLAG.length + 1);
  });
  if (posix.isAbsolute(path) && posix.normalize(path) === path) return path;
  throw notFound(`it was started with ${CONFIG_FLAG} ${JSON.stringify(path)}, which is no plain absolute path`);
}

const CONFIG_FLAG = '--config-file';

/** The daemon's flags without the one that names its configuration. */
export function withoutConfigFile(args: readonly string[]): string[] {
  return args.filter(
    (word, index) => word !== CONFIG_FLAG && !word.startsWith(`${CONFIG_FLAG}=`) && args[index - 1] !== CONFIG_FLAG,
  );
}

function notFound(message: string): ReasonedError {
  return new ReasonedError('DockerdNotFound', `the Docker daemon of this node cannot be told to reload: ${message}`);
}
