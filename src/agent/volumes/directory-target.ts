import type { Check, ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';
import { blocking } from '../node-checks';
import type { AgentDeps } from '../ports';
import { overlap, pathsTo, reservedBecause, unsafeBecause, usersOfDirectory } from './directory-rules';
import type { NotedDirectory, PathPart } from './host-directories-port';
import { copiedDirectories } from './plan';

type Deps = Pick<
  AgentDeps,
  'directoryNotes' | 'dockerVolumes' | 'engine' | 'hostDirectories' | 'journal' | 'node' | 'store'
>;

const NOBODY = { uid: 0, gid: 0, mode: '700' };

/** What stands on the target against the host directories that are copied there. Changes nothing. */
export async function directoryChecks(
  migration: ContainerMigration,
  source: SourceStatus | undefined,
  deps: Deps,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { name } of copiedDirectories(source?.volumes)) {
    try {
      await lookAt(name, await notesOf(migration, deps), migration, deps);
    } catch (error) {
      if (!(error instanceof ReasonedError) || !['VolumeTaken', 'VolumeNotCopyable'].includes(error.reason))
        throw error;
      checks.push(blocking(error.reason, error.message));
    }
  }
  return checks;
}

/**
 * Makes those that are not there, empty, before the container is created that mounts them. Can be repeated.
 * @throws ReasonedError VolumeTaken, VolumeNotCopyable, HostDirectoryFailed
 */
export async function provideDirectories(migration: ContainerMigration, deps: Deps): Promise<void> {
  const { uid } = migration.metadata;
  for (const { name: path } of copiedDirectories(migration.status.source?.volumes)) {
    // No two migrations at once find the same place free.
    await deps.journal.exclusively(async () => {
      const noted = await notesOf(migration, deps);
      const parts = await lookAt(path, noted, migration, deps);
      const there = new Set(parts.map((part) => part.path));
      let own = noted.find((directory) => directory.path === path);
      if (own === undefined) {
        const found = parts.find((part) => part.path === path);
        own = {
          ...{ path, makes: pathsTo(path).filter((part) => !there.has(part)), files: 'none' },
          ...(found === undefined ? {} : { found: { uid: found.uid, gid: found.gid, mode: found.mode } }),
        };
        // Before the first of them: by this alone it is known to be ours.
        await deps.directoryNotes.write(uid, [...noted, own]);
      }
      const missing = own.makes.filter((part) => !there.has(part));
      if (missing.length > 0) await deps.hostDirectories.make(missing);
    });
  }
}

/**
 * The directory that the source's files go into now: it is ours, nobody else uses it, and from here on nobody but root
 * can enter it until it belongs to whom it belongs to on the source. Can be repeated until a container has run with it.
 * @throws ReasonedError VolumeTaken, VolumeNotCopyable, HostDirectoryFailed
 */
export async function directoryToFill(
  migration: ContainerMigration,
  { id }: Pick<ContainerInfo, 'id'>,
  path: string,
  deps: Deps,
): Promise<string> {
  const noted = await notesOf(migration, deps);
  const part = (await lookAt(path, noted, migration, deps, id)).find((seen) => seen.path === path);
  if (part === undefined || !noted.some((directory) => directory.path === path)) throw taken(path, deps);
  await noteFiles(migration, noted, 'some', deps, (directory) => directory.path === path);
  await deps.hostDirectories.give(path, NOBODY);
  return path;
}

/** All of them hold the source's files: from now on a container may run with them. */
export async function noteFilled(migration: ContainerMigration, deps: Deps): Promise<void> {
  if (copiedDirectories(migration.status.source?.volumes).length === 0) return;
  await noteFiles(migration, await notesOf(migration, deps), 'all', deps);
}

/** The container runs here for good: what was made for it is its owner's. */
export async function keepDirectories(
  { metadata: { uid }, status: { source } }: ContainerMigration,
  { directoryNotes }: Pick<AgentDeps, 'directoryNotes'>,
): Promise<void> {
  if (copiedDirectories(source?.volumes).length > 0) await directoryNotes.forget(uid);
}

const notesOf = (
  { metadata: { uid } }: ContainerMigration,
  { directoryNotes }: Deps,
): Promise<readonly NotedDirectory[]> => directoryNotes.read(uid);

async function noteFiles(
  { metadata: { uid } }: ContainerMigration,
  noted: readonly NotedDirectory[],
  files: NotedDirectory['files'],
  { directoryNotes }: Deps,
  which: (directory: NotedDirectory) => boolean = () => true,
): Promise<void> {
  await directoryNotes.write(
    uid,
    noted.map((directory) => (which(directory) ? { ...directory, files } : directory)),
  );
}

/**
 * What there is of a path at which this migration may put the source's files.
 * @param containerID the migration's own container
 * @throws ReasonedError VolumeTaken, VolumeNotCopyable
 */
async function lookAt(
  path: string,
  noted: readonly NotedDirectory[],
  migration: ContainerMigration,
  deps: Deps,
  containerID?: string,
): Promise<readonly PathPart[]> {
  const own = noted.find((directory) => directory.path === path);
  if (own === undefined) await requireOffered(path, migration, deps);
  const parts = await deps.hostDirectories.look(path);
  const unsafe = unsafeBecause(path, parts);
  if (unsafe !== undefined) throw notCopyable(path, unsafe, deps);
  const found = parts.find((part) => part.path === path);
  // Until the first of the source's files is put there, nothing in it is ours.
  const hasOurs = own !== undefined && own.files !== 'none';
  const isFree = found === undefined || (found.kind === 'directory' && (found.isEmpty || hasOurs));
  const users = usersOfDirectory(path, await deps.dockerVolumes.mountUsers());
  if (!isFree || users.some(({ id }) => id !== containerID)) throw taken(path, deps);
  return parts;
}

/** Whether the path is one that may be copied at all, and no other migration copies to it. */
async function requireOffered(
  path: string,
  { metadata: { uid }, spec, status: { source } }: ContainerMigration,
  deps: Deps,
): Promise<void> {
  const { directoryNotes, engine, store } = deps;
  const reserved = reservedBecause(path, { volume: store.root, docker: (await engine.info()).rootDir });
  if (reserved !== undefined) throw notCopyable(path, reserved, deps);
  // It is the other node's agent that names the path: without somebody's leave it names none.
  const asked = spec.volumeOverrides.filter(({ name, policy }) => policy === 'Copy' && name.startsWith('/'));
  if (copiedDirectories(source?.volumes).length > asked.length)
    throw notCopyable(path, 'spec.volumeOverrides does not ask for it', deps);
  for (const other of await directoryNotes.list()) {
    if (other === uid) continue;
    if ((await directoryNotes.read(other)).some((directory) => overlap(directory.path, path))) throw taken(path, deps);
  }
}

function taken(path: string, { node }: Deps): ReasonedError {
  return new ReasonedError(
    'VolumeTaken',
    `${path} on ${node.name} is not empty, is no directory, or is used by another container or migration; nothing there ` +
      'is overwritten: take away what is there when nobody needs it, or set RequireShared or Skip for it in spec.volumeOverrides',
  );
}

function notCopyable(path: string, because: string, { node }: Deps): ReasonedError {
  return new ReasonedError(
    'VolumeNotCopyable',
    `no files can be copied to ${path} on ${node.name}: ${because}; set RequireShared or Skip for it in spec.volumeOverrides`,
  );
}
