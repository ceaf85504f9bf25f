/** Whose a directory is. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  /** The permission bits, octal as `chmod` takes them: `1777`. */
  readonly mode: string;
}

/** A component of a path as it is on the node; a symlink is not followed. */
export interface PathPart extends Ownership {
  readonly path: string;
  readonly kind: 'directory' | 'symlink' | 'other';
  /** Of a directory: whether nothing is in it. */
  readonly isEmpty: boolean;
}

/** Directories of the node outside of Docker's own. Every method answers in time or rejects with `HostDirectoryFailed`. */
export interface HostDirectories {
  /** Those components of an absolute path that exist, `/` first. */
  look(path: string): Promise<readonly PathPart[]>;
  /**
   * Whether what a container has mounted is what lies at a path of the node now; undefined when that cannot be told,
   * because a symlink in the container leads to where it is mounted.
   * @param pid its first process
   */
  isMounted(
    path: string,
    container: { readonly pid: number; readonly destination: string },
  ): Promise<boolean | undefined>;
  /** Where something is mounted on the node. */
  mountPoints(): Promise<readonly string[]>;
  /**
   * Makes directories of root's, each in the one before. The last one only root may enter, the others everybody. Fails
   * where anything is there by that name.
   */
  make(paths: readonly string[]): Promise<void>;
  /** Gives a directory to somebody. */
  give(path: string, owner: Ownership): Promise<void>;
  /** Removes a directory unless something is in it; one that is gone is well. */
  removeEmpty(path: string): Promise<void>;
}

/** A host directory that a migration copies onto this node. */
export interface NotedDirectory {
  readonly path: string;
  /** The directories that were not there and that the migration makes, outermost first. */
  readonly makes: readonly string[];
  /** The owner of the empty directory that was there; undefined when there was none. */
  readonly found?: Ownership | undefined;
  /** Whether the source's files are in it. With all of them a container may run there. */
  readonly files: 'none' | 'some' | 'all';
}

/**
 * What each migration does to host directories of this node, noted before it is done: by it alone a directory is known to
 * be ours. Lies on the node's disk, for so do the directories. Rejects with `HostDirectoryFailed`.
 */
export interface DirectoryNotes {
  /** None when nothing is noted. */
  read(migrationUID: string): Promise<readonly NotedDirectory[]>;
  /** In place of what was noted before; it outlasts a loss of power. */
  write(migrationUID: string, directories: readonly NotedDirectory[]): Promise<void>;
  forget(migrationUID: string): Promise<void>;
  /** The migrations that have noted something. */
  list(): Promise<readonly string[]>;
}
