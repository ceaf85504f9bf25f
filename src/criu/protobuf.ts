/** One field of a message: its number, and what it holds. */
export type Field = readonly [number: number, value: number | Uint8Array];

/** A varint of 64 bits takes so many bytes. */
const MAX_VARINT_BYTES = 10;

/**
 * The fields of a protobuf message that has only numbers, texts and messages, as those of CRIU that are read here; of
 * one that is repeated the last. Undefined when it is none. Numbers above 2^53 are not exact.
 */
export function readFields(message: Uint8Array): Map<number, number | Uint8Array> | undefined {
  const fields = listFields(message);
  return fields === undefined ? undefined : new Map(fields);
}

/**
 * The same in their order, one that is repeated as often as it is there.
 * @param upTo the message may be cut anywhere behind its last field of this number, for fields come in order of theirs
 */
export function listFields(message: Uint8Array, upTo = Infinity): Field[] | undefined {
  const fields: Field[] = [];
  let offset = 0;
  const readVarint = (): number | undefined => {
    for (let value = 0, scale = 1, bytes = 0; ; scale *= 128, bytes++) {
      const byte = message[offset++];
      if (byte === undefined || bytes >= MAX_VARINT_BYTES) return undefined;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (offset < message.length) {
    const tag = readVarint();
    if (tag === undefined) return undefined;
    const field = Math.floor(tag / 8);
    if (field > upTo) break;
    const value = readVarint();
    if (value === undefined) return undefined;
    if (tag % 8 === 0) {
      fields.push([field, value]);
    } else if (tag % 8 === 2 && offset + value <= message.length) {
      fields.push([field, message.subarray(offset, offset + value)]);
      offset += value;
    } else {
      return undefined;
    }
  }
  return fields;
}
