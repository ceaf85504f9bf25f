import { ADMITTED_UID } from '../../../src/api/types';
import type { SourceBranch } from '../../../src/protocol/branches';
import { SOURCE_BRANCHES } from '../../../src/protocol/branches';
import type { SourceObservation, SourceView } from '../../../src/protocol/source';
import { decideSource } from '../../../src/protocol/source';
import { CONTAINER_ID, decision, error, migration, revoked, source, target } from '../../lib/migration';
import { at, atMs, CANCELLED, CHANGED, DELETED, moments } from './controller/observations';
import type { Examples } from './example';
import { expectStep, rowsOf } from './example';

const notLooked: SourceObservation = { nowMs: atMs(50), view: undefined };
/** What the agent finds when it looks: the container runs, reserved for this migration, unless said otherwise. */
const looks = (view: Partial<SourceView> = {}): SourceObservation => ({
  nowMs: atMs(50),
  view: {
    original: 'running',
    journal: 'reserved',
    checkpoint: 'none',
    replacement: 'none',
    outOfService: false,
    ...view,
  },
});
const frozen = { original: 'paused', journal: 'frozen' } as const;
const died = { original: 'stopped', journal: 'frozen' } as const;
const pending = { target: target('Restored', { lazyPages: 'Pending' }) };
const nothing = { do: 'Wait' };
const restartPolicy = { name: 'always', maximumRetryCount: 0 };
const failedOnce = (seconds: number): object => ({ error, retry: { failures: 1, notBefore: at(seconds) } });
const fenced = { decision: decision('Freeze', { revoked: { ...revoked, fenced: 'node-b' } }) };
const untouched = moments.revoked({}, { source: source('Preflighted'), decision: decision('Prepare', { revoked }) });

const examples: Examples<SourceBranch, SourceObservation> = {
  NotAdmitted: [
    { object: moments.created(), step: nothing },
    { object: moments.freezing({ metadata: { uid: 'of-a-restored-backup' } }), step: nothing },
    {
      object: moments.freezing(
        { metadata: { annotations: { [ADMITTED_UID]: 'another' } } },
        { decision: { ...decision('Freeze'), migrationUID: undefined } as never },
      ),
      step: nothing,
    },
  ],
  Finished: [
    { object: moments.released(), step: nothing },
    { object: moments.rolledBack(), step: nothing },
  ],
  AwaitMemory: [
    { object: moments.restored({}, pending), step: nothing },
    { object: moments.restored(DELETED, pending), seen: looks(frozen), step: nothing },
  ],
  EndOriginal: [
    {
      object: moments.settled({}, { target: target('Settled', { lazyPages: 'Lost', error }) }),
      seen: looks(frozen),
      step: { do: 'Release' },
    },
    // The target was fenced: it will not say any more that all is there.
    {
      object: moments.restored({}, { ...pending, decision: decision('Freeze', { memoryLost: true }) }),
      seen: looks(frozen),
      step: { do: 'Release' },
    },
    { object: moments.restored({}, { ...pending, phase: 'Failed' }), seen: looks(frozen), step: { do: 'Release' } },
  ],
  LookBeforeRelease: [
    { object: moments.restored(), step: { do: 'Look' } },
    { object: moments.settled(), step: { do: 'Look' } },
  ],
  ReleaseOriginal: [
    { object: moments.restored(), seen: looks(frozen), step: { do: 'Release' } },
    { object: moments.settled(), seen: looks(died), step: { do: 'Release' } },
    // Its node was away when the migration ended without it.
    { object: moments.settled({}, { phase: 'Succeeded' }), seen: looks(died), step: { do: 'Release' } },
  ],
  ReleaseNothing: [{ object: moments.restored(), seen: looks({ original: 'gone' }), step: { do: 'Release' } }],
  TargetHasClaim: [
    { object: moments.claimed(), step: nothing },
    // Nothing but a fence takes a claim away.
    { object: moments.claimed({}, { decision: decision('Freeze', { revoked }) }), seen: looks(frozen), step: nothing },
    { object: moments.claimed(DELETED), seen: looks(frozen), step: nothing },
    { object: moments.claimed(CANCELLED), seen: looks(frozen), step: nothing },
  ],
  LookBeforeRollBack: [
    { object: moments.revoked(), step: { do: 'Look' } },
    { object: moments.revoked({}, { source: source('Failed', { error }) }), step: { do: 'Look' } },
    { object: moments.revoked({}, { target: target('Failed', { error }) }), step: { do: 'Look' } },
    // Fenced after its claim: the container is the source's again.
    { object: moments.claimed({}, fenced), step: { do: 'Look' } },
    { object: moments.revoked(CHANGED), step: { do: 'Look' } },
  ],
  HoldFenced: [
    {
      object: moments.revoked(),
      seen: looks({ ...frozen, outOfService: true }),
      step: { do: 'Wait', untilMs: atMs(55) },
    },
    { object: moments.freezing(), seen: looks({ outOfService: true }), step: { do: 'Wait', untilMs: atMs(55) } },
  ],
  UndoNothing: [{ object: untouched, seen: looks({ journal: 'untouched' }), step: { do: 'Undo' } }],
  KeepReplacement: [
    {
      object: moments.revoked(),
      seen: looks({ ...died, checkpoint: 'published', replacement: 'running' }),
      step: { do: 'Restore' },
    },
    {
      object: moments.revoked(),
      seen: looks({ ...died, original: 'gone', checkpoint: 'published', replacement: 'running' }),
      step: { do: 'Restore' },
    },
  ],
  WakeOriginal: [
    { object: moments.revoked(), seen: looks({ ...frozen, checkpoint: 'published' }), step: { do: 'Wake' } },
    { object: moments.revoked({}, { source: source('Prepared') }), seen: looks(frozen), step: { do: 'Wake' } },
  ],
  KeepOriginal: [
    { object: moments.revoked({}, { source: source('Prepared') }), seen: looks(), step: { do: 'Wake' } },
    {
      // A reboot cleared the journal; the object still tells that the restart policy was switched off.
      object: moments.revoked({}, { source: source('Prepared', { restartPolicy }) }),
      seen: looks({ journal: 'untouched' }),
      step: { do: 'Wake' },
    },
  ],
  RestoreOriginal: [
    {
      object: moments.revoked(),
      seen: looks({ ...died, checkpoint: 'published' }),
      step: { do: 'Restore' },
    },
    // Dumped, and not yet published: the dump is there all the same.
    { object: moments.revoked(), seen: looks({ ...died, journal: 'dumped' }), step: { do: 'Restore' } },
    {
      // The whole node restarted, and an earlier life had made the new container already.
      object: moments.revoked({}, { source: source('Published', { restartPolicy }) }),
      seen: looks({ original: 'stopped', journal: 'untouched', checkpoint: 'published', replacement: 'created' }),
      step: { do: 'Restore' },
    },
  ],
  ReportLost: [
    { object: moments.revoked(), seen: looks(died), step: { do: 'ReportLost' } },
    { object: moments.revoked(), seen: looks({ ...died, original: 'gone' }), step: { do: 'ReportLost' } },
    {
      // Its owner removed it: it does not come back from the checkpoint.
      object: moments.revoked(),
      seen: looks({ ...died, original: 'gone', checkpoint: 'published' }),
      step: { do: 'ReportLost' },
    },
  ],
  Ended: [
    // It ended without this node, which was fenced and is back.
    { object: moments.revoked({}, { phase: 'Failed', reason: 'SourceLost' }), step: nothing },
    {
      object: moments.preflight({}, { phase: 'Failed', source: source('Preflighted') }),
      step: nothing,
    },
  ],
  FailedBefore: [
    { object: moments.freezing({}, { source: source('Failed', { error }) }), seen: looks(died), step: nothing },
  ],
  SpecNotAccepted: [
    { object: moments.freezing({ spec: { target: { nodeName: 'node-c' } } }), seen: looks(), step: nothing },
  ],
  GivingUp: [
    { object: moments.freezing(DELETED), seen: looks(), step: nothing },
    { object: moments.freezing(CANCELLED), seen: looks(), step: nothing },
    { object: moments.preflight(CANCELLED), step: nothing },
  ],
  BackOff: [
    {
      object: moments.freezing({}, { source: source('Prepared', failedOnce(53)) }),
      seen: looks(frozen),
      step: { do: 'Wait', untilMs: atMs(53) },
    },
  ],
  Preflight: [
    { object: moments.preflight(), step: { do: 'Preflight' } },
    { object: moments.preflight({}, { source: source('Pending', failedOnce(50)) }), step: { do: 'Preflight' } },
  ],
  PreflightDone: [{ object: moments.preflight({}, { source: source('Preflighted') }), step: nothing }],
  Prepare: [
    { object: moments.preparing(), step: { do: 'Prepare' } },
    { object: moments.preparing({}, { source: source('Preflighted', failedOnce(49)) }), step: { do: 'Prepare' } },
  ],
  PrepareDone: [{ object: moments.prepared(), step: nothing }],
  LookBeforeFreeze: [{ object: moments.freezing(), step: { do: 'Look' } }],
  AdoptCheckpoint: [
    { object: moments.freezing(), seen: looks({ ...frozen, checkpoint: 'published' }), step: { do: 'Adopt' } },
    // It died frozen after it was published: the checkpoint is all the better for that.
    { object: moments.freezing(), seen: looks({ ...died, checkpoint: 'published' }), step: { do: 'Adopt' } },
    {
      object: moments.freezing(),
      seen: looks({ ...frozen, journal: 'dumped', checkpoint: 'published' }),
      step: { do: 'Adopt' },
    },
  ],
  Freeze: [
    { object: moments.freezing(), seen: looks(), step: { do: 'Freeze' } },
    {
      // It has run since: an older checkpoint of it is worth nothing.
      object: moments.freezing(),
      seen: looks({ journal: 'frozen', checkpoint: 'published' }),
      step: { do: 'Freeze' },
    },
    {
      // The dump failed once, and it was woken up until the next try.
      object: moments.freezing({}, { source: source('Prepared', failedOnce(50)) }),
      seen: looks({ journal: 'frozen' }),
      step: { do: 'Freeze' },
    },
  ],
  ContinueFreeze: [
    { object: moments.freezing(), seen: looks(frozen), step: { do: 'Freeze' } },
    { object: moments.freezing(), seen: looks({ ...frozen, journal: 'dumped' }), step: { do: 'Freeze' } },
  ],
  PublishDead: [{ object: moments.freezing(), seen: looks({ ...died, journal: 'dumped' }), step: { do: 'Freeze' } }],
  ReportNotRunning: [
    {
      object: moments.freezing(),
      seen: looks({ original: 'stopped' }),
      step: { do: 'Fail', reason: 'ContainerNotRunning' },
    },
    {
      // Somebody else paused it: that is not ours to dump, nor to wake up.
      object: moments.freezing(),
      seen: looks({ original: 'paused' }),
      step: { do: 'Fail', reason: 'ContainerNotRunning' },
    },
    { object: moments.freezing(), seen: looks({ original: 'gone' }), step: { do: 'Fail', reason: 'SourceLost' } },
    { object: moments.freezing(), seen: looks(died), step: { do: 'Fail', reason: 'SourceLost' } },
    {
      // Its owner removed it after the dump: it does not come back.
      object: moments.freezing(),
      seen: looks({ original: 'gone', journal: 'dumped' }),
      step: { do: 'Fail', reason: 'SourceLost' },
    },
  ],
  PublishDone: [
    // A good dump is never made a second time, whatever the world looks like (I4).
    { object: moments.published(), seen: looks(), step: nothing },
    { object: moments.claimed({}, { target: target('Failed', { error }) }), seen: looks(frozen), step: nothing },
  ],
};

describe('the source', () => {
  test.each(rowsOf(examples, SOURCE_BRANCHES))('$title', ({ because, example }) => {
    expectStep(decideSource(example.object, example.seen ?? notLooked), because, example);
  });

  test('takes a container that it restored itself for its own, not for a lost one', () => {
    const object = migration({
      phase: 'RollingBack',
      decision: decision('Freeze', { revoked }),
      source: source('Published', { restoredContainerID: CONTAINER_ID }),
    });
    const seen = looks({ ...died, original: 'gone', replacement: 'running' });
    expect(decideSource(object, seen)).toMatchObject({ because: 'KeepReplacement' });
  });
});
