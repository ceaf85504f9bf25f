import type { ContainerMigration, SourceStatus, TargetStatus } from '../api/types';
import type { ContainerEngine } from '../docker/engine';
import type { Driver } from '../driver/driver';
import type { Clock } from '../runtime/clock';
import type { CommandRunner } from '../runtime/exec';

/** Reads and writes of ContainerMigrations, as an agent needs them. */
export interface MigrationAccess {
  /** The object as the watch last told it; undefined when there is none. */
  cached(key: string): ContainerMigration | undefined;
  /** All objects in the cache. */
  list(): readonly ContainerMigration[];
  /** The object as it is now, past every cache; undefined when there is none. */
  fresh(migration: ContainerMigration): Promise<ContainerMigration | undefined>;
  /** Replaces `status.source`. Applies to the very object that was read (by uid), whatever else changed in it. */
  writeSource(migration: ContainerMigration, status: SourceStatus): Promise<ContainerMigration>;
  /**
   * Replaces `status.target`.
   * @param options.ifUnchanged fail with a conflict when anything in the object changed since it was read
   */
  writeTarget(
    migration: ContainerMigration,
    status: TargetStatus,
    options?: { readonly ifUnchanged: boolean },
  ): Promise<ContainerMigration>;
}

/** What the agent finds on the node besides Docker. */
export interface NodeAccess {
  readonly name: string;
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
}

export type ProbeResult =
  { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly message: string };

/** Everything that the steps of an agent act on. */
export interface AgentDeps {
  readonly migrations: MigrationAccess;
  readonly engine: ContainerEngine;
  readonly driver: Driver;
  readonly node: NodeAccess;
  readonly clock: Clock;
  /** Runs programs on the node. */
  readonly commands: CommandRunner;
  /** Root of the shared volume. */
  readonly volume: string;
  readonly deadlines: Deadlines;
}

/** Limits of the long external steps, in ms. */
export interface Deadlines {
  readonly dumpMs: number;
  readonly wakeMs: number;
}
