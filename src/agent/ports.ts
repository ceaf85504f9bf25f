import type {
  ClosedConnections,
  ContainerMigration,
  KeptConnections,
  Progress,
  RestartPolicy,
  SourceStatus,
  TargetStatus,
} from '../api/types';
import type { DumpFacts } from '../criu/dump-facts';
import type { ContainerEngine } from '../docker/engine';
import type { DockerNetworks } from '../docker/networks';
import type { DockerVolumes } from '../docker/volumes';
import type { ImageTransport } from '../docker/images';
import type { Driver } from '../driver/driver';
import type { Clock } from '../runtime/clock';
import type { CheckpointStore } from './checkpoint-store-port';
import type { ContainerLogs } from '../store/log-files';
import type { AddressGate, GivenUp, MoveHooks } from './move-hook/port';
import type { NodeNetwork } from './networks/hooked';
import type { NodeFacts, Survey } from './survey/facts';
import type { DirectoryNotes, HostDirectories } from './volumes/host-directories-port';

/** Reads and writes of ContainerMigrations, as an agent needs them. */
export interface MigrationAccess {
  /** The object as the watch last told it; undefined when there is none. */
  cached(key: string): ContainerMigration | undefined;
  /** All objects in the cache. */
  list(): readonly ContainerMigration[];
  /** The object as it is now, past every cache; undefined when there is none. */
  fresh(migration: ContainerMigration): Promise<ContainerMigration | undefined>;
  /**
   * Replaces `status.source`; fails with a conflict when anything in the object changed since it was read. Every write of
   * an agent is guarded so, not the claim alone: one that was given up may arrive late, and would take back what was
   * written meanwhile, a claim above all (found by test/unit/model).
   */
  writeSource(migration: ContainerMigration, status: SourceStatus): Promise<ContainerMigration>;
  /** Replaces `status.target`, in the same way. */
  writeTarget(migration: ContainerMigration, status: TargetStatus): Promise<ContainerMigration>;
  /** Puts `progress` into the agent's part of the status, whatever else stands there, unless that changes meanwhile. */
  writeProgress(migration: ContainerMigration, role: AgentRole, progress: Progress, signal: AbortSignal): Promise<void>;
}

/** Which part of the status is the agent's. */
export type AgentRole = 'source' | 'target';

/** What the agent finds on the node besides Docker. */
export interface NodeAccess {
  readonly name: string;
  /**
   * Whether the Node object carries the taint `node.kubernetes.io/out-of-service`, as the API server has it now.
   * @throws KubeError when it cannot be asked
   */
  isOutOfService(): Promise<boolean>;
  /** A real dump of a small process. */
  probeCriu(): Promise<ProbeResult>;
  /** A real write to the shared volume. */
  probeVolume(): Promise<ProbeResult>;
  /** What the shared volume says it is; two nodes that read the same see the same volume. */
  volumeID(): Promise<string>;
  measureClock(): Promise<{ offsetMicroseconds: number; errorMicroseconds: number }>;
  /** Established TCP connections of the container with this first process. */
  establishedConnections(pid: number): Promise<readonly { local: string; remote: string; state: string }[]>;
  /**
   * The same of a frozen container, and those that its processes have closed with something that nobody has confirmed yet:
   * the kernel alone has them, and no dump.
   */
  connectionsToKeep(pid: number): Promise<readonly { local: string; remote: string; state: string }[]>;
  /** The node's own addresses, and which connections reach their end by others. */
  nodeNetwork(): Promise<NodeNetwork>;
  /** A real reset of a connection of our own. */
  probeClosing(): Promise<ProbeResult>;
  /**
   * Destroys the TCP connections of the frozen container with this first process, so that both ends notice at once.
   * Returns those that there were.
   * @throws ReasonedError ConnectionsNotClosed, ContainerProcessesUnknown
   */
  closeConnections(pid: number): Promise<readonly { local: string; remote: string; state: string }[]>;
  /** Processes of the container that are stopped by a signal. */
  stoppedProcesses(pid: number): Promise<readonly number[]>;
  /** What the processes of the container with this first one hold that CRIU must be told of. */
  dumpFacts(pid: number): Promise<DumpFacts>;
  /** Whether a path exists on the node, not in the agent's own container. */
  pathExists(path: string): Promise<boolean>;
  /** How large a container's log is, with all that was rotated away and kept. */
  logSizeBytes(logs: ContainerLogs): Promise<number>;
  /**
   * The node, a running container on it, and the speed of the volume, as plain facts. Changes nothing.
   * @throws ReasonedError ContainerProcessesUnknown, or a VolumeFault
   */
  survey(what: Survey): Promise<NodeFacts>;
}

export type ProbeResult =
  { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly message: string };

/**
 * What the source agent notes on its node about a container that it is about to freeze: the reservation (one migration
 * at a time), and the times that must survive the agent's death. Lies on a tmpfs: after a reboot the paused container
 * is gone as well.
 */
export interface JournalEntry extends JournalTimes {
  readonly migrationUID: string;
  readonly migration: string;
  /** What it was before the freeze, for whoever wakes the container up when the object is gone. */
  readonly restartPolicy?: RestartPolicy;
}

/** How far a freeze got, and when: RFC 3339, the node's clock. Each is noted when the deed is done, but the first. */
export interface JournalTimes {
  /** Noted just before the container is paused, so that whoever finds it paused knows that the pause is ours. */
  readonly freezeStartedAt?: string;
  readonly frozenAt?: string;
  readonly dumpedAt?: string;
  readonly publishedAt?: string;
  /** Noted just before the object says `Published`: from then on the target may have claimed. */
  readonly reportedAt?: string;
  /** Noted just before the hook is asked to give the node's addresses up (spec.network), which it may never do. */
  readonly addressesGivenUp?: GivenUp;
  /** Those that the dump holds, noted before it begins. */
  readonly keptConnections?: KeptConnections;
  /** What the freeze closed, noted when it is done. */
  readonly closedConnections?: ClosedConnections;
}

/** The journal of one node, an entry for each container that is being moved away. */
export interface Journal {
  read(containerID: string): Promise<JournalEntry | undefined>;
  /**
   * Reserves the container for a migration; to reserve it again for the same one is well.
   * @throws ReasonedError MigrationInProgress when another migration has it
   */
  reserve(containerID: string, entry: JournalEntry): Promise<void>;
  /** Runs one after the other what looks at a reservation and then changes it: an agent works on several at once. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Adds to the entry of a container that is reserved for that migration.
   * @throws ReasonedError MigrationInProgress when another one has it by now, JournalLost
   */
  note(containerID: string, migrationUID: string, times: JournalTimes): Promise<JournalEntry>;
  /**
   * Forgets all times of an earlier freeze: the container runs, or ran since, so that its dump is worthless.
   * @throws ReasonedError MigrationInProgress when another one has it by now, JournalLost
   */
  begin(containerID: string, migrationUID: string, times: JournalTimes): Promise<JournalEntry>;
  release(containerID: string): Promise<void>;
}

/** The files of what is mounted into containers, as the node sees them. Every method answers in time or rejects. */
export interface MountFiles {
  /** What they take up on the disk; undefined when that cannot be told in time. */
  sizeBytes(directory: string): Promise<number | undefined>;
  /**
   * Removes all of them.
   * @throws ReasonedError VolumeNotEmptied
   */
  empty(directory: string): Promise<void>;
  /**
   * Makes an empty file of that name, in place of all others whose name begins with the prefix.
   * @throws ReasonedError SharedProbeFailed
   */
  writeProbe(directory: string, prefix: string, token: string): Promise<void>;
  /** Whether that file is there. */
  hasProbe(directory: string, prefix: string, token: string): Promise<boolean>;
  /** Removes all files whose name begins so; no directory is well. */
  removeProbes(directory: string, prefix: string): Promise<void>;
}

/**
 * The migrations for which volumes have been created on this node that nothing has ever run with. Lies on a tmpfs: after
 * a reboot such a volume stays, rather than that one is removed which is somebody's by now.
 */
export interface VolumeLedger {
  note(migrationUID: string): Promise<void>;
  has(migrationUID: string): Promise<boolean>;
  forget(migrationUID: string): Promise<void>;
  list(): Promise<readonly string[]>;
}

/** Everything that the steps of an agent act on: whatever they do to the world goes through one of these. */
export interface AgentDeps {
  readonly migrations: MigrationAccess;
  readonly engine: ContainerEngine;
  readonly dockerVolumes: DockerVolumes;
  readonly dockerNetworks: DockerNetworks;
  readonly mountFiles: MountFiles;
  readonly volumeLedger: VolumeLedger;
  readonly hostDirectories: HostDirectories;
  readonly directoryNotes: DirectoryNotes;
  readonly images: ImageTransport;
  /** The one that the migration at hand goes by; `runc` as long as none is chosen (chosen-driver.ts). */
  readonly driver: Driver;
  readonly dockerDriver: Driver;
  readonly moveHooks: MoveHooks;
  readonly addressGate: AddressGate;
  readonly store: CheckpointStore;
  readonly node: NodeAccess;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

/** Limits of the long external steps, in ms. */
export interface Deadlines {
  readonly dumpMs: number;
  readonly wakeMs: number;
}
