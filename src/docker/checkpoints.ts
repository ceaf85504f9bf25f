/**
 * Docker's own checkpoint and restore, behind its experimental flag. Errors are those of `ContainerEngine`: a call that
 * is given up here (`EngineTimedOut`) goes on in the daemon.
 */
export interface DockerCheckpoints {
  /**
   * Dumps a paused container, which stays paused. There is no way here to have Docker end it after its dump, and must be
   * none: it would be gone before anybody knows whether the checkpoint is good.
   * @param options.directory where Docker keeps what it writes itself, in a directory of that name, which must not exist
   */
  create(
    id: string,
    options: { readonly name: string; readonly directory: string; readonly timeoutMs: number },
  ): Promise<void>;
  /** Restores a created container from the checkpoint of that name below the container's own directory. */
  start(id: string, options: { readonly name: string; readonly timeoutMs: number }): Promise<void>;
}
