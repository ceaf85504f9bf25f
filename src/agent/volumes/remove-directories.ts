import type { AgentDeps } from '../ports';
import { unsafeBecause, usersOfDirectory } from './directory-rules';
import type { NotedDirectory } from './host-directories-port';

type Deps = Pick<AgentDeps, 'directoryNotes' | 'dockerVolumes' | 'hostDirectories' | 'mountFiles'>;

/**
 * Takes away what a migration has put into host directories of this node, and those that it has made: as they were, the
 * empty ones are empty and belong to whom they belonged to. No container of the migration is left. What somebody else's
 * container has mounted by now stays, and so does whatever is not ours in a directory that we made. Can be repeated.
 * @param which leaves the others as they are, for good
 * @throws ReasonedError VolumeNotEmptied, HostDirectoryFailed
 */
export async function removeDirectories(
  migrationUID: string,
  deps: Deps,
  which: (directory: NotedDirectory) => boolean = () => true,
): Promise<void> {
  const { directoryNotes } = deps;
  let left = await directoryNotes.read(migrationUID);
  // Backwards: what was made for the first may hold the second.
  for (let own = left.at(-1); own !== undefined; own = left.at(-1)) {
    left = left.slice(0, -1);
    if (which(own)) await remove(own, (emptied) => directoryNotes.write(migrationUID, [...left, emptied]), deps);
    await directoryNotes.write(migrationUID, left);
  }
  await directoryNotes.forget(migrationUID);
}

async function remove(
  own: NotedDirectory,
  note: (emptied: NotedDirectory) => Promise<void>,
  { dockerVolumes, hostDirectories, mountFiles }: Deps,
): Promise<void> {
  const { path, makes, found, files } = own;
  const parts = await hostDirectories.look(path);
  // Somebody has put something else in its place.
  if (unsafeBecause(path, parts) !== undefined) return;
  if (usersOfDirectory(path, await dockerVolumes.mountUsers()).length > 0) return;
  const isThere = (wanted: string): boolean => parts.some((part) => part.path === wanted && part.kind === 'directory');
  if (files !== 'none' && isThere(path)) {
    await mountFiles.empty(path);
    // But for extended attributes that the source's directory had: not every node has a program that takes them away.
    if (found !== undefined) await hostDirectories.give(path, found);
    // From here on it is nobody's business what is put there: a second try must not take that for ours.
    await note({ ...own, files: 'none' });
  }
  for (const made of makes.toReversed()) if (isThere(made)) await hostDirectories.removeEmpty(made);
}
