import { readFields } from './protobuf';

/** What CRIU measured of a restore, from the file `stats-restore` in its work directory. */
export interface RestoreStats {
  /** From CRIU's start until all processes existed. */
  readonly restoreMs: number;
}

/** Two magic numbers and the length of the message, 32 bits each (CRIU, Documentation: images). */
const HEADER_BYTES = 12;
/** Field numbers of CRIU's images/stats.proto. */
const RESTORE_STATS_FIELD = 2;
const RESTORE_TIME_FIELD = 4;

/** Undefined when the file is not what CRIU writes after a restore that went well. */
export function parseRestoreStats(file: Uint8Array): RestoreStats | undefined {
  const restore = readFields(file.subarray(HEADER_BYTES))?.get(RESTORE_STATS_FIELD);
  const fields = restore instanceof Uint8Array ? readFields(restore) : undefined;
  const restoreMicroseconds = fields?.get(RESTORE_TIME_FIELD);
  return typeof restoreMicroseconds === 'number' ? { restoreMs: restoreMicroseconds / 1000 } : undefined;
}
