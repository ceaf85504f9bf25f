import type { ControllerBranch } from '../../../../src/protocol/branches';
import type { ControllerObservation } from '../../../../src/protocol/controller/step';
import { specDigest } from '../../../../src/api/spec-digest';
import { decision, error, migration, source, target } from '../../../lib/migration';
import type { Examples } from '../example';
import { at, atMs, CANCELLED, CHANGED, DELETED, FENCED, moments, phases, seen, SILENT } from './observations';

type Branch = Extract<ControllerBranch, `GiveUp${string}` | 'AwaitStep' | 'RefuseChecks'>;

const retry = (failures: number): object => ({ error, retry: { failures, notBefore: at(60) } });
const blocking = { reason: 'ImageMissing', message: 'no image', blocking: true };
const warning = { reason: 'BindMountNotCarried', message: 'mind the files', blocking: false };

/** Between the admission and the claim: a step is awaited, or the migration is given up. */
export const forwardExamples: Examples<Branch, ControllerObservation> = {
  GiveUpFailed: [
    {
      object: moments.freezing({}, { source: source('Failed', { error }) }),
      step: { do: 'Revoke', reason: 'DumpFailed' },
      says: ['node-a', 'the dump failed'],
    },
    {
      // The claim is given back.
      object: moments.claimed({}, { target: target('Failed', { error }) }),
      step: { do: 'Revoke', reason: 'DumpFailed' },
      says: ['node-b', 'the dump failed'],
    },
    {
      object: moments.preflight({}, { source: source('Failed', { error }) }),
      step: { do: 'Refuse', reason: 'DumpFailed' },
      says: ['node-a'],
    },
    {
      object: moments.preparing({}, { target: target('Failed') }),
      step: { do: 'Revoke', reason: 'AgentFailed' },
      says: ['node-b', 'no reason given'],
    },
  ],
  GiveUpRetries: [
    {
      object: moments.freezing({}, { source: source('Prepared', retry(4)) }),
      step: { do: 'Revoke', reason: 'DumpFailed' },
      says: ['4 tries', 'spec.backoffLimit is 3', 'node-a', 'the dump failed'],
    },
    {
      object: moments.published({ spec: { backoffLimit: 3 } }, { target: target('Prepared', retry(4)) }),
      step: { do: 'Revoke', reason: 'DumpFailed' },
      says: ['node-b'],
    },
    {
      object: moments.preflight({}, { target: target('Pending', retry(4)), source: source('Preflighted') }),
      step: { do: 'Refuse', reason: 'DumpFailed' },
      says: ['node-b'],
    },
  ],
  GiveUpDeleted: [
    { object: moments.published(DELETED), step: { do: 'Revoke', reason: 'Deleted' }, says: ['deleted before'] },
    { object: moments.preflight(DELETED), step: { do: 'Refuse', reason: 'Deleted' }, says: ['deleted'] },
  ],
  GiveUpCancelled: [
    { object: moments.freezing(CANCELLED), step: { do: 'Revoke', reason: 'Cancelled' }, says: ['spec.cancel'] },
    { object: moments.preflight(CANCELLED), step: { do: 'Refuse', reason: 'Cancelled' }, says: ['spec.cancel'] },
  ],
  GiveUpSpecChanged: [
    {
      object: moments.published(CHANGED),
      step: { do: 'Revoke', reason: 'SpecChanged' },
      says: ['create a new ContainerMigration'],
    },
    { object: moments.preflight(CHANGED), step: { do: 'Refuse', reason: 'SpecChanged' }, says: ['spec was changed'] },
  ],
  GiveUpSourceFenced: [
    {
      object: moments.freezing(),
      seen: seen({ seconds: 25, source: FENCED }),
      step: { do: 'Revoke', reason: 'SourceFenced' },
      says: ['node-a', 'out of service'],
    },
    {
      object: moments.preflight(),
      seen: seen({ source: FENCED }),
      step: { do: 'Refuse', reason: 'SourceFenced' },
      says: ['node-a'],
    },
  ],
  GiveUpTargetFenced: [
    {
      object: moments.published(),
      seen: seen({ seconds: 25, target: FENCED }),
      step: { do: 'Revoke', reason: 'TargetFenced' },
      says: ['node-b', 'before it had claimed'],
    },
  ],
  GiveUpTargetUnreachable: [
    {
      object: moments.freezing(),
      seen: seen({ seconds: 25, target: SILENT }),
      step: { do: 'Revoke', reason: 'TargetUnreachable' },
      says: ['node-b', 'stopped reporting'],
    },
  ],
  GiveUpDeadline: [
    {
      object: moments.published({}, phases(['Preflight', 0], ['Preparing', 10], ['Freezing', 590])),
      seen: seen({ seconds: 600 }),
      step: { do: 'Revoke', reason: 'DeadlineExceeded' },
      says: ['spec.activeDeadlineSeconds (600)', 'node-b to claim it'],
    },
    {
      object: moments.preflight(),
      seen: seen({ seconds: 600 }),
      step: { do: 'Refuse', reason: 'DeadlineExceeded' },
      says: ['spec.activeDeadlineSeconds (600)', 'node-a'],
    },
    {
      // What it waited for its turn does not count: an hour before the admission, 100 s before the freeze.
      object: moments.published(
        { spec: { activeDeadlineSeconds: 60 } },
        {
          startedAt: at(-3600),
          queue: { gate: 'Freeze', since: at(20), until: at(120) },
          ...phases(['Pending', -3600], ['Preflight', 0], ['Preparing', 10], ['Freezing', 120]),
          decision: decision('Freeze', {
            specDigest: specDigest(migration({}, { spec: { activeDeadlineSeconds: 60 } }).spec),
          }),
        },
      ),
      seen: seen({ seconds: 160 }),
      step: { do: 'Revoke', reason: 'DeadlineExceeded' },
      says: ['spec.activeDeadlineSeconds (60)'],
    },
  ],
  GiveUpPhaseDeadline: [
    {
      object: moments.preflight(),
      seen: seen({ seconds: 120 }),
      step: { do: 'Refuse', reason: 'PreflightTimedOut' },
      says: ['Preflight', '120 s', 'node-a'],
    },
    {
      // Its clock begins with the phase, not with the migration.
      object: moments.preparing(),
      seen: seen({ seconds: 250 }),
      step: { do: 'Revoke', reason: 'PrepareTimedOut' },
      says: ['Preparing', '240 s', 'node-a to describe the container'],
    },
    {
      object: moments.freezing(),
      seen: seen({ seconds: 200 }),
      step: { do: 'Revoke', reason: 'FreezeTimedOut' },
      says: ['Freezing', '180 s', 'node-a', 'node-b'],
    },
    {
      // Nobody fails, but a node does not report, and so nothing is frozen.
      object: moments.prepared(),
      seen: seen({ seconds: 250, source: SILENT }),
      step: { do: 'Revoke', reason: 'PrepareTimedOut' },
      says: ['node-a', 'stopped reporting'],
    },
  ],
  AwaitStep: [
    {
      object: moments.preflight(),
      step: { do: 'Wait', untilMs: atMs(11) },
      says: ['node-a to look'],
    },
    {
      object: moments.preflight({}, { source: source('Preflighted'), target: target('Pending', retry(1)) }),
      step: { do: 'Wait', untilMs: atMs(11) },
      says: ['node-b to look', 'failed once and is tried again', 'the dump failed'],
    },
    {
      object: moments.preparing({}, { source: source('Prepared') }),
      seen: seen({ seconds: 245 }),
      step: { do: 'Wait', untilMs: atMs(250) },
      says: ['node-b to create the container'],
    },
    {
      object: moments.freezing({}, { source: source('Prepared', retry(3)) }),
      seen: seen({ seconds: 30 }),
      step: { do: 'Wait', untilMs: atMs(40) },
      says: ['node-a to freeze the container, which failed 3 times', 'node-b to claim it'],
    },
  ],
  RefuseChecks: [
    {
      object: moments.preflight({}, { source: source('Preflighted', { checks: [blocking] }) }),
      step: { do: 'Refuse', reason: 'ImageMissing' },
      says: ['node-a: no image'],
    },
    {
      object: moments.preflight(
        {},
        {
          source: source('Preflighted', { checks: [] }),
          target: target('Preflighted', { checks: [warning, blocking, { ...blocking, message: 'no name' }] }),
        },
      ),
      step: { do: 'Refuse', reason: 'ImageMissing' },
      says: ['node-b: no image; node-b: no name'],
    },
  ],
};
