import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReasonedError } from '../../../src/runtime/errors';
import type { CommandRunner } from '../../../src/runtime/exec';
import { createVolumeSpeed } from '../../../src/store/volume-speed';
import { FakeClock } from '../../lib/fake-clock';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
const MIB = 1024 ** 2;
let reads: string[][] = [];
beforeEach(() => (reads = []));

/** A dd that says how long it took; with `direct: false` on a filesystem that does not know O_DIRECT. */
const dd = (direct = true, seconds = '0.04'): CommandRunner => ({
  run: (_file, args) => {
    reads.push([...args]);
    const path = args.find((arg) => arg.startsWith('if='))?.slice(3) ?? '';
    const works = existsSync(path) && statSync(path).size > 0 && (direct || !args.includes('iflag=direct'));
    const stderr = works ? `8388608 bytes (8.4 MB, 8.0 MiB) copied, ${seconds} s, 1 GB/s\n` : 'Invalid argument\n';
    return Promise.resolve({ exitCode: works ? 0 : 1, signal: null, stdout: '', stderr, durationMs: 1 });
  },
});
const measureWith = (commands: CommandRunner, clock = new FakeClock()): ReturnType<typeof createVolumeSpeed> =>
  createVolumeSpeed({ root: root(), node: 'node-a', clock, commands });

test('the speed of reading is what dd needed, and nothing is left on the volume', async () => {
  const { freeBytes, writeBytesPerSecond, readBytesPerSecond } = await measureWith(dd())();
  expect(readBytesPerSecond).toBe((8 * MIB) / 0.04);
  expect(writeBytesPerSecond).toBeGreaterThan(0);
  expect(freeBytes).toBeGreaterThan(0);
  expect(readdirSync(join(root(), '.transship/speed'))).toEqual([]);
});

test('a filesystem without direct reads is read through the cache', async () => {
  expect((await measureWith(dd(false, '1.2e-02'))()).readBytesPerSecond).toBe(Math.round((8 * MIB) / 0.012));
  expect(reads).toHaveLength(2);
});

test('without a dd that tells, reading counts as fast as writing', async () => {
  const without = { run: () => Promise.reject(new ReasonedError('CommandNotFound', 'for the test')) };
  const { writeBytesPerSecond, readBytesPerSecond } = await measureWith(without)();
  expect(readBytesPerSecond).toBe(writeBytesPerSecond);
});

test('a read that does not end in time counts as one that took all of it', async () => {
  const slow = { run: () => Promise.reject(new ReasonedError('CommandTimedOut', 'for the test')) };
  expect((await measureWith(slow)()).readBytesPerSecond).toBe(MIB);
});

test('it is measured again only after some minutes', async () => {
  const clock = new FakeClock();
  const measure = measureWith(dd(), clock);
  await Promise.all([measure(), measure()]);
  await measure();
  expect(reads).toHaveLength(1);
  await clock.advance(5 * 60_000);
  await measure();
  expect(reads).toHaveLength(2);
});

test('what an agent that was killed left behind does not matter', async () => {
  mkdirSync(join(root(), '.transship/speed/node-a'), { recursive: true });
  writeFileSync(join(root(), '.transship/speed/node-a/x'), '');
  expect((await measureWith(dd())()).readBytesPerSecond).toBeGreaterThan(0);
});

test('a volume that is not there is a fault of the volume', async () => {
  const measure = createVolumeSpeed({
    root: join(root(), 'missing'),
    node: 'node-a',
    clock: new FakeClock(),
    commands: dd(),
  });
  await expect(measure()).rejects.toMatchObject({ reason: 'VolumeMissing' });
  expect(readdirSync(root())).toEqual([]);
});
