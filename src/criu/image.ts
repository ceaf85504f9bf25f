/** Two magic numbers of 32 bits, before the messages: that of all images, and that of the kind (CRIU, magic.h). */
const HEADER_BYTES = 8;
const LENGTH_BYTES = 4;
const COMMON_MAGIC = 0x54564319;

/** Which image a file is, by its second magic number. */
export const MAGIC = { pstree: 0x50273030, core: 0x55053847, mm: 0x57492820 } as const;

/** True when a file begins as CRIU begins an image of that kind. */
export function isImage(image: Uint8Array, kind: keyof typeof MAGIC): boolean {
  if (image.length < HEADER_BYTES) return false;
  const view = viewOf(image);
  return view.getUint32(0, true) === COMMON_MAGIC && view.getUint32(4, true) === MAGIC[kind];
}

/** The messages of an image, each after its length in 32 bits; undefined when it ends in the middle of one. */
export function messagesOf(image: Uint8Array): Uint8Array[] | undefined {
  const messages: Uint8Array[] = [];
  const view = viewOf(image);
  for (let offset = HEADER_BYTES; offset < image.length;) {
    if (offset + LENGTH_BYTES > image.length) return undefined;
    const begin = offset + LENGTH_BYTES;
    const end = begin + view.getUint32(offset, true);
    if (end > image.length) return undefined;
    messages.push(image.subarray(begin, end));
    offset = end;
  }
  return messages;
}

/** As much of the first message as was read of the file. */
export function beginningOfMessage(image: Uint8Array): Uint8Array {
  const begin = HEADER_BYTES + LENGTH_BYTES;
  return image.length < begin
    ? new Uint8Array()
    : image.subarray(begin, begin + viewOf(image).getUint32(HEADER_BYTES, true));
}

const viewOf = (image: Uint8Array): DataView => new DataView(image.buffer, image.byteOffset, image.byteLength);
