import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeletedFile, DumpFacts } from '../criu/dump-facts';
import { optional } from './processes';

const DELETED = ' (deleted)';
/** Shown as deleted files although they are memory, which CRIU carries by other means. */
const MEMORY = /^\/(memfd:|SYSV|dev\/zero|\[aio\]|anon_hugepage)/;
/** O_WRONLY and O_RDWR, in the octal of fdinfo (proc_pid_fdinfo(5)). */
const WRITE_FLAGS = 0o3;

/** Finds the paths of inodes on the file system that is a container's root. */
export type FindPaths = (root: string, inodes: readonly number[]) => Promise<ReadonlyMap<number, string>>;

interface Descriptor {
  readonly path: string;
  readonly link: string;
  readonly info: string;
}

interface Deleted extends DeletedFile {
  readonly key: string;
  readonly names: number;
  /** The file system, as the kernel's calls number it. */
  readonly device: number;
}

/** A file that was deleted, and where it can still be had. */
interface DeletedHandle {
  /** As the container opened it. */
  readonly name: string;
  /** Below /proc. */
  readonly path: string;
}

/**
 * Looks at what the processes of a container have open. Nothing is opened, and of files with a name nothing is asked
 * that a file server would have to answer. A file or process that vanishes meanwhile is left out.
 *
 * @param pid the first process: its root is the container's
 * @param pids all of them
 */
export async function findDumpFacts(
  pid: number,
  pids: readonly number[],
  findPaths: FindPaths,
  proc = '/proc',
): Promise<DumpFacts> {
  const descriptors = (await Promise.all(pids.map((member) => descriptorsOf(join(proc, String(member)))))).flat();
  const deleted = new Map<string, Deleted>();
  for (const file of await Promise.all((await deletedOf(descriptors, pids, proc)).map(lookAt))) {
    if (file !== undefined) deleted.set(file.key, file);
  }
  const own = join(proc, String(pid));
  const mounts = (await optional(readFile(join(own, 'mountinfo'), 'utf8'))) ?? '';
  const carried = deleted.size === 0 ? new Set<number>() : await carriedDevices(mounts, join(own, 'root'));
  const files = descriptors.filter(({ link }) => isNamedFile(link));
  return {
    deletedFiles: [...deleted.values()]
      .filter(({ names }) => names === 0)
      .map(({ path, sizeBytes }) => ({ path, sizeBytes })),
    deletedNames: [...deleted.values()]
      .filter(({ names }) => names > 0)
      .map(({ path, device }) => ({ path, isCarried: carried.has(device) })),
    lockedFiles: [...new Set(descriptors.filter(({ info }) => /^lock:/m.test(info)).map(({ link }) => nameOf(link)))],
    writableFiles: new Set(files.filter(({ info }) => isWritable(info)).map(({ link }) => link)).size,
    watches: await watchesOf(descriptors, mounts, (inodes) => findPaths(join(own, 'root'), inodes)),
  };
}

/** Every deleted file that these processes have open or mapped. */
export async function findDeleted(pids: readonly number[], proc = '/proc'): Promise<readonly DeletedHandle[]> {
  const descriptors = (await Promise.all(pids.map((member) => descriptorsOf(join(proc, String(member)))))).flat();
  return deletedOf(descriptors, pids, proc);
}

async function deletedOf(
  descriptors: readonly Descriptor[],
  pids: readonly number[],
  proc: string,
): Promise<readonly DeletedHandle[]> {
  const mapped = (await Promise.all(pids.map((member) => deletedMappings(join(proc, String(member)))))).flat();
  const opened = descriptors.filter(({ link }) => isDeletedFile(link));
  return [...opened, ...mapped].map(({ path, link }) => ({ path, name: nameOf(link) }));
}

async function descriptorsOf(process: string): Promise<Descriptor[]> {
  const names = (await optional(readdir(join(process, 'fd')))) ?? [];
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(process, 'fd', name);
      const [link, info] = await Promise.all([
        optional(readlink(path)),
        optional(readFile(join(process, 'fdinfo', name), 'utf8')),
      ]);
      return link === undefined || info === undefined ? [] : [{ path, link, info }];
    }),
  );
  return found.flat();
}

/** A program that was updated while it runs, mostly: the library is mapped, and its file is another one by now. */
async function deletedMappings(process: string): Promise<{ path: string; link: string }[]> {
  const maps = (await optional(readFile(join(process, 'maps'), 'utf8'))) ?? '';
  return maps.split('\n').flatMap((line) => {
    const match = /^0*([0-9a-f]+)-0*([0-9a-f]+) \S+ \S+ \S+ \d+ +(\/.*)$/.exec(line);
    const [, from = '', to = '', link = ''] = match ?? [];
    return isDeletedFile(link) ? [{ path: join(process, 'map_files', `${from}-${to}`), link }] : [];
  });
}

async function lookAt({ path, name }: DeletedHandle): Promise<Deleted | undefined> {
  const stats = await optional(stat(path));
  if (stats?.isFile() !== true) return undefined;
  const { dev, ino, nlink, blocks } = stats;
  return { key: `${dev}:${ino}`, path: name, sizeBytes: blocks * 512, names: nlink, device: dev };
}

function isDeletedFile(link: string): boolean {
  return link.startsWith('/') && link.endsWith(DELETED) && !MEMORY.test(link);
}

function isNamedFile(link: string): boolean {
  return link.startsWith('/') && !link.endsWith(DELETED) && !MEMORY.test(link) && !link.startsWith('/dev/');
}

function nameOf(link: string): string {
  return link.endsWith(DELETED) ? link.slice(0, -DELETED.length) : link;
}

function isWritable(info: string): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(info)?.[1];
  return flags !== undefined && (parseInt(flags, 8) & WRITE_FLAGS) !== 0;
}

/**
 * CRIU opens a watched file by its handle, which overlayfs does not do; there it must be told a path to look at. The
 * line in fdinfo has the inode and the kernel's number of the file system, in hexadecimal.
 */
async function watchesOf(
  descriptors: readonly Descriptor[],
  mountinfo: string,
  findPaths: (inodes: readonly number[]) => ReturnType<FindPaths>,
): Promise<DumpFacts['watches']> {
  const lines = descriptors
    .filter(({ link }) => /^anon_inode:\[?inotify\]?$/.test(link))
    .flatMap(({ info }) => [...info.matchAll(/^inotify wd:\S+ ino:([0-9a-f]+) sdev:([0-9a-f]+)/gm)]);
  const overlays = devicesOf(mountinfo, 'overlay').map(([major, minor]) => major * 2 ** 20 + minor);
  const onOverlay = lines.filter(([, , device = '']) => overlays.includes(parseInt(device, 16)));
  const inodes = [...new Set(onOverlay.map(([, inode = '']) => parseInt(inode, 16)))];
  if (inodes.length === 0) return [];
  const paths = await findPaths(inodes);
  return inodes.map((inode) => ({ inode, path: paths.get(inode) }));
}

/** The file systems whose files go along: the container's own, and those in memory. */
async function carriedDevices(mountinfo: string, root: string): Promise<ReadonlySet<number>> {
  const own = await optional(stat(`${root}/`));
  // As glibc puts the two numbers together, as far as they go here.
  const inMemory = devicesOf(mountinfo, 'tmpfs').map(
    ([major, minor]) => major * 256 + (minor % 256) + (minor >> 8) * 2 ** 20,
  );
  return new Set([...inMemory, ...(own === undefined ? [] : [own.dev])]);
}

/** Major and minor number of the mounted file systems of this type (proc_pid_mountinfo(5)). */
function devicesOf(mountinfo: string, type: string): [major: number, minor: number][] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, major, minor] = /^\d+ \d+ (\d+):(\d+) /.exec(before) ?? [];
    return after.startsWith(`${type} `) && major !== undefined ? [[Number(major), Number(minor)]] : [];
  });
}
