/** What stands against a promise of docs/protocol.md. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** The API server was not reached, or said no: the visit ends, and the next one looks again. */
export class NoAnswer extends Error {}
export const UNREACHABLE = new NoAnswer('the API server does not answer');
export const CONFLICT = new NoAnswer('409: the object changed');
export const NOT_FOUND = new NoAnswer('404');

/** A step failed. Made once each: stacks cost more than everything else here. */
export class StepFailure extends Error {
  constructor(
    readonly reason: string,
    readonly passing: boolean,
  ) {
    super(reason);
  }
}
export const PASSING = new StepFailure('Hiccup', true);
export const LASTING = new StepFailure('Broken', false);
export const DAEMON_DOWN = new StepFailure('DockerUnavailable', true);
export const VOLUME_DOWN = new StepFailure('VolumeUnavailable', true);
export const VOLUME_FULL = new StepFailure('VolumeFull', true);
export const CORRUPT = new StepFailure('CheckpointCorrupt', false);
export const INTERRUPTED = new StepFailure('RestoreInterrupted', false);
export const WAKE_FAILED = new StepFailure('WakeFailed', true);
export const STILL_RUNS = new StepFailure('TargetNotCleaned', true);
export const RESERVED = new StepFailure('ContainerReserved', false);
export const NOT_RUNNING = new StepFailure('NotRunning', true);
