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

/** The fields of a protobuf message that has only numbers and messages, as CRIU's statistics do. */
function readFields(message: Uint8Array): Map<number, number | Uint8Array> | undefined {
  const fields = new Map<number, number | Uint8Array>();
  let offset = 0;
  const readVarint = (): number | undefined => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = message[offset++];
      if (byte === undefined || scale > Number.MAX_SAFE_INTEGER) return undefined;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (offset < message.length) {
    const tag = readVarint();
    const value = readVarint();
    if (tag === undefined || value === undefined) return undefined;
    const field = Math.floor(tag / 8);
    if (tag % 8 === 0) {
      fields.set(field, value);
    } else if (tag % 8 === 2 && offset + value <= message.length) {
      fields.set(field, message.subarray(offset, offset + value));
      offset += value;
    } else {
      return undefined;
    }
  }
  return fields;
}
