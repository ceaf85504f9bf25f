import { specDigest } from '../../../src/api/spec-digest';
import type { Condition, ContainerMigration, Status } from '../../../src/api/types';
import type { StatusStep } from '../../../src/protocol/status';
import { acknowledged, statusAfter } from '../../../src/protocol/status';
import { checkpoint, decision, error, migration, revoked, source, target, UID } from '../../lib/migration';

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

const admit: StatusStep = { do: 'Admit', because: 'Admit' };
const revoke: StatusStep = {
  do: 'Revoke',
  because: 'GiveUpFailed',
  reason: 'DumpFailed',
  message: 'the dump failed',
};
const waiting: StatusStep = { do: 'Wait', because: 'AwaitStep', waitsFor: 'somebody', untilMs: 0 };
const frozen: Status = {
  decision: decision('Freeze'),
  source: source('Published', { checkpoint }),
  target: target('Claimed'),
};

const driver = { name: 'docker', because: 'for the test' } as const;

test('conditions are there from the first visit on', () => {
  expect(summary(after(migration(), admit))).toEqual({
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
    migration({ ...frozen, target: target('Settled'), source: source('Released', { checkpoint }) }),
    {
      do: 'Finish',
      because: 'FinishMigrated',
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

test('a preflight that found nothing is neither Ready nor unready: kstatus takes it for current', () => {
  const estimate = { memoryBytes: 1, filesBytes: 2, checkpointBytes: 3, size: '3B', writeBytesPerSecond: 4 };
  const object = after(
    migration({
      decision: decision('Preflight'),
      source: source('Preflighted', { estimate }),
      target: target('Preflighted', { estimate: { readBytesPerSecond: 5, downtime: '700ms' } }),
    }),
    { do: 'Finish', because: 'EndAfterPreflight', phase: 'Checked', reason: 'PreflightPassed', message: 'could move' },
  );
  expect(summary(object)).toEqual({
    PreflightPassed: 'True',
    Prepared: 'Unknown',
    Checkpointed: 'Unknown',
    Restored: 'Unknown',
  });
  expect(object.status).toMatchObject({ phase: 'Checked', reason: 'PreflightPassed', finishedAt: AT });
  expect(object.status.estimate).toEqual({ checkpointBytes: 3, size: '3B', downtime: '700ms' });
});

test('an estimate of the source alone has no downtime, and none is invented before it', () => {
  const estimate = { memoryBytes: 1, filesBytes: 2, checkpointBytes: 3, size: '3B', writeBytesPerSecond: 4 };
  const told = after(migration({ source: source('Preflighted', { estimate }) }), waiting);
  expect(told.status.estimate).toEqual({ checkpointBytes: 3, size: '3B' });
  expect(after(migration(), waiting).status).not.toHaveProperty('estimate');
});

test('a refusal is Stalled, and the preflight says why', () => {
  const object = after(migration({ decision: decision('Preflight') }), {
    do: 'Refuse',
    because: 'RefuseChecks',
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
  const object = after(prepared, revoke);
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
    { do: 'Finish', because: 'FinishRolledBack', phase: 'RolledBack', reason: 'DumpFailed', message: 'runs as before' },
  );
  expect(object.status.phase).toBe('RolledBack');
  expect(summary(object)).toMatchObject({ Ready: 'False', Stalled: 'True' });
});

test('the time of a transition stays while the status of the condition stays', () => {
  const first = after(migration(), admit, '2026-01-01T00:00:01.000Z');
  const second = after(first, waiting, '2026-01-01T00:00:02.000Z');
  expect(second.status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(
    first.status.conditions?.map(() => '2026-01-01T00:00:01.000Z'),
  );
});

test('a phase is noted once, when it begins', () => {
  const first = after(migration(), admit, '2026-01-01T00:00:01.000Z');
  const second = after(first, waiting, '2026-01-01T00:00:02.000Z');
  const third = after(
    second,
    { do: 'Advance', because: 'AdvanceToPrepare', to: 'Prepare', driver },
    '2026-01-01T00:00:03.000Z',
  );
  expect(third.status.phaseTransitions).toEqual([
    { phase: 'Preflight', at: '2026-01-01T00:00:01.000Z' },
    { phase: 'Preparing', at: '2026-01-01T00:00:03.000Z' },
  ]);
});

test('the checkpoint is shown to people as the source describes it', () => {
  expect(after(migration(frozen), waiting).status).toMatchObject({ phase: 'Restoring', checkpoint });
});

test('the observed generation is that of the object', () => {
  expect(after(migration({}, { metadata: { generation: 7 } }), admit).status.observedGeneration).toBe(7);
});

test('what is acknowledged after the end says the same of the newer spec, and nothing of the agents', () => {
  const object = after(migration({ decision: decision('Preflight') }), {
    do: 'Refuse',
    because: 'RefuseChecks',
    reason: 'Test',
    message: 'no',
  });
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

describe('what is decided', () => {
  const given = { attempt: 1, migrationUID: UID, specDigest: specDigest(migration().spec) };

  test('is bound to this very object and its spec', () => {
    expect(after(migration(), admit).status.decision).toEqual({ step: 'Preflight', ...given });
  });

  test('stays when a wait is noted, and changes in its step only when the agents may go on', () => {
    const before = migration({ decision: decision('Preflight') });
    expect(after(before, waiting).status.decision).toEqual(decision('Preflight'));
    const advance = { do: 'Advance', because: 'AdvanceToPrepare', to: 'Prepare', driver } as const;
    const prepare = after(before, advance);
    expect(prepare.status.decision).toEqual({ step: 'Prepare', driver, ...given });
    // The driver is chosen once: nobody may go by another one from then on.
    const freeze = after(prepare, { do: 'Advance', because: 'AdvanceToFreeze', to: 'Freeze' });
    expect(freeze.status.decision).toEqual({ step: 'Freeze', driver, ...given });
  });

  test('names the node whose claim a fence took away, and no other', () => {
    const fence: StatusStep = { ...revoke, because: 'Fence', reason: 'TargetFenced', fenced: 'node-b' };
    const { status } = after(migration(frozen), fence);
    expect(status).toMatchObject({ phase: 'RollingBack', reason: 'TargetFenced' });
    expect(status.decision?.revoked).toEqual({
      reason: 'TargetFenced',
      message: 'the dump failed',
      at: AT,
      fenced: 'node-b',
    });
    expect(after(migration(frozen), revoke).status.decision?.revoked).not.toHaveProperty('fenced');
  });
});

describe('a wait', () => {
  const unusual: StatusStep = { ...waiting, because: 'AwaitUnreachableTarget', reason: 'TargetUnreachable' };

  test.each<[string, Status, string]>([
    ['before it is admitted', {}, 'Pending'],
    ['for the preflight', { decision: decision('Preflight') }, 'Preflight'],
    ['for the preparation', { decision: decision('Prepare') }, 'Preparing'],
    ['for the claim', { decision: decision('Freeze'), target: target('Prepared') }, 'Freezing'],
    ['for the wake-up', frozen, 'Restoring'],
    ['for the settling', { ...frozen, target: target('Restored') }, 'Restoring'],
    ['for the release', { ...frozen, target: target('Settled') }, 'Restoring'],
  ])('%s is shown as the phase it is in', (_name, status, phase) => {
    expect(after(migration(status), waiting).status).toMatchObject({
      phase,
      reason: phase,
      message: 'waiting for somebody',
    });
  });

  test('for the rollback has the reason of the revocation', () => {
    const revokedSo = { ...frozen, decision: decision('Freeze', { revoked }), target: target('Prepared') };
    expect(after(migration(revokedSo), waiting).status).toMatchObject({ phase: 'RollingBack', reason: 'Test' });
  });

  test('for the rollback after a fence is one too, although the target claims still', () => {
    const fenced = { ...frozen, decision: decision('Freeze', { revoked: { ...revoked, fenced: 'node-b' } }) };
    expect(after(migration(fenced), waiting).status).toMatchObject({ phase: 'RollingBack', reason: 'Test' });
  });

  test('that is not an ordinary one says so, and the phase stays', () => {
    const { status } = after(migration(frozen), unusual);
    expect(status).toMatchObject({ phase: 'Restoring', reason: 'TargetUnreachable' });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'False', reason: 'TargetUnreachable' }),
    );
    expect(summary({ ...migration(), status })).toMatchObject({ Reconciling: 'True' });
    expect(summary({ ...migration(), status })).not.toHaveProperty('Stalled');
  });

  test('counts from the first sight, whatever comes later', () => {
    const first = after(
      migration(),
      { ...waiting, because: 'AwaitAgent', reason: 'NodeWithoutAgent' },
      '2026-01-01T00:00:01.000Z',
    );
    const second = after(first, admit, '2026-01-01T00:00:09.000Z');
    expect(second.status.startedAt).toBe('2026-01-01T00:00:01.000Z');
    expect(second.status.phaseTransitions).toEqual([
      { phase: 'Pending', at: '2026-01-01T00:00:01.000Z' },
      { phase: 'Preflight', at: '2026-01-01T00:00:09.000Z' },
    ]);
  });
});
