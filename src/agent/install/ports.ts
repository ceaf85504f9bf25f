/** A file of the node, as it is just now. */
export interface NodeFile {
  readonly kind: 'missing' | 'regular' | 'other';
  /** Where the path leads when symlinks are followed; the path itself when there are none. */
  readonly realPath: string;
  /** How many names the file has. */
  readonly links: number;
  /** Its content; undefined when it is no regular file. */
  readonly text: string | undefined;
}

/** Files of the node outside of Docker's directories. Every method answers in time or rejects with `NodeFileFailed`. */
export interface NodeFiles {
  /** A small file of text, at most 1 MiB. */
  look(path: string): Promise<NodeFile>;
  /**
   * Writes a file beside another one, with the owner, mode and attributes of that one, or root's and 0644 when there is
   * none. Returns its path; it is on the disk then.
   */
  writeBeside(path: string, text: string): Promise<string>;
  /** Writes an executable of root's beside the path, making the directory. Returns the path of what was written. */
  writeExecutable(path: string, text: string): Promise<string>;
  /** Renames over whatever is there, for good. */
  rename(from: string, to: string): Promise<void>;
  /** Copies a file with all its attributes. */
  copy(from: string, to: string): Promise<void>;
  /** Removes a file; one that is gone is well. */
  remove(path: string): Promise<void>;
}

/** The daemon that answers on the agent's Docker socket. */
export interface DockerDaemon {
  readonly pid: number;
  /** The words it was started with, the first one left out. */
  readonly args: readonly string[];
  /** The configuration file that it reads, on the node. */
  readonly configPath: string;
}

/** Docker's daemon as a process of the node. */
export interface DockerDaemons {
  /** @throws ReasonedError DockerdNotFound */
  find(): Promise<DockerDaemon>;
  /**
   * Has the daemon's own program judge a configuration file together with the daemon's own flags.
   * @throws ReasonedError DaemonConfigRefused, with its words
   */
  validate(daemon: DockerDaemon, configPath: string): Promise<void>;
  /**
   * Has it read its configuration again, without a restart. Returns when the signal is sent.
   * @throws ReasonedError DockerdNotFound when it is not there any more
   */
  reload(daemon: DockerDaemon): Promise<void>;
}
