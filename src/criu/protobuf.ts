/**
 * The fields of a protobuf message that has only numbers, texts and messages, as those of CRIU that are read here; of
 * one that is repeated the last. Undefined when it is none.
 */
export function readFields(message: Uint8Array): Map<number, number | Uint8Array> | undefined {
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
