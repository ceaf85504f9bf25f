import type { ControllerBranch } from '../../../../src/protocol/branches';
import type { ControllerObservation } from '../../../../src/protocol/controller/step';
import { checkpoint, CONTAINER_ID, decision, error, revoked, source, target } from '../../../lib/migration';
import type { Examples } from '../example';
import { at, atMs, CANCELLED, DELETED, FENCED, moments, NO_NODE, phases, seen, SILENT } from './observations';

type Branch = Extract<
  Exclude<ControllerBranch, `${string}Memory${string}`>,
  | `Finish${string}`
  | `Await${string}Settling`
  | `Await${string}Release`
  | 'Fence'
  | `Await${string}Restore`
  | 'AwaitUnreachableTarget'
  | 'AwaitWithdrawal'
  | 'AwaitUnreachableSource'
  | `Await${string}RollBack`
>;

const lost = { reason: 'SourceLost', message: 'the original is gone' };
const taint = 'kubectl taint node node-b node.kubernetes.io/out-of-service=nodeshutdown:NoExecute';
const succeeded = { do: 'Finish', phase: 'Succeeded', reason: 'Migrated' };
const retry = { failures: 2, notBefore: at(60) };

/** After the claim, and after the revocation: what has to come, and the ends. */
export const outcomeExamples: Examples<Branch, ControllerObservation> = {
  FinishMigrated: [{ object: moments.released(), step: succeeded, says: ['runs on node-b'] }],
  FinishWithoutSettling: [
    {
      object: moments.released({}, { target: target('Restored') }),
      seen: seen({ seconds: 40, target: FENCED }),
      step: succeeded,
      says: ['runs on node-b', 'out of service'],
    },
  ],
  AwaitSettling: [
    {
      object: moments.restored({}, { target: target('Restored', { error, retry }) }),
      seen: seen({ seconds: 40 }),
      step: { do: 'Wait', untilMs: atMs(50) },
      says: ['node-b', 'restart policy', 'failed 2 times', 'the dump failed'],
    },
  ],
  AwaitUnreachableSettling: [
    {
      object: moments.released({}, { target: target('Restored') }),
      seen: seen({ seconds: 40, target: SILENT }),
      step: { do: 'Wait', reason: 'TargetUnreachable', untilMs: atMs(50) },
      says: ['node-b', 'does not report', taint],
    },
  ],
  FinishWithoutRelease: [
    {
      object: moments.settled(),
      seen: seen({ seconds: 40, source: FENCED }),
      step: succeeded,
      says: ['runs on node-b', 'node-a', 'not removed'],
    },
    {
      // Both nodes are gone: nobody is left to wait for.
      object: moments.restored(),
      seen: seen({ seconds: 40, source: FENCED, target: FENCED }),
      step: succeeded,
      says: ['runs on node-b, a node that was put out of service', 'node-a'],
    },
  ],
  AwaitUnreachableRelease: [
    {
      object: moments.settled(),
      seen: seen({ seconds: 40, source: SILENT }),
      step: { do: 'Wait', reason: 'SourceUnreachable', untilMs: atMs(50) },
      says: ['node-a to remove the frozen original', 'runs on node-b already', 'kubectl taint node node-a'],
    },
  ],
  AwaitRelease: [
    {
      object: moments.settled({}, { source: source('Published', { checkpoint, error, retry }) }),
      seen: seen({ seconds: 40 }),
      step: { do: 'Wait', untilMs: atMs(50) },
      says: ['node-a to remove the frozen original', 'failed 2 times'],
    },
    {
      // The target is gone, but it had run there: the original does not come back.
      object: moments.restored(),
      seen: seen({ seconds: 40, target: FENCED }),
      step: { do: 'Wait', untilMs: atMs(50) },
      says: ['node-a'],
    },
  ],
  Fence: [
    {
      object: moments.claimed(),
      seen: seen({ seconds: 40, target: FENCED }),
      step: { do: 'Revoke', reason: 'TargetFenced', fenced: 'node-b' },
      says: ['node-b', 'after it had claimed'],
    },
  ],
  AwaitUnreachableTarget: [
    {
      object: moments.claimed(),
      seen: seen({ seconds: 100_000, target: SILENT }),
      step: { do: 'Wait', reason: 'TargetUnreachable', untilMs: atMs(100_010) },
      says: ['node-b', 'does not report', taint],
    },
    {
      // Its machine was deleted, and the Node object with it: nobody has vouched for anything.
      object: moments.claimed(),
      seen: seen({ seconds: 40, target: NO_NODE }),
      step: { do: 'Wait', reason: 'TargetUnreachable', untilMs: atMs(50) },
      says: [taint, 'there must be a Node object of that name again'],
    },
  ],
  AwaitOverdueRestore: [
    {
      object: moments.claimed({}, { target: target('Claimed', { error, retry }) }),
      seen: seen({ seconds: 330 }),
      step: { do: 'Wait', reason: 'RestoreOverdue', untilMs: atMs(340) },
      says: ['node-b to wake the container up', 'failed 2 times', 'the dump failed'],
    },
  ],
  AwaitRestore: [
    {
      object: moments.claimed(),
      seen: seen({ seconds: 329 }),
      step: { do: 'Wait', untilMs: atMs(339) },
      says: ['node-b to wake the container up'],
    },
    {
      // The phase begins only when it is noted, however long everything before has taken.
      object: moments.claimed({}, phases(['Preflight', 0], ['Preparing', 10], ['Freezing', 320])),
      seen: seen({ seconds: 340 }),
      step: { do: 'Wait', untilMs: atMs(350) },
      says: ['node-b to wake the container up'],
    },
    {
      object: moments.claimed(CANCELLED),
      seen: seen({ seconds: 40 }),
      step: { do: 'Wait', untilMs: atMs(50) },
      says: ['the cancellation came after the claim'],
    },
    {
      object: moments.claimed(DELETED),
      seen: seen({ seconds: 40 }),
      step: { do: 'Wait', untilMs: atMs(50) },
      says: ['the deletion came after the claim'],
    },
  ],
  AwaitWithdrawal: [
    {
      object: moments.rolledBack({}, { target: target('Failed', { error }) }),
      seen: seen({ seconds: 50 }),
      step: { do: 'Wait', untilMs: atMs(60) },
      says: ['node-b to remove what it had prepared', 'the last error there: the dump failed'],
    },
  ],
  FinishLost: [
    {
      object: moments.rolledBack({}, { source: source('RolledBack', { checkpoint, error: lost }) }),
      seen: seen({ seconds: 50 }),
      step: { do: 'Finish', phase: 'Failed', reason: 'SourceLost' },
      says: ['the original is gone', 'for the test'],
    },
  ],
  FinishRolledBack: [
    {
      object: moments.rolledBack(),
      seen: seen({ seconds: 50 }),
      step: { do: 'Finish', phase: 'RolledBack', reason: 'Test' },
      says: ['runs on node-a as before', 'for the test'],
    },
    {
      object: moments.rolledBack(
        {},
        { source: source('RolledBack', { checkpoint, restoredContainerID: CONTAINER_ID }) },
      ),
      seen: seen({ seconds: 50 }),
      step: { do: 'Finish', phase: 'RolledBack', reason: 'Test' },
      says: ['runs on node-a again', 'woken up from its checkpoint', CONTAINER_ID.slice(0, 12)],
    },
    {
      // The target never reported anything, so it has nothing to remove.
      object: moments.rolledBack({}, { target: undefined } as never),
      seen: seen({ seconds: 50 }),
      step: { do: 'Finish', phase: 'RolledBack', reason: 'Test' },
      says: ['node-a'],
    },
    ...[SILENT, FENCED].map((node) => ({
      // A target that is gone cannot claim any more.
      object: moments.rolledBack({}, { target: target('Prepared') }),
      seen: seen({ seconds: 50, target: node }),
      step: { do: 'Finish', phase: 'RolledBack', reason: 'Test' },
      says: ['runs on node-a as before'],
    })),
    {
      // Its node was fenced after the claim: the object still says Claimed, and nobody cares.
      object: moments.rolledBack(
        {},
        { decision: decision('Freeze', { revoked: { ...revoked, fenced: 'node-b' } }), target: target('Claimed') },
      ),
      seen: seen({ seconds: 50, target: FENCED }),
      step: { do: 'Finish', phase: 'RolledBack', reason: 'Test' },
      says: ['runs on node-a as before'],
    },
  ],
  FinishSourceFenced: [
    {
      object: moments.revoked(),
      seen: seen({ seconds: 50, source: FENCED }),
      step: { do: 'Finish', phase: 'Failed', reason: 'SourceLost' },
      says: ['node-a', 'kept on the volume in default/move-01234567/1'],
    },
    {
      object: moments.revoked({}, { source: source('Prepared') }),
      seen: seen({ seconds: 50, source: FENCED }),
      step: { do: 'Finish', phase: 'Failed', reason: 'SourceLost' },
      says: ['there is no checkpoint'],
    },
  ],
  AwaitUnreachableSource: [
    {
      object: moments.revoked(),
      seen: seen({ seconds: 100_000, source: SILENT }),
      step: { do: 'Wait', reason: 'SourceUnreachable', untilMs: atMs(100_010) },
      says: ['node-a to wake the original up', 'kubectl taint node node-a'],
    },
  ],
  AwaitOverdueRollBack: [
    {
      object: moments.revoked({}, { source: source('Failed', { checkpoint, error }) }),
      seen: seen({ seconds: 190 }),
      step: { do: 'Wait', reason: 'RollBackOverdue', untilMs: atMs(200) },
      says: ['node-a to wake the original up', 'the last error there: the dump failed'],
    },
  ],
  AwaitRollBack: [
    {
      object: moments.revoked(),
      seen: seen({ seconds: 189 }),
      step: { do: 'Wait', untilMs: atMs(199) },
      says: ['node-a to wake the original up'],
    },
  ],
};
