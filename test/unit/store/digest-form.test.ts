/** Digests of large files, taken in pieces by several threads. */
import fc from 'fast-check';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../../src/store/digest';
import type { FormOptions } from '../../../src/store/digest-form';
import { PIECE_BYTES, digestBytes, digestInForm, formFor, formOf } from '../../../src/store/digest-form';
import { DigestWorkers } from '../../../src/store/digest-workers';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

// Many threads begin, on a machine that may be busy.
jest.setTimeout(60_000);

const temporary = useTemporaryDirectory();
const MIB = 1024 * 1024;
const SMALL = { pieceBytes: 1000, readBytes: 256 };
const LARGE = { pieceBytes: PIECE_BYTES, readBytes: MIB };

/** By one thread and at one go, as the form is defined. */
function expected(content: Uint8Array, pieceBytes: number): string {
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
  const pieces = Array.from({ length: Math.ceil(content.length / pieceBytes) }, (_, index) =>
    sha256(content.subarray(index * pieceBytes, (index + 1) * pieceBytes)),
  );
  return `sha256-4m:${sha256(Buffer.concat(pieces)).toString('hex')}`;
}

async function withFile<T>(content: Uint8Array, use: (file: FileHandle, path: string) => Promise<T>): Promise<T> {
  const path = join(temporary(), 'pages-1.img');
  writeFileSync(path, content);
  const file = await open(path);
  try {
    return await use(file, path);
  } finally {
    await file.close();
  }
}

const pools = new Map<number, DigestWorkers>();
function threads(count: number): DigestWorkers {
  const pool = pools.get(count) ?? new DigestWorkers({ threads: count });
  pools.set(count, pool);
  return pool;
}

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
});

const inPieces = (file: FileHandle, sizeBytes: number, options: FormOptions): Promise<string | undefined> =>
  digestInForm(file, 'sha256-4m', sizeBytes, { workers: threads(2), ...options });

test('small files have the digest of the whole, large ones that of their pieces, and each says which', () => {
  expect([0, 16 * MIB - 1, 16 * MIB].map(formFor)).toEqual(['sha256', 'sha256', 'sha256-4m']);
  expect([digestOf(''), digestBytes(Buffer.from('x'), 'sha256-4m')].map(formOf)).toEqual(['sha256', 'sha256-4m']);
});

test('the digest is the same, however many threads there are and however they read', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 9_000 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 50, max: 3_000 }),
      fc.integer({ min: 20, max: 3_000 }),
      async (content, count, pieceBytes, readBytes) => {
        const found = await withFile(content, (file) =>
          inPieces(file, content.length, { workers: threads(count), pieceBytes, readBytes }),
        );
        expect(found).toBe(expected(content, pieceBytes));
      },
    ),
    { numRuns: 60 },
  );
});

test('of bytes it is the same as of the file; also of more pieces than are taken at once', async () => {
  const content = randomBytes(2 * PIECE_BYTES + 5);
  const found = await withFile(content, (file) => inPieces(file, content.length, LARGE));
  expect(found).toBe(expected(content, PIECE_BYTES));
  expect(digestBytes(content, 'sha256-4m')).toBe(found);

  const long = content.subarray(0, 2_500);
  const options = { pieceBytes: 1, readBytes: 1 };
  expect(await withFile(long, (file) => inPieces(file, long.length, options))).toBe(expected(long, 1));
});

test('a byte that was changed anywhere changes the digest', async () => {
  const content = randomBytes(7_777);
  const before = await withFile(content, (file) => inPieces(file, content.length, SMALL));
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: content.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (index, difference) => {
        const changed = Buffer.from(content);
        changed[index] = (changed[index] ?? 0) ^ difference;
        expect(await withFile(changed, (file) => inPieces(file, changed.length, SMALL))).not.toBe(before);
      },
    ),
    { numRuns: 40 },
  );
});

test('pieces that were swapped change the digest', async () => {
  const [one, other, rest] = [randomBytes(1_000), randomBytes(1_000), randomBytes(10)];
  const of = (...parts: Buffer[]): Promise<string | undefined> =>
    withFile(Buffer.concat(parts), (file) => inPieces(file, 2_010, SMALL));
  expect(await of(one, other, rest)).not.toBe(await of(other, one, rest));
});

test.each(['sha256', 'sha256-4m'] as const)('%s of a file that is shorter or longer: none', async (form) => {
  const options = { ...SMALL, workers: threads(2) };
  const content = randomBytes(5_000);
  await withFile(content, async (file, path) => {
    truncateSync(path, 4_999);
    expect(await digestInForm(file, form, 5_000, options)).toBeUndefined();
    truncateSync(path, 0);
    expect(await digestInForm(file, form, 5_000, options)).toBeUndefined();
    appendFileSync(path, Buffer.concat([content, Buffer.from('x')]));
    expect(await digestInForm(file, form, 5_000, options)).toBeUndefined();
    expect(await digestInForm(file, form, 5_001, options)).toBeDefined();
  });
});

test('the digest of the whole is the same when a thread takes it; of a file that is shorter or longer there is none', async () => {
  const content = randomBytes(PIECE_BYTES + 5);
  const options = { workers: threads(2) };
  await withFile(content, async (file, path) => {
    expect(await digestInForm(file, 'sha256', content.length, options)).toBe(digestOf(content));
    appendFileSync(path, 'x');
    expect(await digestInForm(file, 'sha256', content.length, options)).toBeUndefined();
    truncateSync(path, content.length - 1);
    expect(await digestInForm(file, 'sha256', content.length, options)).toBeUndefined();
  });
});

test('the digest of the whole does not wait for a thread that is at something else', async () => {
  const content = randomBytes(PIECE_BYTES + 5);
  const workers = threads(1);
  await withFile(content, async (file) => {
    const done: string[] = [];
    const long = inPieces(file, content.length, { workers, readBytes: 8 }).then(() => done.push('long'));
    expect(await digestInForm(file, 'sha256', content.length, { workers })).toBe(digestOf(content));
    done.push('whole');
    await long;
    expect(done).toEqual(['whole', 'long']);
  });
});

test('a file that the volume cannot give fails with the code of the call', async () => {
  await withFile(randomBytes(100), async (file) => {
    const directory = await open(temporary());
    const read = digestInForm(Object.create(file, { fd: { value: directory.fd } }) as FileHandle, 'sha256-4m', 100, {
      workers: threads(2),
    });
    await expect(read).rejects.toMatchObject({ code: 'EISDIR' });
    await directory.close();
  });
});
