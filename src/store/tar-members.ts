import type { FileHandle } from 'node:fs/promises';
import { ReasonedError, reasonOf } from '../runtime/errors';
import { withOwnFile } from './regular-file';
import { isZero, readTarHeader, TAR_BLOCK_BYTES } from './tar-headers';
import { volumeError } from './volume-errors';

/** A member of an archive of ours (GNU tar, --format=posix), without its content. */
export interface TarMember {
  /** Below the directory that was packed, which is '' itself. Each character stands for a byte. */
  readonly path: string;
  /** `0` a file, `1` a hard link, `2` a symlink, `3` and `4` devices, `5` a directory, `6` a FIFO. */
  readonly type: string;
  /** What a hard link is one to, below the directory. */
  readonly linkPath: string;
  /** When anything about it had last changed, in seconds with nanoseconds; undefined when that is not told. */
  readonly changedAt: string | undefined;
  /** The names of its extended attributes. */
  readonly xattrs: readonly string[];
}

const WINDOW_BYTES = 256 * 1024;
const MAX_PAX_BYTES = 1024 * 1024;
/** What the container's files may be; an archive of ours holds nothing else. */
const TYPES = ['0', '1', '2', '3', '4', '5', '6'];
const XATTR = 'SCHILY.xattr.';

/**
 * All members of an archive, in their order. Reads the headers, not what is between them.
 * @throws ReasonedError CheckpointCorrupt, or with a VolumeFault as reason
 */
export async function readMembers(archive: string): Promise<readonly TarMember[]> {
  try {
    return await withOwnFile(archive, async (file) => {
      const members: TarMember[] = [];
      for await (const member of membersOf(createReader(file), archive)) members.push(member);
      return members;
    });
  } catch (error) {
    if (!['ImageArchiveInvalid', 'NotARegularFile'].includes(reasonOf(error, ''))) throw volumeError(archive, error);
    throw corrupt(archive, 'it is not a plain tar archive', error);
  }
}

type Reader = (position: number, bytes: number) => Promise<Buffer>;

/** Headers lie close together where the files are small. */
function createReader(file: FileHandle): Reader {
  let window = Buffer.alloc(0);
  let start = 0;
  return async (position, bytes) => {
    if (position < start || position + bytes > start + window.length) {
      const buffer = Buffer.allocUnsafe(Math.max(WINDOW_BYTES, bytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      window = buffer.subarray(0, bytesRead);
      start = position;
    }
    return window.subarray(position - start, position - start + bytes);
  };
}

async function* membersOf(read: Reader, archive: string): AsyncGenerator<TarMember> {
  let pax: ReadonlyMap<string, string> = new Map();
  for (let position = 0; ;) {
    const block = await read(position, TAR_BLOCK_BYTES);
    if (block.length < TAR_BLOCK_BYTES) throw corrupt(archive, 'it is cut off');
    if (isZero(block)) return;
    const { name, type, sizeBytes } = readTarHeader(block);
    const linkName = textOf(block.subarray(157, 257));
    position += TAR_BLOCK_BYTES;
    if (type === 'x') {
      if (sizeBytes > MAX_PAX_BYTES) throw corrupt(archive, 'a header is too large');
      pax = parsePax(await read(position, sizeBytes), archive);
    } else {
      if (!TYPES.includes(type)) throw corrupt(archive, `it holds a member of type ${JSON.stringify(type)}`);
      yield memberOf({ name, type, linkName }, pax);
    }
    const size = type === 'x' ? sizeBytes : Number(pax.get('size') ?? sizeBytes);
    position += Math.ceil(size / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
    if (!Number.isSafeInteger(position)) throw corrupt(archive, 'a member has no size');
    if (type !== 'x') pax = new Map();
  }
}

function memberOf(
  { name, type, linkName }: { readonly name: string; readonly type: string; readonly linkName: string },
  pax: ReadonlyMap<string, string>,
): TarMember {
  return {
    path: plain(pax.get('GNU.sparse.name') ?? pax.get('path') ?? name),
    type,
    linkPath: type === '1' ? plain(pax.get('linkpath') ?? linkName) : '',
    changedAt: pax.get('ctime'),
    xattrs: [...pax.keys()].filter((key) => key.startsWith(XATTR)).map((key) => key.slice(XATTR.length)),
  };
}

/** `./a/b/` is `a/b`, and `./` is ''. */
function plain(name: string): string {
  return name.replace(/^\.(\/|$)/, '').replace(/\/$/, '');
}

/** Records of the form `<length> <key>=<value>\n`; the length counts bytes, and all of the record. */
function parsePax(content: Buffer, archive: string): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let rest = content.toString('latin1'); rest !== '';) {
    const [head = '', length = ''] = /^([1-9]\d{0,6}) /.exec(rest) ?? [];
    const record = rest.slice(head.length, Number(length));
    const equals = record.indexOf('=');
    if (head === '' || equals < 1 || !record.endsWith('\n')) throw corrupt(archive, 'a header cannot be read');
    records.set(record.slice(0, equals), record.slice(equals + 1, -1));
    rest = rest.slice(Number(length));
  }
  return records;
}

function textOf(field: Buffer): string {
  const text = field.toString('latin1');
  const nul = text.indexOf('\0');
  return nul === -1 ? text : text.slice(0, nul);
}

function corrupt(archive: string, what: string, cause?: unknown): ReasonedError {
  return new ReasonedError('CheckpointCorrupt', `${archive} is no archive of ours: ${what}`, { cause });
}
