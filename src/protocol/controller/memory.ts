import type { ContainerMigration, Status } from '../../api/types';
import type { ControllerObservation, ControllerStep } from './step';
import { howToFence, lastFailure, RECHECK_MS, waitFor } from './waiting';

/** The container runs on the target, and the checkpoint must be there until all of its memory is. */
export function awaitMemory({ spec, status }: ContainerMigration, seen: ControllerObservation): ControllerStep {
  const { nodeName } = spec.target;
  if (seen.target.outOfService) return endFenced(spec, status, seen);
  const rest = `the rest of the container's memory, which runs on ${nodeName} already`;
  if (!seen.target.agentAlive) {
    const waitsFor = `${rest}, but its agent does not report; ${howToFence(nodeName, seen.target)}`;
    return waitFor('AwaitUnreachableMemory', waitsFor, seen, 'TargetUnreachable');
  }
  return waitFor('AwaitMemory', `${rest}${lastFailure(status.target)}`, seen, 'MemoryArriving');
}

/** Nobody is left who could say that the memory is complete; the original must not stand frozen for ever. */
function endFenced(
  { source: { nodeName: from }, target: { nodeName } }: ContainerMigration['spec'],
  status: Status,
  seen: ControllerObservation,
): ControllerStep {
  const lost =
    `node ${nodeName} was put out of service while the container ran there and its memory was still being brought in: ` +
    'the container is gone, and is not woken up a second time';
  if (status.source?.state === 'Released' || seen.source.outOfService) {
    const message = `${lost}; ${whatIsLeft(status)}`;
    return { do: 'Finish', because: 'FinishMemoryFenced', phase: 'Failed', reason: 'MemoryLost', message };
  }
  const away = seen.source.agentAlive ? '' : `, whose agent does not report; ${howToFence(from, seen.source)}`;
  const waitsFor = `${from} to end the frozen original${away}; ${lost}${lastFailure(status.source)}`;
  return {
    do: 'Wait',
    because: 'AbandonMemory',
    waitsFor,
    untilMs: seen.nowMs + RECHECK_MS,
    reason: 'MemoryLost',
    memoryLost: true,
  };
}

/** The end of a migration whose container was lost after it had run on. */
export function memoryLost({ spec, status }: ContainerMigration): ControllerStep {
  const { reason = 'MemoryLost', message = 'its memory was lost' } = status.target?.error ?? {};
  return {
    do: 'Finish',
    because: 'FinishMemoryLost',
    phase: 'Failed',
    reason,
    message: `the container ran on ${spec.target.nodeName} and was ended there: ${message}; ${whatIsLeft(status)}`,
  };
}

/** For a person who has to decide what becomes of it. */
function whatIsLeft({ source }: Status): string {
  const { containerName = '', nodeName = 'the source', checkpoint } = source ?? {};
  return (
    `container ${containerName} on ${nodeName} is kept as it was when it was frozen, ended, with its files` +
    (checkpoint === undefined ? '' : `, and its memory of then in ${checkpoint.path} on the volume`) +
    '; start it there anew, without what it had in memory'
  );
}
