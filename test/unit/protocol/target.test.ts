import type { TargetBranch } from '../../../src/protocol/branches';
import { TARGET_BRANCHES } from '../../../src/protocol/branches';
import type { TargetObservation, TargetView } from '../../../src/protocol/target';
import { decideTarget } from '../../../src/protocol/target';
import { decision, error, revoked, source, target } from '../../lib/migration';
import { at, atMs, CANCELLED, CHANGED, DELETED, moments } from './controller/observations';
import type { Examples } from './example';
import { expectStep, rowsOf } from './example';

const notLooked: TargetObservation = { nowMs: atMs(50), view: undefined };
const finds = (container: TargetView['container'], outOfService = false): TargetObservation => ({
  nowMs: atMs(50),
  view: { container, outOfService },
});
const remembers = (memory: NonNullable<TargetView['memory']>): TargetObservation => ({
  nowMs: atMs(50),
  view: { container: 'woken', outOfService: false, memory },
});
const pending = { target: target('Restored', { lazyPages: 'Pending' }) };
const nothing = { do: 'Wait' };
const failed = (failures: number, seconds = 50): object => ({ error, retry: { failures, notBefore: at(seconds) } });
const fenced = { decision: decision('Freeze', { revoked: { ...revoked, fenced: 'node-b' } }) };

const examples: Examples<TargetBranch, TargetObservation> = {
  NotAdmitted: [
    { object: moments.created(), step: nothing },
    { object: moments.published({ metadata: { uid: 'of-a-restored-backup' } }), step: nothing },
    { object: moments.claimed({ metadata: { uid: 'of-a-restored-backup' } }), seen: finds('created'), step: nothing },
  ],
  Finished: [
    { object: moments.settled(), step: nothing },
    { object: moments.settled({}, { phase: 'Succeeded' }), step: nothing },
    { object: moments.rolledBack(), step: nothing },
  ],
  Settle: [
    { object: moments.restored(), step: { do: 'Settle' } },
    { object: moments.restored({}, { target: target('Restored', { lazyPages: 'Done' }) }), step: { do: 'Settle' } },
    // Even a migration that has ended: this life died before it could.
    { object: moments.restored({}, { phase: 'Succeeded', source: source('Released') }), step: { do: 'Settle' } },
    { object: moments.restored(DELETED), step: { do: 'Settle' } },
  ],
  LookAtMemory: [
    { object: moments.restored({}, pending), step: { do: 'Look' } },
    // However it ended without this node, and whatever is wanted by now.
    { object: moments.restored(DELETED, { ...pending, phase: 'Failed' }), step: { do: 'Look' } },
  ],
  AwaitMemory: [
    {
      object: moments.restored({}, pending),
      seen: remembers('arriving'),
      step: { do: 'Wait', untilMs: atMs(50.5) },
    },
  ],
  LoseMemory: [
    { object: moments.restored({}, pending), seen: remembers('lost'), step: { do: 'Lose' } },
    { object: moments.restored(CANCELLED, pending), seen: remembers('lost'), step: { do: 'Lose' } },
  ],
  CompleteMemory: [
    { object: moments.restored({}, pending), seen: remembers('complete'), step: { do: 'Complete' } },
    // Its owner has removed it meanwhile.
    { object: moments.restored({}, pending), seen: finds('none'), step: { do: 'Complete' } },
  ],
  ObeyFence: [
    { object: moments.claimed({}, fenced), step: { do: 'Withdraw' } },
    { object: moments.claimed({}, fenced), seen: finds('woken'), step: { do: 'Withdraw' } },
    // The report came after the fence: the source may have woken its own up already.
    { object: moments.restored({}, fenced), step: { do: 'Withdraw' } },
    { object: moments.settled({}, fenced), step: { do: 'Withdraw' } },
  ],
  LookBeforeWake: [
    { object: moments.claimed(), step: { do: 'Look' } },
    { object: moments.claimed(CHANGED), step: { do: 'Look' } },
  ],
  ReportWoken: [
    { object: moments.claimed(), seen: finds('woken'), step: { do: 'Wake' } },
    // It runs, however often it failed before, and whoever wants it gone.
    {
      object: moments.claimed(DELETED, { target: target('Claimed', failed(9)) }),
      seen: finds('woken'),
      step: { do: 'Wake' },
    },
  ],
  HoldFenced: [
    { object: moments.claimed(), seen: finds('created', true), step: { do: 'Wait', untilMs: atMs(55) } },
    {
      object: moments.claimed({}, { target: target('Claimed', failed(1)) }),
      seen: finds('none', true),
      step: { do: 'Wait', untilMs: atMs(55) },
    },
  ],
  GiveBackRetries: [
    {
      object: moments.claimed({}, { target: target('Claimed', failed(4)) }),
      seen: finds('stopped'),
      step: { do: 'GiveBack' },
    },
    {
      object: moments.claimed({ spec: { backoffLimit: 0 } }, { target: target('Claimed', failed(1, 90)) }),
      seen: finds('created'),
      step: { do: 'GiveBack' },
    },
  ],
  GiveBackUnwanted: [
    {
      object: moments.claimed(DELETED, { target: target('Claimed', failed(1)) }),
      seen: finds('created'),
      step: { do: 'GiveBack' },
    },
    {
      // It need not wait for the next try.
      object: moments.claimed(CANCELLED, { target: target('Claimed', failed(1, 90)) }),
      seen: finds('stopped'),
      step: { do: 'GiveBack' },
    },
  ],
  BackOffWake: [
    {
      object: moments.claimed({}, { target: target('Claimed', failed(3, 58)) }),
      seen: finds('created'),
      step: { do: 'Wait', untilMs: atMs(58) },
    },
  ],
  Wake: [
    { object: moments.claimed(), seen: finds('created'), step: { do: 'Wake' } },
    { object: moments.claimed(), seen: finds('none'), step: { do: 'Wake' } },
    {
      object: moments.claimed({}, { target: target('Claimed', failed(3)) }),
      seen: finds('created'),
      step: { do: 'Wake' },
    },
    // The claim is this node's: it goes on, whatever is wanted or revoked by now.
    { object: moments.claimed(DELETED), seen: finds('created'), step: { do: 'Wake' } },
    { object: moments.claimed(CANCELLED), seen: finds('created'), step: { do: 'Wake' } },
    { object: moments.claimed(CHANGED), seen: finds('created'), step: { do: 'Wake' } },
    {
      object: moments.claimed({}, { decision: decision('Freeze', { revoked }) }),
      seen: finds('created'),
      step: { do: 'Wake' },
    },
  ],
  WithdrawRevoked: [
    { object: moments.revoked(), step: { do: 'Withdraw' } },
    { object: moments.revoked(CHANGED), step: { do: 'Withdraw' } },
    { object: moments.revoked({}, { target: target('Failed', { error }) }), step: { do: 'Withdraw' } },
    { object: moments.revoked({}, { target: target('Prepared', failed(1, 90)) }), step: { do: 'Withdraw' } },
    // The rollback ended without this node, which is back with its leftovers.
    { object: moments.revoked({}, { phase: 'RolledBack' }), step: { do: 'Withdraw' } },
  ],
  FailedBefore: [
    { object: moments.claimed({}, { target: target('Failed', { error }) }), seen: finds('none'), step: nothing },
    { object: moments.preparing({}, { target: target('Failed', { error }) }), step: nothing },
  ],
  Ended: [{ object: moments.preflight({}, { phase: 'Failed', target: target('Preflighted') }), step: nothing }],
  SpecNotAccepted: [{ object: moments.published(CHANGED), step: nothing }],
  GivingUp: [
    { object: moments.published(DELETED), step: nothing },
    { object: moments.published(CANCELLED), step: nothing },
  ],
  BackOff: [
    {
      object: moments.published({}, { target: target('Prepared', failed(1, 52)) }),
      step: { do: 'Wait', untilMs: atMs(52) },
    },
  ],
  PreflightDone: [
    {
      object: moments.preflight({}, { source: source('Preflighted'), target: target('Preflighted') }),
      step: nothing,
    },
  ],
  AwaitSourcePreflight: [{ object: moments.preflight(), step: nothing }],
  Preflight: [
    { object: moments.preflight({}, { source: source('Preflighted') }), step: { do: 'Preflight' } },
    {
      object: moments.preflight({}, { source: source('Preflighted'), target: target('Pending', failed(1)) }),
      step: { do: 'Preflight' },
    },
  ],
  PrepareDone: [{ object: moments.prepared(), step: nothing }],
  AwaitSourcePrepare: [{ object: moments.preparing(), step: nothing }],
  Prepare: [{ object: moments.preparing({}, { source: source('Prepared') }), step: { do: 'Prepare' } }],
  NothingPrepared: [{ object: moments.published({}, { target: target('Preflighted') }), step: nothing }],
  AwaitPublished: [
    { object: moments.freezing(), step: nothing },
    // It will not be published any more: the controller decides.
    { object: moments.freezing({}, { source: source('Failed', { error }) }), step: nothing },
  ],
  Claim: [
    { object: moments.published(), step: { do: 'Claim' } },
    { object: moments.published({}, { target: target('Prepared', failed(2)) }), step: { do: 'Claim' } },
  ],
};

describe('the target', () => {
  test.each(rowsOf(examples, TARGET_BRANCHES))('$title', ({ because, example }) => {
    expectStep(decideTarget(example.object, example.seen ?? notLooked), because, example);
  });
});
