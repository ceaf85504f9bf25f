import type { MountInfo } from './mounts';

/** What Docker says of one of its volumes. */
export interface VolumeInfo {
  readonly name: string;
  /** `local`, or the name of a plugin. */
  readonly driver: string;
  /** Directory of its files as the daemon sees it; empty where the driver shows none. */
  readonly mountpoint: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What its creator told the driver. */
  readonly options: Readonly<Record<string, string>>;
}

/** A container that has a volume mounted, whether it runs or not. */
export interface VolumeUser {
  /** Full ID. */
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  /** `running`, `created`, `exited`… */
  readonly state: string;
}

/** A container, whether it runs or not, with all that is mounted into it. */
export interface MountUser extends VolumeUser {
  readonly mounts: readonly MountInfo[];
}

/** The states in which a container may write. */
export const RUNNING_STATES: readonly string[] = ['running', 'paused', 'restarting'];

/** Docker's own mark of a volume that nobody has named (since Docker 23). */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/**
 * The volumes of this node's Docker daemon. Every call has a deadline, and fails as those of the ContainerEngine do. A
 * name is that of a volume, whole.
 */
export interface DockerVolumes {
  /** Undefined when there is none of that name. */
  inspect(name: string): Promise<VolumeInfo | undefined>;
  /** Names of all that carry these labels. */
  list(labels: Readonly<Record<string, string>>): Promise<readonly string[]>;
  /** The containers that have it mounted, in every state. */
  usersOf(name: string): Promise<readonly VolumeUser[]>;
  /** All containers in every state, with what they have mounted: volumes and directories of the host. */
  mountUsers(): Promise<readonly MountUser[]>;
  /**
   * Creates a volume of the driver `local`. One that is there already stays as it is, and Docker does not say so: look
   * at its labels afterwards.
   */
  create(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** One that is gone is left alone. `EngineRefused` while a container has it mounted, whether it runs or not. */
  remove(name: string): Promise<void>;
}
