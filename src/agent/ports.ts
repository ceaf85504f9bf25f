import type { ContainerMigration, Progress, RestartPolicy, SourceStatus, TargetStatus } from '../api/types';
import type { ContainerEngine } from '../docker/engine';
import type { CheckpointDirectories, Driver } from '../driver/driver';
import type { Clock } from '../runtime/clock';
import type { CheckpointKey } from '../store/layout';
import type { PublishedManifest } from '../store/manifest';
import type { Manifest, ManifestMeta } from '../store/manifest-format';
import type { DirectorySize } from '../store/measure';
import type { NodeFacts, Survey } from './survey/facts';

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
  /** Processes of the container that are stopped by a signal. */
  stoppedProcesses(pid: number): Promise<readonly number[]>;
  /** Whether a path exists on the node, not in the agent's own container. */
  pathExists(path: string): Promise<boolean>;
  /**
   * The node, a running container on it, and the speed of the volume, as plain facts. Changes nothing.
   * @throws ReasonedError ContainerProcessesUnknown, or a VolumeFault
   */
  survey(what: Survey): Promise<NodeFacts>;
}

export type ProbeResult =
  { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly message: string };

/** What the object's status says of a published checkpoint. */
export interface PublishedCheckpoint extends PublishedManifest {
  /** Its directory, below the root of the volume. */
  readonly path: string;
}

/**
 * The checkpoints on the shared volume: the only way from a step to the volume. Every method answers in time or rejects
 * with `VolumeHung`; any of them may reject with another VolumeFault as reason. All can be repeated.
 */
export interface CheckpointStore {
  /** Where the volume is mounted; for messages. */
  readonly root: string;

  /** Writes the portable description of the container; returns by what it is known again. */
  publishDescription(
    checkpoint: CheckpointKey,
    text: string,
  ): Promise<{ readonly digest: string; readonly sizeBytes: number }>;

  /**
   * The description that the source wrote. It comes before the manifest, so that the container can be created before
   * the freeze; what guards it is the digest in the object (docs/adr/0002).
   * @throws ReasonedError DescriptionMissing, DescriptionCorrupt
   */
  readDescription(
    checkpoint: CheckpointKey,
    expected: { readonly digest: string; readonly sizeBytes: number },
  ): Promise<string>;

  /**
   * The same directories for a new dump, and no manifest any more: that of an earlier dump would vouch for images that
   * are about to be overwritten.
   */
  beginDump(checkpoint: CheckpointKey): Promise<CheckpointDirectories>;

  /** Where CRIU finds its images, and writes its logs on this node. */
  prepareDirectories(checkpoint: CheckpointKey): Promise<CheckpointDirectories>;

  /**
   * Saves the files that a frozen container changed; there is nothing to save when it changed none.
   * @throws ReasonedError WritableLayerNotSaved
   */
  saveWritableLayer(checkpoint: CheckpointKey, upperDir: string): Promise<void>;

  /**
   * Unpacks them into a container that was never started.
   * @throws ReasonedError WritableLayerNotApplied
   */
  applyWritableLayer(checkpoint: CheckpointKey, upperDir: string): Promise<void>;

  /**
   * Completes the checkpoint: without its manifest, written last, it is none.
   * @throws ReasonedError CheckpointCorrupt
   */
  publishManifest(
    checkpoint: CheckpointKey,
    meta: Pick<ManifestMeta, 'driver' | 'containerID'>,
  ): Promise<PublishedCheckpoint>;

  /**
   * The manifest as it lies there, its files not looked at; undefined when there is none.
   * @throws ReasonedError CheckpointCorrupt
   */
  readManifest(
    checkpoint: CheckpointKey,
  ): Promise<{ readonly manifest: Manifest; readonly published: PublishedCheckpoint } | undefined>;

  /**
   * Compares every file with the manifest, and the manifest with its digest.
   * @param onBytes told how many bytes have been compared so far
   * @throws ReasonedError CheckpointMissing, CheckpointCorrupt
   */
  verify(checkpoint: CheckpointKey, manifestDigest: string, onBytes?: (bytes: number) => void): Promise<Manifest>;

  /** How much lies in the checkpoint's directory just now; a figure only. */
  measure(checkpoint: CheckpointKey): Promise<DirectorySize>;

  /** Removes what all attempts of the migration left. */
  discard(checkpoint: CheckpointKey): Promise<void>;
}

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

/** Everything that the steps of an agent act on: whatever they do to the world goes through one of these. */
export interface AgentDeps {
  readonly migrations: MigrationAccess;
  readonly engine: ContainerEngine;
  readonly driver: Driver;
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
