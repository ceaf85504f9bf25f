import type { ContainerMigration } from '../../api/types';
import { isFinal } from '../../api/types';
import type { Recording } from '../../runtime/trace';
import type { Trace, TraceRole } from '../../trace/format';
import { checkpointOf } from '../checkpoint-key';

/** The moments that the object's status names, each of one agent's part. */
const MOMENTS = {
  source: ['freezeStartedAt', 'frozenAt', 'dumpedAt', 'publishedAt'],
  target: ['seenAt', 'verifiedAt', 'claimedAt', 'wakeStartedAt', 'resumedAt'],
} as const;

/** The node that has this role in the migration. */
export function nodeOf({ spec, status }: ContainerMigration, role: TraceRole): string {
  return status[role]?.nodeName ?? spec[role].nodeName;
}

/** From the controller's word to freeze until the container runs: on the target, or on the source again. */
export function isInWindow(migration: ContainerMigration): boolean {
  const { decision, target } = migration.status;
  if (decision?.step !== 'Freeze' || decision.revoked !== undefined || isFinal(migration)) return false;
  return target?.state !== 'Restored' && target?.state !== 'Settled';
}

/** What was recorded, as it is kept. */
export function traceOf(migration: ContainerMigration, role: TraceRole, node: string, recording: Recording): Trace {
  const { namespace, name, uid, attempt } = checkpointOf(migration);
  const status: Readonly<Record<string, unknown>> = { ...migration.status[role] };
  const clock = migration.status[role]?.clock;
  return {
    version: 1,
    namespace,
    migration: name,
    uid,
    attempt,
    node,
    role,
    ...(clock === undefined ? {} : { clock: { ...clock } }),
    moments: Object.fromEntries(
      MOMENTS[role].flatMap((moment) => {
        const at = status[moment];
        return typeof at === 'string' ? [[moment, at]] : [];
      }),
    ),
    dropped: recording.dropped,
    calls: recording.spans().map(({ name: call, startMs, durationMs, within, failed }) => ({
      name: call,
      startMicroseconds: Math.round(startMs * 1000),
      durationMicroseconds: Math.round(durationMs * 1000),
      ...(within === undefined ? {} : { within }),
      ...(failed ? { failed } : {}),
    })),
  };
}
