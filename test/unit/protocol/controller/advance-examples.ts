import { specDigest } from '../../../../src/api/spec-digest';
import type { ControllerBranch } from '../../../../src/protocol/branches';
import type { ControllerObservation } from '../../../../src/protocol/controller/step';
import { decision, migration, source, target } from '../../../lib/migration';
import type { Examples } from '../example';
import { at, atMs, moments, placeAt, queued, seen, SILENT } from './observations';

type Branch = Extract<
  ControllerBranch,
  'EndAfterPreflight' | 'RefuseNoDriver' | `AdvanceTo${string}` | 'HoldFreeze' | 'AwaitFreezeTurn'
>;

const warning = { reason: 'BindMountNotCarried', message: 'mind the files', blocking: false };

/** Between the admission and the freeze, when both agents have done a step: the next one is granted, or has to wait. */
export const advanceExamples: Examples<Branch, ControllerObservation> = {
  EndAfterPreflight: [
    {
      object: moments.preflight(
        { spec: { mode: 'Preflight' } },
        {
          decision: decision('Preflight', {
            specDigest: specDigest(migration({}, { spec: { mode: 'Preflight' } }).spec),
          }),
          source: source('Preflighted', { checks: [] }),
          target: target('Preflighted', { checks: [warning] }),
        },
      ),
      step: { do: 'Finish', phase: 'Checked', reason: 'PreflightPassed' },
      says: ['node-a', 'node-b', 'nothing was touched'],
    },
  ],
  RefuseNoDriver: [
    {
      object: moments.preflight(
        {},
        {
          source: source('Preflighted', { checks: [], drivers: [{ name: 'docker' }] }),
          target: target('Preflighted', { checks: [] }),
        },
      ),
      step: { do: 'Refuse', reason: 'NoCommonDriver' },
      says: ['no driver'],
    },
  ],
  AdvanceToPrepare: [
    {
      object: moments.preflight(
        {},
        { source: source('Preflighted', { checks: [] }), target: target('Preflighted', { checks: [warning] }) },
      ),
      step: { do: 'Advance', to: 'Prepare', driver: { name: 'runc', because: 'spec.driver names runc' } },
    },
  ],
  HoldFreeze: [
    {
      // The hour that it waited for its turn counts for no deadline.
      object: moments.prepared({}, { queue: { gate: 'Freeze', since: at(20), until: at(3620) } }),
      seen: seen({ seconds: 3640, target: SILENT }),
      step: { do: 'Wait', reason: 'NodeWithoutAgent', untilMs: atMs(3650) },
      says: ['node-b', 'stopped reporting'],
    },
    {
      object: moments.prepared(),
      seen: seen({ seconds: 20, target: SILENT }),
      step: { do: 'Wait', reason: 'NodeWithoutAgent', untilMs: atMs(30) },
      says: ['node-b', 'stopped reporting'],
    },
    {
      object: moments.prepared(),
      seen: seen({ seconds: 20, source: SILENT }),
      step: { do: 'Wait', reason: 'NodeWithoutAgent', untilMs: atMs(30) },
      says: ['node-a'],
    },
  ],
  AwaitFreezeTurn: [
    {
      object: moments.prepared(),
      seen: queued('Freeze', { seconds: 20, ahead: 3 }),
      step: { do: 'Wait', reason: 'Queued', untilMs: atMs(30), place: placeAt('Freeze', 3) },
      says: ['its turn to be frozen', 'node-a or node-b', 'controller.maxFrozenPerNode: 2', 'at least 3 others wait'],
    },
    {
      // An hour later: no deadline runs while it waits.
      object: moments.prepared({}, { queue: { gate: 'Freeze', since: at(20), ahead: 3 } }),
      seen: queued('Freeze', { seconds: 3620 }),
      step: { do: 'Wait', reason: 'Queued', untilMs: atMs(3630), place: placeAt('Freeze') },
      says: ['it is the next'],
    },
  ],
  AdvanceToFreeze: [{ object: moments.prepared(), seen: seen({ seconds: 20 }), step: { do: 'Advance', to: 'Freeze' } }],
};
