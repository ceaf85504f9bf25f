import type { ContainerMigration } from '../api/types';
import type { NodeView } from '../protocol/controller/step';
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
  /**
   * Replaces the finalizers, and adds annotations.
   * @throws KubeError, `isConflict` when the object is not the one that was decided on any more
   */
  writeMetadata(
    migration: ContainerMigration,
    metadata: { readonly finalizers: readonly string[]; readonly annotations?: Readonly<Record<string, string>> },
  ): Promise<ContainerMigration>;
}

/** What the controller wants to know of nodes. */
export interface ClusterView {
  /** As it is now. */
  node(name: string): Promise<NodeView>;
  /** As it was a few seconds ago at most. */
  recentNode(name: string): Promise<NodeView>;
}

/** Where `kubectl describe` finds what happened. Never throws. */
export interface EventSink {
  record(migration: ContainerMigration, type: 'Normal' | 'Warning', reason: string, message: string): void;
}
