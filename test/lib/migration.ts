import { specDigest } from '../../src/api/spec-digest';
import type { ContainerMigration, Decision, ObjectMeta, Spec, Status } from '../../src/api/types';
import { API_VERSION, KIND } from '../../src/api/types';

export const CONTAINER_ID = 'c'.repeat(64);
export const STARTED_AT = '2026-01-01T00:00:00.000Z';

const spec: Spec = {
  source: { nodeName: 'node-a', container: 'looper' },
  target: { nodeName: 'node-b' },
  afterSuccess: 'Remove',
  retainCheckpoint: 'OnFailure',
  activeDeadlineSeconds: 600,
  backoffLimit: 3,
  connections: 'Refuse',
  driver: 'runc',
  volumes: 'Copy',
  volumeOverrides: [],
  image: 'Transfer',
  logs: 'Carry',
  memory: 'Eager',
  cancel: false,
  mode: 'Migrate',
};

export const UID = '01234567-89ab-cdef-0123-456789abcdef';

/** A decision that accepts the default spec. */
export function decision(step: Decision['step'], more: Partial<Decision> = {}): Decision {
  return { step, attempt: 1, migrationUID: UID, specDigest: specDigest(spec), ...more };
}

export const revoked = { reason: 'Test', message: 'for the test', at: STARTED_AT };
export const error = { reason: 'DumpFailed', message: 'the dump failed' };
export const checkpoint = {
  path: 'default/move-01234567/1',
  sizeBytes: 1024,
  size: '1.0KiB',
  files: 3,
  digest: `sha256:${'d'.repeat(64)}`,
  driver: 'runc',
} as const;

/** A migration of looper from node-a to node-b, at the point that the status says. */
export function migration(
  status: Status = {},
  overrides: { spec?: Partial<Spec>; metadata?: Partial<ObjectMeta> } = {},
): ContainerMigration {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: 'move',
      namespace: 'default',
      uid: UID,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: STARTED_AT,
      ...overrides.metadata,
    },
    spec: { ...spec, ...overrides.spec },
    status: status.decision === undefined ? status : { startedAt: STARTED_AT, ...status },
  };
}

export const source = (
  state: NonNullable<Status['source']>['state'],
  more: object = {},
): NonNullable<Status['source']> => ({
  nodeName: 'node-a',
  state,
  containerID: CONTAINER_ID,
  ...more,
});

export const target = (
  state: NonNullable<Status['target']>['state'],
  more: object = {},
): NonNullable<Status['target']> => ({
  nodeName: 'node-b',
  state,
  ...more,
});
