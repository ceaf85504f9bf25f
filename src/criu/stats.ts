import { readFields } from './protobuf';

/** What CRIU measured of a restore, from the file `stats-restore` in its work directory. */
export interface RestoreStats {
  /** From CRIU's start until all processes existed. */
  readonly restoreMs: number;
  /** Pages of memory that were filled from the images. */
  readonly pagesRestored: number | undefined;
}

/** Two magic numbers and the length of the message, 32 bits each (CRIU, Documentation: images). */
const HEADER_BYTES = 12;
/** Field numbers of CRIU's images/stats.proto. */
const RESTORE_STATS_FIELD = 2;
const RESTORE_TIME_FIELD = 4;
const PAGES_RESTORED_FIELD = 5;

/** Undefined when the file is not what CRIU writes after a restore that went well. */
export function parseRestoreStats(file: Uint8Array): RestoreStats | undefined {
  const restore = readFields(file.subarray(HEADER_BYTES))?.get(RESTORE_STATS_FIELD);
  const fields = restore instanceof Uint8Array ? readFields(restore) : undefined;
  const numberOf = (field: number): number | undefined => {
    const value = fields?.get(field);
    return typeof value === 'number' ? value : undefined;
  };
  const restoreMicroseconds = numberOf(RESTORE_TIME_FIELD);
  if (restoreMicroseconds === undefined) return undefined;
  return { restoreMs: restoreMicroseconds / 1000, pagesRestored: numberOf(PAGES_RESTORED_FIELD) };
}
