/** A file that a container has open and that has no name any more. */
export interface DeletedFile {
  /** As the container opened it. */
  readonly path: string;
  /** What it takes on the disk, which is what CRIU counts. */
  readonly sizeBytes: number;
}

/** A name of a file that a container has open, which was deleted and is not the file's last. */
export interface DeletedName {
  readonly path: string;
  /** Whether the file system is carried along, the writable layer or one in memory; not so a mounted directory. */
  readonly isCarried: boolean;
}

/** What a container's processes hold that CRIU carries over only when it is told to. */
export interface DumpFacts {
  /** Open or mapped files without a name: CRIU puts their contents into its images. Each file once. */
  readonly deletedFiles: readonly DeletedFile[];
  /** Open or mapped files that were deleted while the file has another name, maybe in the image. */
  readonly deletedNames: readonly DeletedName[];
  /** Paths of files on which a lock is held. */
  readonly lockedFiles: readonly string[];
  /** Number of files that are open for writing: locks are taken on these, at any moment. */
  readonly writableFiles: number;
  /** Inodes that are watched with inotify on a file system whose file handles CRIU cannot open. */
  readonly watches: readonly InotifyWatch[];
}

export interface InotifyWatch {
  readonly inode: number;
  /** Its path in the container; undefined when it was not found. */
  readonly path: string | undefined;
}
