/** The threads that take digests: they end, they let go of the file, and what goes wrong with one is told. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isTransient } from '../../../src/agent/transient';
import type { PiecesToTake } from '../../../src/store/digest-workers';
import { DigestWorkers } from '../../../src/store/digest-workers';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { poll } from '../../lib/waiting';

// Threads begin, on a machine that may be busy.
jest.setTimeout(60_000);

const temporary = useTemporaryDirectory();
const LENGTH = 200_000;
let file: FileHandle;
let pool: DigestWorkers;

/** What keeps this process alive of threads, as jest's search for open handles sees it. */
const keepingAlive = (): number =>
  process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name)).length;

beforeEach(async () => {
  writeFileSync(join(temporary(), 'pages'), randomBytes(LENGTH));
  file = await open(join(temporary(), 'pages'));
  pool = new DigestWorkers({ threads: 2 });
});

afterEach(async () => {
  await pool.close();
  await file.close();
});

const pieces = (more: Partial<PiecesToTake> = {}): PiecesToTake => ({
  ...{ fd: file.fd, start: 0, end: LENGTH, pieceBytes: 10, readBytes: 10 },
  ...more,
});

test('jobs at the same time do not disturb each other', async () => {
  const options = { pieceBytes: 1_000 };
  const alone = await pool.take(pieces(options));
  const together = await Promise.all([1, 2, 3, 4, 5].map(() => pool.take(pieces(options))));
  for (const one of together) expect(one).toEqual(alone);
});

describe('a job that comes while a long one is under way', () => {
  const LONG_BYTES = 4 * 1024 ** 3;
  const LONG_PIECE_BYTES = 256 * 1024;
  let long: FileHandle;
  let giveUp: AbortController;
  let taking: Promise<unknown>;
  /** Whose pieces were taken, one after the other. */
  let whose: string[];

  async function begin(threads: number): Promise<void> {
    await pool.close();
    pool = new DigestWorkers({ threads });
    const of = { fd: long.fd, start: 0, end: LONG_BYTES, pieceBytes: LONG_PIECE_BYTES, readBytes: LONG_PIECE_BYTES };
    await new Promise<void>((resolve) => {
      const onBytes = (): void => {
        whose.push('long');
        resolve();
      };
      taking = pool.take({ ...of, signal: giveUp.signal, onBytes }).catch((thrown: unknown) => thrown);
    });
  }

  beforeEach(async () => {
    whose = [];
    giveUp = new AbortController();
    long = await open(join(temporary(), 'long'), 'w+');
    // Nothing but a hole.
    await long.truncate(LONG_BYTES);
  });

  afterEach(async () => {
    giveUp.abort();
    await taking;
    await long.close();
  });

  const short = (more: Partial<PiecesToTake> = {}): Promise<Uint8Array | undefined> =>
    pool.take(pieces({ pieceBytes: LENGTH / 4, readBytes: LENGTH, onBytes: () => whose.push('short'), ...more }));
  const isLongUnderWay = (): boolean => whose.filter((name) => name === 'long').length < LONG_BYTES / LONG_PIECE_BYTES;

  test('takes turns with it, piece by piece', async () => {
    await begin(1);
    await short();
    const turns = whose.slice(whose.indexOf('short'), whose.lastIndexOf('short') + 1);
    expect(turns).toEqual(['short', 'long', 'short', 'long', 'short', 'long', 'short']);
  });

  test('ends before it, with the digests that it has alone', async () => {
    const alone = await short();
    await begin(2);
    expect(await short()).toEqual(alone);
    expect(isLongUnderWay()).toBe(true);
  });

  test('ends before it also when it fails, finds too little, or is given up; the long one goes on', async () => {
    const late = new AbortController();
    const abort = (): void => {
      late.abort(new Error('too late'));
    };
    const directory = await open(temporary());
    await begin(2);
    await expect(short({ fd: directory.fd })).rejects.toMatchObject({ code: 'EISDIR' });
    await directory.close();
    expect(await short({ end: LENGTH + 1 })).toBeUndefined();
    await expect(short({ pieceBytes: 10, signal: late.signal, onBytes: abort })).rejects.toThrow('too late');
    const before = whose.length;
    await short();
    expect(whose.slice(before)).toContain('long');
    expect(isLongUnderWay()).toBe(true);
  });
});

test('tells of every byte that was read', async () => {
  let bytes = 0;
  await pool.take(pieces({ pieceBytes: 999, onBytes: (more) => (bytes += more) }));
  expect(bytes).toBe(LENGTH);
});

test('given up in the middle: ends with the reason, long before the end, and can be used again', async () => {
  const giveUp = new AbortController();
  let bytes = 0;
  const onBytes = (more: number): void => {
    bytes += more;
    giveUp.abort(new Error('too late'));
  };
  await expect(pool.take(pieces({ signal: giveUp.signal, onBytes }))).rejects.toThrow('too late');
  expect(bytes).toBeLessThan(LENGTH);
  expect(await pool.take(pieces({ pieceBytes: 1_000 }))).toHaveLength(32 * 200);
});

test('given up before: nothing is begun', async () => {
  await expect(pool.take(pieces({ signal: AbortSignal.abort(new Error('no')) }))).rejects.toThrow('no');
  expect(keepingAlive()).toBe(0);
});

test('threads that have nothing to do keep no process alive, and end after a while', async () => {
  const before = keepingAlive();
  pool = new DigestWorkers({ threads: 2, idleMs: 50 });
  pool.warmUp();
  const taking = pool.take(pieces({ pieceBytes: 1_000 }));
  expect(keepingAlive()).toBeGreaterThan(before);
  await taking;
  expect(keepingAlive()).toBe(before);
  await poll('both to end', () => pool.size === 0, 5_000);
  expect(await pool.take(pieces({ pieceBytes: 1_000 }))).toBeDefined();
});

test.each([
  ['throws', `setImmediate(() => { throw new Error('no more'); })`, 'no more'],
  ['ends', 'process.exit(3)', 'exit code 3'],
])('a thread that %s: the step fails with a reason, and may be tried again', async (_what, does, words) => {
  const program = join(temporary(), 'broken.cjs');
  writeFileSync(program, `require('node:worker_threads').parentPort.on('message', () => { ${does} })`);
  pool = new DigestWorkers({ threads: 2, program });
  const error: unknown = await pool.take(pieces()).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ reason: 'DigestNotTaken', message: expect.stringContaining(words) as string });
  expect(isTransient(error)).toBe(true);
});

test('a thread that dies while another one works: the job fails when that one has let go of the file', async () => {
  const program = join(temporary(), 'half.cjs');
  const isFirst = 'Atomics.add(job.control, 0, 1) === 0';
  const last = `setTimeout(() => { Atomics.store(job.control, 0, 77); parentPort.postMessage({ id: job.id, kind: 'done' }); }, 200)`;
  writeFileSync(
    program,
    `const { parentPort } = require('node:worker_threads');
     parentPort.on('message', (job) => { if (${isFirst}) process.exit(1); else ${last}; });`,
  );
  pool = new DigestWorkers({ threads: 2, program });
  const began = performance.now();
  await expect(pool.take(pieces())).rejects.toMatchObject({ reason: 'DigestNotTaken' });
  expect(performance.now() - began).toBeGreaterThan(190);
});

test('closed in the middle: fails with a reason', async () => {
  let closing: Promise<void> | undefined;
  const onBytes = (): void => {
    closing ??= pool.close();
  };
  await expect(pool.take(pieces({ onBytes }))).rejects.toMatchObject({ reason: 'DigestNotTaken' });
  await closing;
});
