import { ReasonedError } from '../runtime/errors';

export const TAR_BLOCK_BYTES = 512;

/** One header of a tar archive (posix ustar), as it stands there: what a pax header before it says is not applied. */
export interface TarHeader {
  readonly name: string;
  /** `0` a file, `5` a directory, `x` a pax header for the next entry… */
  readonly type: string;
  readonly sizeBytes: number;
}

const CHECKSUM = { start: 148, end: 156 } as const;

/** True for a block of zeros: two of them end an archive. */
export function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads the header in a block of 512 bytes. A size of 8 GiB or more stands in a pax header; GNU's binary form of it is
 * refused, as Docker does not write it.
 * @throws ReasonedError ImageArchiveInvalid
 */
export function readTarHeader(block: Buffer): TarHeader {
  const text = (start: number, end: number): string => {
    const field = block.toString('utf8', start, end);
    const nul = field.indexOf('\0');
    return nul === -1 ? field : field.slice(0, nul);
  };
  const octal = (start: number, end: number): number => {
    const digits = text(start, end).trim();
    return /^[0-7]{1,12}$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  };
  const { start, end } = CHECKSUM;
  let sum = 0;
  // The sum is taken with blanks in its own place.
  for (const [index, byte] of block.entries()) sum += index >= start && index < end ? 0x20 : byte;
  // Not GNU's: what that means by the same fields differs from reader to reader.
  const isPosix = block.toString('latin1', 257, 265) === 'ustar\x0000';
  if (!isPosix || octal(start, end) !== sum) throw invalid('it is not a plain tar archive');
  const sizeBytes = octal(124, 136);
  if (!Number.isSafeInteger(sizeBytes)) throw invalid('an entry has no size');
  const prefix = text(345, 500);
  const type = text(156, 157);
  return {
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    type: type === '' ? '0' : type,
    sizeBytes,
  };
}

/** What Docker's pax headers may say: nothing that names another file. */
const PAX_KEYS = ['size', 'mtime', 'atime', 'ctime'];

/**
 * The size that a pax header gives the next entry; undefined when it gives none.
 * @throws ReasonedError ImageArchiveInvalid
 */
export function paxSize(content: Buffer): number | undefined {
  let size: number | undefined;
  let rest = content.toString('utf8');
  while (rest !== '') {
    const [, length = ''] = /^([1-9]\d{0,5}) /.exec(rest) ?? [];
    const record = rest.slice(length.length + 1, Number(length));
    const [, key = '', value = ''] = /^([a-zA-Z.]+)=([\x20-\x7e]*)\n$/.exec(record) ?? [];
    if (!PAX_KEYS.includes(key)) throw invalid('a pax header says something that no image needs');
    if (key === 'size') size = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    rest = rest.slice(Number(length));
  }
  if (size !== undefined && !Number.isSafeInteger(size)) throw invalid('an entry has no size');
  return size;
}

/** An archive that is not one image as Docker saves it. */
export function invalid(what: string): ReasonedError {
  return new ReasonedError('ImageArchiveInvalid', `the archive of the image is not what Docker saves: ${what}`);
}
