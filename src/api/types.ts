import type { Generated } from './generated/types';

/** The API group and version that this code speaks. */
export const API_VERSION = 'transship.dev/v1alpha1';
export const KIND = 'ContainerMigration';
export const PLURAL = 'containermigrations';
/** Holds the object until no container depends on it any more. */
export const FINALIZER = 'transship.dev/settle';
/**
 * Annotation with the UID of the object that was admitted, written together with the finalizer. A copy of the object
 * (a backup restored in another cluster) has another UID, and so is known for a copy even without its status.
 */
export const ADMITTED_UID = 'transship.dev/admitted-uid';
/** Annotation that says why the controller picked the target node, written together with its name. */
export const TARGET_PICKED = 'transship.dev/target-picked';

/** The part of Kubernetes' ObjectMeta that this code reads. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A spec as it may be stored: its target node need not be picked yet. */
export type RequestedSpec = Generated['spec'];
/** A spec with its target node. */
export type Spec = RequestedSpec & { readonly target: { readonly nodeName: string } };
export type Status = NonNullable<Generated['status']>;

/**
 * One ContainerMigration as the API server hands it out, whose target node need not be picked yet. `status` is empty
 * until the controller's first visit.
 */
export interface MigrationRequest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: ObjectMeta;
  readonly spec: RequestedSpec;
  readonly status: Status;
}

/** One that says where to: all that is ever admitted, and all that an agent sees. */
export interface ContainerMigration extends MigrationRequest {
  readonly spec: Spec;
}

/** Whether its target node was named, or picked. */
export function hasTarget(migration: MigrationRequest): migration is ContainerMigration {
  return migration.spec.target.nodeName !== undefined;
}

export type Phase = NonNullable<Status['phase']>;
export type Decision = NonNullable<Status['decision']>;
export type SourceStatus = NonNullable<Status['source']>;
export type TargetStatus = NonNullable<Status['target']>;
export type Restore = NonNullable<TargetStatus['restore']>;
export type Check = NonNullable<SourceStatus['checks']>[number];
export type DriverReport = NonNullable<SourceStatus['drivers']>[number];
export type ActorError = NonNullable<SourceStatus['error']>;
export type ClockReading = NonNullable<SourceStatus['clock']>;
export type Retry = NonNullable<SourceStatus['retry']>;
export type Progress = NonNullable<SourceStatus['progress']>;
export type ClosedConnections = NonNullable<SourceStatus['closedConnections']>;
export type KeptConnections = NonNullable<SourceStatus['keptConnections']>;
export type RestartPolicy = NonNullable<SourceStatus['restartPolicy']>;
export type VolumeStatus = NonNullable<SourceStatus['volumes']>[number];
export type VolumePolicy = Spec['volumes'];
export type Checkpoint = NonNullable<Status['checkpoint']>;
export type Condition = NonNullable<Status['conditions']>[number];
export type Timings = NonNullable<Status['timings']>;
export type NodeReport = NonNullable<SourceStatus['node']>;
export type Needs = NonNullable<SourceStatus['needs']>;
export type SourceEstimate = NonNullable<SourceStatus['estimate']>;
export type Estimate = NonNullable<Status['estimate']>;
export type Downtime = NonNullable<Status['downtime']>;

const FINAL_PHASES: readonly Phase[] = ['Succeeded', 'Checked', 'RolledBack', 'Failed'];

/** True once nothing will ever be done for the object again (invariant I6 in docs/protocol.md). */
export function isFinal(migration: Pick<MigrationRequest, 'status'>): boolean {
  return migration.status.phase !== undefined && FINAL_PHASES.includes(migration.status.phase);
}

/**
 * True when what was decided was decided for another object than this one: it is a copy, and whoever acted on it would
 * run a migration a second time.
 */
export function isCopy({ metadata, status }: MigrationRequest): boolean {
  const admitted = status.decision?.migrationUID ?? metadata.annotations?.[ADMITTED_UID] ?? metadata.uid;
  return admitted !== metadata.uid;
}

/** `namespace/name`, the key under which queues and caches know the object. */
export function keyOf(migration: { readonly metadata: Pick<ObjectMeta, 'namespace' | 'name'> }): string {
  return `${migration.metadata.namespace}/${migration.metadata.name}`;
}
