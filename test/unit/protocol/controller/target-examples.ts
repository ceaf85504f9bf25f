import type { MigrationRequest } from '../../../../src/api/types';
import type { TargetPool } from '../../../../src/protocol/controller/choose-target';
import type { ControllerObservation } from '../../../../src/protocol/controller/step';
import { candidate, requested } from '../../../lib/candidate';
import { STARTED_AT } from '../../../lib/migration';
import type { Examples } from '../example';
import { atMs, NO_NODE, seen } from './observations';

type Branch = 'PickTarget' | 'RefuseNoTarget' | 'AwaitTargetNode';

const pool = (...nodes: TargetPool['nodes']): TargetPool => ({ nodes, loads: new Map() });

/** After so many seconds, with these nodes to pick from. */
const after = (seconds: number, from?: TargetPool): ControllerObservation => ({
  ...seen({ seconds, target: NO_NODE }),
  ...(from === undefined ? {} : { pool: from }),
});

const begun = requested({}, { status: { startedAt: STARTED_AT } });
const cordoned = pool(candidate('node-a'), candidate('node-b', { isCordoned: true }));

/** Where to, for a migration that does not say it. */
export const targetExamples: Examples<Branch, ControllerObservation, MigrationRequest> = {
  PickTarget: [
    {
      object: requested(),
      seen: after(1, pool(candidate('node-a'), candidate('node-b'))),
      step: { do: 'PickTarget', nodeName: 'node-b', why: 'the only node that fits' },
    },
    {
      // After the deadline, when one fits at last.
      object: begun,
      seen: after(61, pool(candidate('node-b'), candidate('node-a'))),
      step: { do: 'PickTarget', nodeName: 'node-b', why: 'the only node that fits' },
    },
  ],
  RefuseNoTarget: [
    {
      object: begun,
      seen: after(60, cordoned),
      step: { do: 'Refuse', reason: 'NoTargetNode' },
      says: ['spec.target.nodeName', 'node-b: cordoned'],
    },
  ],
  AwaitTargetNode: [
    {
      object: begun,
      seen: after(20, cordoned),
      step: { do: 'Wait', reason: 'NoTargetNode', untilMs: atMs(25) },
      says: ['node-b: cordoned', 'kubectl uncordon'],
    },
    {
      object: begun,
      seen: after(58, pool(candidate('node-a'))),
      step: { do: 'Wait', reason: 'NoTargetNode', untilMs: atMs(60) },
      says: ['there is no other node'],
    },
    {
      // The nodes were not looked at yet.
      object: begun,
      seen: after(1),
      step: { do: 'Wait', reason: 'NoTargetNode', untilMs: atMs(6) },
      says: ['node-a has not said yet'],
    },
  ],
};
