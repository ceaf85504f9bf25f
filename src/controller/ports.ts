import type { ContainerMigration } from '../api/types';
import type { ControllerStatus } from '../protocol/status';

/** Reads and writes of ContainerMigrations. Every write carries the resourceVersion of the object it was decided on. */
export interface MigrationStore {
  /** The object as the watch last told it; undefined when there is none. */
  get(key: string): ContainerMigration | undefined;
  /**
   * Replaces the controller's fields of the status.
   * @throws KubeError, `isConflict` when the object is not the one that was decided on any more
   */
  writeStatus(migration: ContainerMigration, status: ControllerStatus): Promise<ContainerMigration>;
  /** @throws KubeError, `isConflict` when the object is not the one that was decided on any more */
  writeFinalizers(migration: ContainerMigration, finalizers: readonly string[]): Promise<ContainerMigration>;
}

/** What the controller wants to know of nodes. */
export interface ClusterView {
  nodeExists(name: string): Promise<boolean>;
  /** Whether the node's agent renewed its Lease within its duration. */
  agentAlive(name: string): Promise<boolean>;
}

/** Where `kubectl describe` finds what happened. Never throws. */
export interface EventSink {
  record(migration: ContainerMigration, type: 'Normal' | 'Warning', reason: string, message: string): void;
}
