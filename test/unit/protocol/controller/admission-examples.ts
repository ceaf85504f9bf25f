import { ADMITTED_UID } from '../../../../src/api/types';
import type { ControllerBranch } from '../../../../src/protocol/branches';
import type { ControllerObservation } from '../../../../src/protocol/controller/step';
import { decision, STARTED_AT } from '../../../lib/migration';
import type { Examples } from '../example';
import {
  atMs,
  CANCELLED,
  CHANGED,
  DELETED,
  FENCED,
  moments,
  NO_NODE,
  placeAt,
  queued,
  seen,
  SILENT,
} from './observations';

const OTHER_UID = 'ffffffff-89ab-cdef-0123-456789abcdef';
const ofAnother = { decision: decision('Freeze', { migrationUID: OTHER_UID }) };
const annotated = { metadata: { annotations: { [ADMITTED_UID]: OTHER_UID } } };
const refusedCopy = { phase: 'Failed', reason: 'CopyOfMigration' } as const;
const nothingIsDone = { do: 'Rest' };

type Branch = Extract<
  ControllerBranch,
  | `${string}Copy${string}`
  | 'LetGo'
  | 'Acknowledge'
  | 'Rest'
  | 'LetUnadmittedGo'
  | 'Refuse'
  | 'RefuseCancelled'
  | 'RefuseSpec'
  | 'RefuseNode'
  | 'RefuseFencedNode'
  | 'AwaitAgent'
  | 'RefuseNodeWithoutAgent'
  | 'AwaitTurn'
  | 'Admit'
>;

/** Copies, ends, and what is decided before anything was touched. */
export const admissionExamples: Examples<Branch, ControllerObservation> = {
  LetCopyGo: [
    { object: moments.claimed(DELETED, ofAnother), step: { do: 'LetGo' } },
    { object: moments.created({ metadata: { ...annotated.metadata, ...DELETED.metadata } }), step: { do: 'LetGo' } },
  ],
  RestCopy: [{ object: moments.created(annotated, refusedCopy), step: nothingIsDone }],
  RefuseCopy: [
    {
      object: moments.claimed({}, ofAnother),
      step: { do: 'Refuse', reason: 'CopyOfMigration' },
      says: ['another UID', 'create a new ContainerMigration'],
    },
    {
      // What `kubectl get -o yaml | kubectl apply` leaves: no status, but the annotation.
      object: moments.created(annotated),
      step: { do: 'Refuse', reason: 'CopyOfMigration' },
      says: ['annotations of transship.dev'],
    },
  ],
  LetGo: [
    { object: moments.released(DELETED, { phase: 'Succeeded' }), step: { do: 'LetGo' } },
    { object: moments.created(DELETED, { phase: 'Failed' }), step: { do: 'LetGo' } },
  ],
  Acknowledge: [
    {
      object: moments.released(
        { metadata: { generation: 2 }, ...CHANGED },
        { phase: 'Succeeded', observedGeneration: 1 },
      ),
      step: { do: 'Acknowledge' },
    },
  ],
  Rest: [
    { object: moments.released({}, { phase: 'Succeeded', observedGeneration: 1 }), step: nothingIsDone },
    // Even without its decision, and with nodes that could take it again.
    { object: moments.created({}, { phase: 'Failed', observedGeneration: 1 }), step: nothingIsDone },
    { object: moments.preparing({}, { phase: 'RolledBack', observedGeneration: 1 }), step: nothingIsDone },
  ],
  LetUnadmittedGo: [{ object: moments.created(DELETED), step: { do: 'LetGo' } }],
  RefuseCancelled: [
    { object: moments.created(CANCELLED), step: { do: 'Refuse', reason: 'Cancelled' }, says: ['spec.cancel'] },
  ],
  RefuseSpec: [
    {
      object: moments.created({ spec: { target: { nodeName: 'node-a' } } }),
      step: { do: 'Refuse', reason: 'SourceEqualsTarget' },
      says: ['node-a', 'spec.target.nodeName'],
    },
  ],
  RefuseNode: [
    {
      object: moments.created(),
      seen: seen({ source: NO_NODE }),
      step: { do: 'Refuse', reason: 'NodeNotFound' },
      says: ['node-a', 'spec.source.nodeName', 'kubectl get nodes'],
    },
    {
      object: moments.created(),
      seen: seen({ target: NO_NODE }),
      step: { do: 'Refuse', reason: 'NodeNotFound' },
      says: ['node-b', 'spec.target.nodeName'],
    },
  ],
  RefuseFencedNode: [
    {
      object: moments.created(),
      seen: seen({ source: FENCED }),
      step: { do: 'Refuse', reason: 'NodeOutOfService' },
      says: ['node-a', 'node.kubernetes.io/out-of-service'],
    },
    {
      object: moments.created(),
      seen: seen({ target: FENCED }),
      step: { do: 'Refuse', reason: 'NodeOutOfService' },
      says: ['node-b'],
    },
  ],
  AwaitAgent: [
    {
      object: moments.created({}, { startedAt: STARTED_AT }),
      seen: seen({ seconds: 20, target: SILENT }),
      step: { do: 'Wait', reason: 'NodeWithoutAgent', untilMs: atMs(30) },
      says: ['node-b', 'DaemonSet'],
    },
    {
      object: moments.created({}, { startedAt: STARTED_AT }),
      seen: seen({ seconds: 55, source: SILENT }),
      step: { do: 'Wait', reason: 'NodeWithoutAgent', untilMs: atMs(60) },
      says: ['node-a'],
    },
    {
      // Made an hour ago, while no controller ran, or by a clock that is wrong: its minute begins now.
      object: moments.created(),
      seen: seen({ seconds: 3600, source: SILENT }),
      step: { do: 'Wait', reason: 'NodeWithoutAgent', untilMs: atMs(3610) },
      says: ['node-a'],
    },
  ],
  RefuseNodeWithoutAgent: [
    {
      object: moments.created({}, { startedAt: STARTED_AT }),
      seen: seen({ seconds: 60, target: SILENT }),
      step: { do: 'Refuse', reason: 'NodeWithoutAgent' },
      says: ['node-b', 'spec.target.nodeName', 'transship-agent'],
    },
  ],
  AwaitTurn: [
    {
      object: moments.created(),
      seen: queued('Admission', { ahead: 1 }),
      step: { do: 'Wait', reason: 'Queued', untilMs: atMs(11), place: placeAt('Admission', 1) },
      says: ['its turn to begin', 'node-a or node-b', 'controller.maxMigrationsPerNode: 2', '1 other waits before it'],
    },
    {
      // Days later: no deadline runs while it waits.
      object: moments.created({}, { startedAt: STARTED_AT, queue: { gate: 'Admission', since: STARTED_AT, ahead: 3 } }),
      seen: queued('Admission', { seconds: 500_000 }),
      step: { do: 'Wait', reason: 'Queued', untilMs: atMs(500_010), place: placeAt('Admission') },
      says: ['it is the next'],
    },
  ],
  Admit: [{ object: moments.created(), step: { do: 'Admit' } }],
};
