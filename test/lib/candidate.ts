import type { MigrationNodeStatus } from '../../src/api/migration-node';
import type { ContainerMigration, MigrationRequest, RequestedSpec } from '../../src/api/types';
import { hasTarget } from '../../src/api/types';
import type { Candidate } from '../../src/protocol/controller/choose-target';
import { migration } from './migration';

/** What an agent says of a node that can do everything. */
export const ABLE: MigrationNodeStatus = {
  machine: 'x86_64',
  cpuFeatures: ['avx', 'sse2'],
  drivers: [
    { name: 'runc', roles: ['Source', 'Target'] },
    { name: 'docker', roles: ['Source', 'Target'] },
  ],
  conditions: [
    { type: 'Ready', status: 'True', reason: 'NodeReady', message: 'well', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ],
};

/** A node that fits, but for what differs. */
export function candidate(name: string, more: Partial<Candidate> = {}): Candidate {
  return { name, labels: {}, isCordoned: false, taints: [], agentAlive: true, report: ABLE, ...more };
}

/** A migration of looper from node-a that does not say where to. */
export function requested(
  target: RequestedSpec['target'] = {},
  {
    spec = {},
    ...more
  }: { spec?: Partial<RequestedSpec>; metadata?: object; status?: MigrationRequest['status'] } = {},
): MigrationRequest {
  const named = migration(more.status, more.metadata === undefined ? {} : { metadata: more.metadata });
  return { ...named, spec: { ...named.spec, ...spec, target } };
}

/** The migration as agents see it. Throws when it has no target yet. */
export function targeted(object: MigrationRequest): ContainerMigration {
  if (!hasTarget(object)) throw new Error('it has no target yet');
  return object;
}
