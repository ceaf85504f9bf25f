import type { JournalEntry } from '../../../../src/agent/ports';
import type { AttemptFind, CreatedContainer, Reservation } from '../../../../src/agent/sweep/finds';
import { CONTAINER_ID, UID } from '../../../lib/migration';

export const POLICY = { name: 'always', maximumRetryCount: 0 } as const;
const AT = '2026-01-01T00:00:00.000Z';

/** A journal entry of the example migration, whose freeze came so far. */
export const entry = (...times: ('freezeStartedAt' | 'dumpedAt' | 'reportedAt')[]): JournalEntry => ({
  migrationUID: UID,
  migration: 'default/move',
  restartPolicy: POLICY,
  ...Object.fromEntries(times.map((time) => [time, AT])),
});

export const FROZEN = entry('freezeStartedAt');
export const REPORTED = entry('freezeStartedAt', 'dumpedAt', 'reportedAt');

export const container = (
  state: CreatedContainer['state'],
  more: Partial<CreatedContainer> = {},
): CreatedContainer => ({
  kind: 'container',
  id: CONTAINER_ID,
  name: 'looper',
  migrationUID: UID,
  driver: 'runc',
  state,
  wake: 'none',
  markerAgeMs: undefined,
  ...more,
});

export const reservation = (of: JournalEntry, state: Reservation['container']): Reservation => ({
  kind: 'reservation',
  containerID: CONTAINER_ID,
  entry: of,
  container: state,
});

export const attempt = (more: Partial<AttemptFind['attempt']> = {}): AttemptFind => ({
  kind: 'attempt',
  attempt: {
    namespace: 'default',
    name: 'move',
    uidPrefix: UID.slice(0, 8),
    attempt: 1,
    hasManifest: false,
    ageMs: 3_600_000,
    usedByNodes: ['node-a'],
    ...more,
  },
});
