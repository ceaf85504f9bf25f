import type { Condition, ContainerMigration, Status } from '../../../src/api/types';
import type { StatusStep } from '../../../src/protocol/status';
import { acknowledged, statusAfter } from '../../../src/protocol/status';
import { checkpoint, decision, error, migration, revoked, source, target } from '../../lib/migration';

const AT = '2026-01-01T00:00:10.000Z';

/** The object as it is after the controller wrote what follows from the step. */
function after(before: ContainerMigration, step: StatusStep, at = AT): ContainerMigration {
  const { source: from, target: to } = before.status;
  return {
    ...before,
    status: { ...statusAfter(before, step, at), ...(from && { source: from }), ...(to && { target: to }) },
  };
}

function summary({ status }: ContainerMigration): Record<string, string> {
  return Object.fromEntries(
    (status.conditions ?? []).map((condition: Condition) => [condition.type, condition.status]),
  );
}

const waiting: StatusStep = { do: 'Wait', waitsFor: 'somebody', untilMs: 0 };
const frozen: Status = {
  decision: decision('Freeze'),
  source: source('Published', { checkpoint }),
  target: target('Claimed'),
};

test('conditions are there from the first visit on', () => {
  expect(summary(after(migration(), { do: 'Admit' }))).toEqual({
    Ready: 'False',
    Reconciling: 'True',
    PreflightPassed: 'Unknown',
    Prepared: 'Unknown',
    Checkpointed: 'Unknown',
    Restored: 'Unknown',
  });
});

test('success is Ready, without the abnormal conditions', () => {
  const object = after(
    migration({ ...frozen, target: target('Restored'), source: source('Released', { checkpoint }) }),
    {
      do: 'Finish',
      phase: 'Succeeded',
      reason: 'Migrated',
      message: 'done',
    },
  );
  expect(summary(object)).toEqual({
    Ready: 'True',
    PreflightPassed: 'True',
    Prepared: 'True',
    Checkpointed: 'True',
    Restored: 'True',
  });
  expect(object.status.finishedAt).toBe(AT);
});

test('a refusal is Stalled, and the preflight says why', () => {
  const object = after(migration({ decision: decision('Preflight') }), {
    do: 'Refuse',
    reason: 'ImageMissing',
    message: 'no image',
  });
  expect(object.status).toMatchObject({ phase: 'Failed', reason: 'ImageMissing', finishedAt: AT });
  expect(summary(object)).toMatchObject({
    Ready: 'False',
    Stalled: 'True',
    PreflightPassed: 'False',
    Prepared: 'Unknown',
  });
});

test('a rollback keeps what was reached and marks the step that failed', () => {
  const prepared = after(migration({ decision: decision('Freeze') }), { ...waiting });
  const object = after(prepared, { do: 'Revoke', reason: 'DumpFailed', message: 'the dump failed' });
  expect(object.status.phase).toBe('RollingBack');
  expect(object.status.decision?.revoked).toEqual({ reason: 'DumpFailed', message: 'the dump failed', at: AT });
  expect(summary(object)).toMatchObject({
    PreflightPassed: 'True',
    Prepared: 'True',
    Checkpointed: 'False',
    Restored: 'Unknown',
  });
});

test('a rolled back migration is not a failed one', () => {
  const object = after(
    migration({
      decision: decision('Freeze', { revoked }),
      source: source('RolledBack'),
      target: target('Failed', { error }),
    }),
    { do: 'Finish', phase: 'RolledBack', reason: 'DumpFailed', message: 'runs as before' },
  );
  expect(object.status.phase).toBe('RolledBack');
  expect(summary(object)).toMatchObject({ Ready: 'False', Stalled: 'True' });
});

test('the time of a transition stays while the status of the condition stays', () => {
  const first = after(migration(), { do: 'Admit' }, '2026-01-01T00:00:01.000Z');
  const second = after(first, waiting, '2026-01-01T00:00:02.000Z');
  expect(second.status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(
    first.status.conditions?.map(() => '2026-01-01T00:00:01.000Z'),
  );
});

test('a phase is noted once, when it begins', () => {
  const first = after(migration(), { do: 'Admit' }, '2026-01-01T00:00:01.000Z');
  const second = after(first, waiting, '2026-01-01T00:00:02.000Z');
  const third = after(second, { do: 'Advance', to: 'Prepare' }, '2026-01-01T00:00:03.000Z');
  expect(third.status.phaseTransitions).toEqual([
    { phase: 'Preflight', at: '2026-01-01T00:00:01.000Z' },
    { phase: 'Preparing', at: '2026-01-01T00:00:03.000Z' },
  ]);
});

test('the checkpoint is shown to people as the source describes it', () => {
  expect(after(migration(frozen), waiting).status).toMatchObject({ phase: 'Restoring', checkpoint });
});

test('the observed generation is that of the object', () => {
  expect(after(migration({}, { metadata: { generation: 7 } }), { do: 'Admit' }).status.observedGeneration).toBe(7);
});

test('what is acknowledged after the end says the same of the newer spec, and nothing of the agents', () => {
  const object = after(migration({ decision: decision('Preflight') }), { do: 'Refuse', reason: 'Test', message: 'no' });
  const changed = {
    ...object,
    metadata: { ...object.metadata, generation: 2 },
    status: { ...object.status, source: source('Preflighted') },
  };
  const next = acknowledged(changed);
  expect(next).toMatchObject({ phase: 'Failed', reason: 'Test', observedGeneration: 2 });
  expect(next.conditions?.every(({ observedGeneration }) => observedGeneration === 2)).toBe(true);
  expect(next).not.toHaveProperty('source');
});
