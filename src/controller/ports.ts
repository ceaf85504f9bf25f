import type { MigrationRequest } from '../api/types';
import type { Candidate } from '../protocol/controller/choose-target';
import type { NodeView } from '../protocol/controller/step';
import type { ControllerStatus } from '../protocol/status';

/** Reads and writes of ContainerMigrations. Every write carries the resourceVersion of the object it was decided on. */
export interface MigrationStore {
  /** The object as the watch last told it, or as it was last written here; undefined when there is none. */
  get(key: string): MigrationRequest | undefined;
  /**
   * Replaces the controller's fields of the status.
   * @throws KubeError, `isConflict` when the object is not the one that was decided on any more
   */
  writeStatus(migration: MigrationRequest, status: ControllerStatus): Promise<MigrationRequest>;
  /**
   * Replaces the finalizers, and adds annotations.
   * @throws KubeError, `isConflict` when the object is not the one that was decided on any more
   */
  writeMetadata(
    migration: MigrationRequest,
    metadata: { readonly finalizers: readonly string[]; readonly annotations?: Readonly<Record<string, string>> },
  ): Promise<MigrationRequest>;
  /**
   * Names the target node in the spec, and says why it is this one.
   * @throws KubeError, `isConflict` when the object is not the one that was decided on any more
   */
  writeTarget(migration: MigrationRequest, nodeName: string, why: string): Promise<MigrationRequest>;
}

/** What the controller wants to know of nodes. */
export interface ClusterView {
  /** As it is now. */
  node(name: string): Promise<NodeView>;
  /** As it was a few seconds ago at most. */
  recentNode(name: string): Promise<NodeView>;
  /** All nodes, as they are now, with what their agents say of them. */
  candidates(): Promise<readonly Candidate[]>;
  /** The same, as they were a few seconds ago at most. */
  recentCandidates(): Promise<readonly Candidate[]>;
}

/** Where `kubectl describe` finds what happened. Never throws. */
export interface EventSink {
  record(migration: MigrationRequest, type: 'Normal' | 'Warning', reason: string, message: string): void;
}
