/** A container's restart policy, in Docker's words. */
export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  readonly maximumRetryCount: number;
}

/** One line of `docker ps --all`. */
export interface ContainerSummary {
  /** Full ID, 64 hexadecimal digits. */
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** What `docker inspect` says about one container, checked; everything else is in `raw`. */
export interface ContainerInfo {
  /** Full ID, 64 hexadecimal digits. */
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  /** `sha256:…` */
  readonly imageID: string;
  /** As the container's owner wrote it, also after earlier moves. */
  readonly imageName: string;
  readonly state: ContainerState;
  /** The first process as the node sees it; 0 when the container does not run. */
  readonly pid: number;
  readonly exitCode: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly restartPolicy: RestartPolicy;
  /** Name of the OCI runtime as the daemon registered it: `runc`, `transship`. */
  readonly runtime: string;
  /** `docker exec` sessions that have not ended. Docker forgets the finished ones. */
  readonly execIDs: readonly string[];
  /** `bridge`, `host`, `none`, `container:<id>` or the name of a network. */
  readonly networkMode: string;
  /** Names of the Docker networks that the container is attached to. */
  readonly networks: readonly string[];
  /** `docker run --init`: Docker's own first process reaps the others. */
  readonly init: boolean;
  /** Host paths that are mounted into the container. */
  readonly bindSources: readonly string[];
  /** Names of the volumes, named and anonymous. */
  readonly volumes: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Host path of the writable layer; undefined where the storage driver shows none. */
  readonly upperDir: string | undefined;
  /** `json-file`, `local`, `journald`, `none`…; Docker sets its default when a container is created. */
  readonly logDriver: string;
  /** RFC 3339 with nanoseconds, as Docker prints it; year 0001 when it was never started. */
  readonly startedAt: string;
  /** The whole inspect answer. */
  readonly raw: unknown;
}

/** What the daemon says about itself. */
export interface EngineInfo {
  readonly version: string;
  /** The registered OCI runtimes by name; `path` is the program, absent for those that Docker brings itself. */
  readonly runtimes: Readonly<Record<string, { readonly path?: string }>>;
  readonly defaultRuntime: string;
  /** Docker's data directory as the daemon sees it: `/var/lib/docker`. */
  readonly rootDir: string;
  /** `overlay2`, or `overlayfs` with containerd's image store. */
  readonly storageDriver: string;
  /** Whether it was started with its experimental features, checkpoints among them. */
  readonly experimental: boolean;
}

/** The body of `POST /containers/create`: what an image's user may set, in Docker's words. Made by `toCreateBody`. */
export interface CreateBody {
  /** ID of the image, `sha256:…`. */
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkingConfig: {
    readonly EndpointsConfig: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  readonly [field: string]: unknown;
}

/** The two events of a container that a downtime is measured by. */
export type StateChange = 'pause' | 'start';

/**
 * The Docker daemon of this node. Every call has a deadline, and fails with a ReasonedError:
 * `EngineUnreachable` (no socket, or nobody listens), `EngineTimedOut`, `EngineRefused` with Docker's own words,
 * `EngineAnswerInvalid` (an answer that is not what Docker documents), `ContainerNotFound` where a missing container
 * is not said to be fine.
 * An `id` is a full ID, a name, or the beginning of an ID that is enough.
 */
export interface ContainerEngine {
  info(): Promise<EngineInfo>;
  /** Containers in every state; with `labels` only those that carry all of them. */
  list(labels?: Readonly<Record<string, string>>): Promise<readonly ContainerSummary[]>;
  /** Undefined when there is no such container. `ContainerAmbiguous` when the beginning of an ID is not enough. */
  inspect(id: string): Promise<ContainerInfo | undefined>;
  /** The image of that name or ID; undefined when the node has none. */
  findImage(reference: string): Promise<{ readonly id: string } | undefined>;
  /**
   * Creates a container and returns its full ID. Fails with `NameTaken`, `ImageMissing`, or `EngineRefused`.
   */
  create(name: string, body: CreateBody): Promise<string>;
  /**
   * Starts a created container; a running one is left alone. A start that is given up here may go on in the daemon
   * (a restore that hangs): the caller has to end it.
   */
  start(id: string, options: { readonly timeoutMs: number }): Promise<void>;
  /** A paused container is left alone. `EngineRefused` when it does not run. */
  pause(id: string): Promise<void>;
  /** A running container is left alone. `EngineRefused` when it does not run at all. */
  unpause(id: string): Promise<void>;
  /** SIGKILL. A container that does not run, or is gone, is left alone. */
  kill(id: string): Promise<void>;
  /**
   * A container that is gone is left alone. `volumes` also removes its anonymous volumes: they are data, so only for
   * a container that never ran.
   */
  remove(id: string, options: { readonly force: boolean; readonly volumes?: boolean }): Promise<void>;
  /** `NameTaken` when another container has the name. */
  rename(id: string, name: string): Promise<void>;
  /** The count is left out for a policy that has none. */
  setRestartPolicy(id: string, policy: RestartPolicy): Promise<void>;
  /**
   * When the container last changed so between the two moments (milliseconds since the epoch), as the daemon noted
   * it: RFC 3339 with microseconds, UTC. Undefined when the daemon knows of none; it keeps its last 256 events only,
   * and none over a restart.
   */
  stateChangedAt(
    id: string,
    action: StateChange,
    window: { readonly sinceMs: number; readonly untilMs: number },
  ): Promise<string | undefined>;
}
