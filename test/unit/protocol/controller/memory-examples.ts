import type { ControllerBranch } from '../../../../src/protocol/branches';
import type { ControllerObservation } from '../../../../src/protocol/controller/step';
import { checkpoint, source, target } from '../../../lib/migration';
import type { Examples } from '../example';
import { atMs, DELETED, FENCED, moments, seen, SILENT } from './observations';

type Branch = Extract<ControllerBranch, `${string}Memory${string}`>;

const pending = { target: target('Restored', { lazyPages: 'Pending' }) };
const pageServerLost = { reason: 'PageServerLost', message: 'the page server was killed' };
const lost = { target: target('Settled', { lazyPages: 'Lost', error: pageServerLost }) };
const kept = source('Released', { checkpoint, containerName: 'looper' });

/** Where a container runs before its memory is there. */
export const memoryExamples: Examples<Branch, ControllerObservation> = {
  AwaitMemory: [
    {
      object: moments.restored({}, pending),
      seen: seen({ seconds: 40 }),
      step: { do: 'Wait', reason: 'MemoryArriving', untilMs: atMs(50) },
      says: ['the rest of the container', 'runs on node-b already'],
    },
    {
      object: moments.restored(DELETED, pending),
      seen: seen({ seconds: 40, source: FENCED }),
      step: { do: 'Wait', reason: 'MemoryArriving', untilMs: atMs(50) },
      says: ['runs on node-b already'],
    },
  ],
  AwaitUnreachableMemory: [
    {
      object: moments.restored({}, pending),
      seen: seen({ seconds: 40, target: SILENT }),
      step: { do: 'Wait', reason: 'TargetUnreachable', untilMs: atMs(50) },
      says: ['does not report', 'kubectl taint node node-b'],
    },
  ],
  AbandonMemory: [
    {
      object: moments.restored({}, pending),
      seen: seen({ seconds: 40, target: FENCED }),
      step: { do: 'Wait', reason: 'MemoryLost', memoryLost: true, untilMs: atMs(50) },
      says: ['node-a to end the frozen original', 'not woken up a second time'],
    },
    {
      object: moments.restored(DELETED, pending),
      seen: seen({ seconds: 40, target: FENCED, source: SILENT }),
      step: { do: 'Wait', reason: 'MemoryLost', memoryLost: true, untilMs: atMs(50) },
      says: ['kubectl taint node node-a'],
    },
  ],
  FinishMemoryFenced: [
    {
      object: moments.restored({}, { ...pending, source: kept }),
      seen: seen({ seconds: 40, target: FENCED }),
      step: { do: 'Finish', phase: 'Failed', reason: 'MemoryLost' },
      says: ['not woken up a second time', 'container looper on node-a is kept'],
    },
    {
      object: moments.restored({}, pending),
      seen: seen({ seconds: 40, target: FENCED, source: FENCED }),
      step: { do: 'Finish', phase: 'Failed', reason: 'MemoryLost' },
      says: ['not woken up a second time', 'node-a', checkpoint.path],
    },
  ],
  FinishMemoryLost: [
    {
      object: moments.settled({}, { ...lost, source: kept }),
      step: { do: 'Finish', phase: 'Failed', reason: 'PageServerLost' },
      says: ['the page server was killed', 'container looper on node-a is kept', checkpoint.path],
    },
    {
      object: moments.settled({}, lost),
      seen: seen({ seconds: 40, source: FENCED }),
      step: { do: 'Finish', phase: 'Failed', reason: 'PageServerLost' },
      says: ['was ended there'],
    },
  ],
};
