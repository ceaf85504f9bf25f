/** What the target creates its container from: the bytes that the object vouches for, or nothing. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../src/runtime/clock';
import { systemClock } from '../../../src/runtime/clock';
import { readDescriptionFile } from '../../../src/store/description-file';
import { digestOf } from '../../../src/store/digest';
import type { CheckpointPaths } from '../../../src/store/layout';
import { checkpointPaths } from '../../../src/store/layout';
import { DAMAGES } from '../../lib/hostile-files';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const temporary = useTemporaryDirectory();
const text = '{"name":"web"}';
const expected = { digest: digestOf(text), sizeBytes: text.length };
const impatient: Clock = { ...systemClock, sleep: () => Promise.reject(new Error('nothing to wait for')) };
const reason = (name: string, words = ''): Error =>
  expect.objectContaining({ reason: name, message: expect.stringContaining(words) as string }) as Error;

let root: string;
let paths: CheckpointPaths;
const read = (options: Partial<Parameters<typeof readDescriptionFile>[3]> = {}): Promise<string> =>
  readDescriptionFile(root, paths, expected, { maxBytes: 1_000, clock: impatient, ...options });

beforeEach(() => {
  root = join(temporary(), 'volume');
  const uid = '0f8b2c11-1111-4222-8333-444455556666';
  paths = checkpointPaths(root, { namespace: 'team-a', name: 'move', uid, attempt: 1 });
  mkdirSync(paths.directory, { recursive: true });
  writeFileSync(paths.description, text);
});

test('as the source wrote it, it is read', async () => {
  expect(await read()).toBe(text);
});

test.each(DAMAGES)('$what: refused at once', async ({ to }) => {
  to(paths.description, join(temporary(), 'elsewhere'));
  await expect(read()).rejects.toThrow(reason('DescriptionCorrupt', `container.json in ${paths.relative}`));
});

test.each(['directory', 'migration'] as const)('its %s lies elsewhere, and a symlink leads there', async (which) => {
  const moved = join(temporary(), 'moved');
  renameSync(paths[which], moved);
  symlinkSync(moved, paths[which]);
  await expect(read()).rejects.toThrow(reason('PathNotConfined', paths[which]));
});

test.each([Number.MAX_SAFE_INTEGER, 1_001, -1, Number.NaN])(
  'a size of %d in the object is refused',
  async (sizeBytes) => {
    const reading = readDescriptionFile(root, paths, { ...expected, sizeBytes }, { maxBytes: 1_000 });
    await expect(reading).rejects.toThrow(reason('DescriptionCorrupt'));
  },
);

test('missing: it may lie on another volume', async () => {
  rmSync(paths.description);
  await expect(read({ visibleWithinMs: 0 })).rejects.toThrow(reason('DescriptionMissing', 'same volume'));
});
