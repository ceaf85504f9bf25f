/** What wins when several things are true at once. */
import { specDigest } from '../../../../src/api/spec-digest';
import type { ContainerMigration, Spec, Status } from '../../../../src/api/types';
import { decideController } from '../../../../src/protocol/controller/decide';
import type { ControllerStep } from '../../../../src/protocol/controller/step';
import { decision, error, revoked, source, target } from '../../../lib/migration';
import { at, CANCELLED, CHANGED, DELETED, FENCED, moments, NO_NODE, phases, seen, SILENT } from './observations';

const decide = (object: ContainerMigration, observation = seen({ seconds: 50 })): ControllerStep =>
  decideController(object, observation);
const failed = (failures: number): object => ({ error, retry: { failures, notBefore: at(60) } });
const fenced = { ...revoked, fenced: 'node-b' };

test.each<[string, ControllerStep['because'], ControllerStep]>([
  [
    'deleted and failed: the failure is told',
    'GiveUpFailed',
    decide(moments.freezing(DELETED, { source: source('Failed', { error }) })),
  ],
  [
    'failed and out of tries on the other node: the failure is told',
    'GiveUpFailed',
    decide(moments.published({}, { source: source('Failed', { error }), target: target('Prepared', failed(9)) })),
  ],
  [
    'out of tries and deleted: the failure is told',
    'GiveUpRetries',
    decide(moments.freezing(DELETED, { source: source('Prepared', failed(4)) })),
  ],
  [
    'deleted and cancelled: the deletion is told',
    'GiveUpDeleted',
    decide(moments.freezing({ ...DELETED, ...CANCELLED })),
  ],
  [
    'cancelled and changed: the cancellation is told',
    'GiveUpCancelled',
    decide(moments.freezing({ spec: { ...CANCELLED.spec, ...CHANGED.spec } })),
  ],
  [
    'deleted and the source fenced: the deletion is told',
    'GiveUpDeleted',
    decide(moments.freezing(DELETED), seen({ source: FENCED })),
  ],
  [
    'both nodes fenced: the source is told, which held the container',
    'GiveUpSourceFenced',
    decide(moments.freezing(), seen({ source: FENCED, target: FENCED })),
  ],
  [
    'fenced and late: the fence is told',
    'GiveUpTargetFenced',
    decide(moments.freezing(), seen({ seconds: 601, target: FENCED })),
  ],
  [
    'the whole deadline and that of the phase at once: what the person wrote is told',
    'GiveUpDeadline',
    decide(moments.freezing(), seen({ seconds: 600 })),
  ],
  [
    'the deadline of the phase before the whole one',
    'GiveUpPhaseDeadline',
    decide(moments.freezing(), seen({ seconds: 599 })),
  ],
  [
    'all is done when the deadline passes: it goes on',
    'AdvanceToFreeze',
    decide(moments.prepared(), seen({ seconds: 601 })),
  ],
  [
    'a finding and the deadline: the finding is told',
    'RefuseChecks',
    decide(
      moments.preflight(
        {},
        { source: source('Preflighted', { checks: [{ reason: 'CriuMissing', message: 'no criu', blocking: true }] }) },
      ),
      seen({ seconds: 601 }),
    ),
  ],
  [
    'a node that does not exist and one without an agent',
    'RefuseNode',
    decide(moments.created(), seen({ source: SILENT, target: NO_NODE })),
  ],
  [
    'a copy whose decision is another’s, and its annotation its own',
    'RefuseCopy',
    decide(moments.freezing({ metadata: { uid: 'copy', annotations: { 'transship.dev/admitted-uid': 'copy' } } })),
  ],
  [
    'a copy of a finished one',
    'RestCopy',
    decide(moments.released({ metadata: { uid: 'copy' } }, { phase: 'Succeeded' })),
  ],
  [
    'a claim whose node is fenced, and the source too: the claim is taken away all the same',
    'Fence',
    decide(moments.claimed(), seen({ source: FENCED, target: FENCED })),
  ],
  [
    'a claim that was fenced, though the target reports again',
    'AwaitRollBack',
    decide(moments.claimed({}, { decision: decision('Freeze', { revoked: fenced }) })),
  ],
  [
    'restored on the target after the fence: the source runs it',
    'AwaitRollBack',
    decide(moments.restored({}, { decision: decision('Freeze', { revoked: fenced }) })),
  ],
  [
    'rolled back after the fence, the target is back: its copy is removed first',
    'AwaitWithdrawal',
    decide(moments.rolledBack({}, { decision: decision('Freeze', { revoked: fenced }), target: target('Restored') })),
  ],
  [
    'revoked, but the claim stood: the claim counts',
    'AwaitRestore',
    decide(moments.claimed({}, { decision: decision('Freeze', { revoked }) })),
  ],
  [
    'rolled back, but the source is fenced since: it ran there',
    'FinishRolledBack',
    decide(moments.rolledBack(), seen({ seconds: 50, source: FENCED })),
  ],
])('%s', (_name, because, step) => {
  expect(step.because).toBe(because);
});

describe('a claim', () => {
  // Everything that ends a migration before the claim, at once, but a fence.
  const everything = { ...DELETED, spec: { ...CANCELLED.spec, ...CHANGED.spec } };
  test.each(['claimed', 'restored', 'settled'] as const)('is overruled by nothing but a fence: %s', (moment) => {
    for (const observation of [
      seen({ seconds: 100_000 }),
      seen({ seconds: 100_000, source: SILENT, target: SILENT }),
    ]) {
      expect(decide(moments[moment](everything), observation).do).toBe('Wait');
    }
  });
  test('is completed before a deleted object goes', () => {
    expect(decide(moments.released(DELETED))).toMatchObject({ do: 'Finish', phase: 'Succeeded' });
  });
});

test.each<[keyof typeof moments, ControllerStep['do'], string]>([
  ['created', 'LetGo', 'LetUnadmittedGo'],
  ['preflight', 'Refuse', 'GiveUpDeleted'],
  ['preparing', 'Revoke', 'GiveUpDeleted'],
  ['prepared', 'Revoke', 'GiveUpDeleted'],
  ['freezing', 'Revoke', 'GiveUpDeleted'],
  ['published', 'Revoke', 'GiveUpDeleted'],
  ['claimed', 'Wait', 'AwaitRestore'],
  ['restored', 'Wait', 'AwaitSettling'],
  ['settled', 'Wait', 'AwaitRelease'],
  ['released', 'Finish', 'FinishMigrated'],
  ['revoked', 'Wait', 'AwaitRollBack'],
  ['rolledBack', 'Finish', 'FinishRolledBack'],
])('deleted while %s', (moment, step, because) => {
  expect(decide(moments[moment](DELETED))).toMatchObject({ do: step, because });
});

test.each<[keyof typeof moments, ControllerStep['do'], string]>([
  ['created', 'Refuse', 'RefuseCancelled'],
  ['preflight', 'Refuse', 'GiveUpCancelled'],
  ['preparing', 'Revoke', 'GiveUpCancelled'],
  ['prepared', 'Revoke', 'GiveUpCancelled'],
  ['freezing', 'Revoke', 'GiveUpCancelled'],
  ['published', 'Revoke', 'GiveUpCancelled'],
  ['claimed', 'Wait', 'AwaitRestore'],
  ['restored', 'Wait', 'AwaitSettling'],
  ['settled', 'Wait', 'AwaitRelease'],
  ['released', 'Finish', 'FinishMigrated'],
  ['revoked', 'Wait', 'AwaitRollBack'],
  ['rolledBack', 'Finish', 'FinishRolledBack'],
])('cancelled while %s', (moment, step, because) => {
  expect(decide(moments[moment](CANCELLED))).toMatchObject({ do: step, because });
});

/** Being frozen, with another spec that was admitted as it is. */
function freezingWith(spec: Partial<Spec>, over: Status): ContainerMigration {
  const specOf = moments.freezing({ spec }).spec;
  return moments.freezing({ spec }, { decision: decision('Freeze', { specDigest: specDigest(specOf) }), ...over });
}

describe('a step that is tried again', () => {
  test.each([
    [0, 1],
    [1, 2],
    [3, 4],
    [20, 21],
  ])('spec.backoffLimit %i allows one failure less than %i', (backoffLimit, tooMany) => {
    const after = (failures: number): ControllerStep =>
      decide(freezingWith({ backoffLimit }, { source: source('Prepared', failed(failures)) }));
    // At least one failure is noted, or there is no retry.
    if (tooMany > 1) expect(after(tooMany - 1)).toMatchObject({ because: 'AwaitStep' });
    expect(after(tooMany)).toMatchObject({ do: 'Revoke', because: 'GiveUpRetries' });
  });
  test('counts for each node by itself', () => {
    const both = moments.published(
      {},
      { source: source('Published', failed(3)), target: target('Prepared', failed(3)) },
    );
    expect(decide(both)).toMatchObject({ because: 'AwaitStep' });
  });
});

/** The fencing table of docs/protocol.md: a node is gone, and says nothing or is fenced. */
test.each<[when: keyof typeof moments, gone: 'source' | 'target', silent: string, fenced: string]>([
  ['prepared', 'source', 'HoldFreeze', 'GiveUpSourceFenced'],
  ['prepared', 'target', 'HoldFreeze', 'GiveUpTargetFenced'],
  ['freezing', 'source', 'AwaitStep', 'GiveUpSourceFenced'],
  ['freezing', 'target', 'GiveUpTargetUnreachable', 'GiveUpTargetFenced'],
  ['published', 'source', 'AwaitStep', 'AwaitStep'],
  ['published', 'target', 'GiveUpTargetUnreachable', 'GiveUpTargetFenced'],
  ['claimed', 'source', 'AwaitRestore', 'AwaitRestore'],
  ['claimed', 'target', 'AwaitUnreachableTarget', 'Fence'],
  ['restored', 'source', 'AwaitSettling', 'AwaitSettling'],
  ['restored', 'target', 'AwaitUnreachableSettling', 'AwaitRelease'],
  ['settled', 'source', 'AwaitUnreachableRelease', 'FinishWithoutRelease'],
  ['settled', 'target', 'AwaitRelease', 'AwaitRelease'],
  ['revoked', 'source', 'AwaitUnreachableSource', 'FinishSourceFenced'],
  ['revoked', 'target', 'AwaitRollBack', 'AwaitRollBack'],
])('%s, and the %s is gone: %s, and once it is fenced %s', (when, gone, silent, outOfService) => {
  expect(decide(moments[when](), seen({ seconds: 50, [gone]: SILENT })).because).toBe(silent);
  expect(decide(moments[when](), seen({ seconds: 50, [gone]: FENCED })).because).toBe(outOfService);
});

test('the deadline of a phase counts from where the phase began, not from the start', () => {
  const object = moments.freezing({}, phases(['Preflight', 0], ['Preparing', 10], ['Freezing', 400]));
  expect(decide(object, seen({ seconds: 579 })).because).toBe('AwaitStep');
  expect(decide(object, seen({ seconds: 580 })).because).toBe('GiveUpPhaseDeadline');
});
