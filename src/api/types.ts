import type { Generated } from './generated/types';

/** The API group and version that this code speaks. */
export const API_VERSION = 'transship.dev/v1alpha1';
export const KIND = 'ContainerMigration';
export const PLURAL = 'containermigrations';
/** Holds the object until no container depends on it any more. */
export const FINALIZER = 'transship.dev/settle';

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
}

export type Spec = Generated['spec'];
export type Status = NonNullable<Generated['status']>;

/** One ContainerMigration as the API server hands it out. `status` is empty until the controller's first visit. */
export interface ContainerMigration {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status: Status;
}

export type Phase = NonNullable<Status['phase']>;
export type Decision = NonNullable<Status['decision']>;
export type SourceStatus = NonNullable<Status['source']>;
export type TargetStatus = NonNullable<Status['target']>;
export type Check = NonNullable<SourceStatus['checks']>[number];
export type ActorError = NonNullable<SourceStatus['error']>;
export type ClockReading = NonNullable<SourceStatus['clock']>;
export type RestartPolicy = NonNullable<SourceStatus['restartPolicy']>;
export type Checkpoint = NonNullable<Status['checkpoint']>;
export type Condition = NonNullable<Status['conditions']>[number];
export type Timings = NonNullable<Status['timings']>;
export type Downtime = NonNullable<Status['downtime']>;

const FINAL_PHASES: readonly Phase[] = ['Succeeded', 'RolledBack', 'Failed'];

/** True once nothing will ever be done for the object again (invariant I6 in docs/protocol.md). */
export function isFinal(migration: ContainerMigration): boolean {
  return migration.status.phase !== undefined && FINAL_PHASES.includes(migration.status.phase);
}

/** `namespace/name`, the key under which queues and caches know the object. */
export function keyOf(migration: { readonly metadata: Pick<ObjectMeta, 'namespace' | 'name'> }): string {
  return `${migration.metadata.namespace}/${migration.metadata.name}`;
}
