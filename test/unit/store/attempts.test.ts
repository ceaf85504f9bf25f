import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptDirectory, FindOptions } from '../../../src/store/attempts';
import { findAttempts } from '../../../src/store/attempts';
import type { CheckpointPaths } from '../../../src/store/layout';
import { checkpointPaths } from '../../../src/store/layout';
import { measureDirectory } from '../../../src/store/measure';
import { FakeClock } from '../../lib/fake-clock';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
const clock = new FakeClock();
const uid = '0f8b2c11-1111-4222-8333-444455556666';

/** A directory of an attempt, last changed an hour ago. */
function make(name: string, attempt: number, nodes: readonly string[] = []): CheckpointPaths {
  const paths = checkpointPaths(root(), { namespace: 'team-a', name, uid, attempt });
  mkdirSync(paths.images, { recursive: true });
  mkdirSync(paths.work);
  for (const node of nodes) mkdirSync(join(paths.work, node));
  const hourAgo = (clock.now() - 3_600_000) / 1000;
  for (const path of [...nodes.map((node) => join(paths.work, node)), paths.work, paths.images, paths.directory]) {
    utimesSync(path, hourAgo, hourAgo);
  }
  return paths;
}

async function find(options: FindOptions = {}): Promise<AttemptDirectory[]> {
  const found: AttemptDirectory[] = [];
  for await (const attempt of findAttempts(root(), { clock, ...options })) found.push(attempt);
  return found.sort((left, right) => left.attempt - right.attempt);
}

describe('the attempts on a volume', () => {
  test('each with its object, its age, its nodes, and whether it was finished', async () => {
    make('move-web.v2', 1, ['node-b', 'node-a']);
    const finished = make('move-web.v2', 12);
    writeFileSync(finished.manifest, '{}');
    utimesSync(finished.manifest, clock.now() / 1000 - 60, clock.now() / 1000 - 60);
    const common = { namespace: 'team-a', name: 'move-web.v2', uidPrefix: '0f8b2c11' };
    expect(await find()).toEqual([
      { ...common, attempt: 1, hasManifest: false, ageMs: 3_600_000, usedByNodes: ['node-a', 'node-b'] },
      expect.objectContaining({ ...common, attempt: 12, hasManifest: true, usedByNodes: [] }),
    ]);
  });

  test('a log that was written lately makes it young', async () => {
    const { work } = make('move', 1, ['node-a']);
    utimesSync(join(work, 'node-a'), clock.now() / 1000, clock.now() / 1000);
    expect(await find()).toMatchObject([{ ageMs: 0 }]);
  });

  test('whatever has none of our names, and every symlink, is passed over', async () => {
    make('move', 1);
    const { migration } = make('other', 2);
    for (const name of [
      '.transship/probe',
      'lost+found',
      'team-a/web/1',
      'team-a/move-0F8B2C11/1',
      'Team-B/a-0f8b2c11/1',
    ]) {
      mkdirSync(join(root(), name), { recursive: true });
    }
    for (const name of ['0', '01', '1e3', 'x', '99999999999999999999']) mkdirSync(join(migration, name));
    writeFileSync(join(migration, '7'), 'a file');
    symlinkSync(join(root(), 'team-a'), join(root(), 'team-b'));
    symlinkSync(migration, join(root(), 'team-a', 'linked-0f8b2c11'));
    symlinkSync(join(migration, '2'), join(migration, '3'));
    expect((await find()).map(({ name, attempt }) => [name, attempt])).toEqual([
      ['move', 1],
      ['other', 2],
    ]);
  });

  test('no more entries are looked at than asked for', async () => {
    for (let attempt = 1; attempt <= 20; attempt++) make('move', attempt);
    expect(await find({ maxEntries: 10 })).toHaveLength(8);
  });

  test('an empty volume has none, and one that is missing says so', async () => {
    expect(await find()).toEqual([]);
    const missing = findAttempts(join(root(), 'none')).next();
    await expect(missing).rejects.toMatchObject({ reason: 'VolumeMissing' });
  });
});

describe('how much lies in a directory', () => {
  test('the files at every depth, but nothing that a symlink leads to', async () => {
    mkdirSync(join(root(), 'a', 'b'), { recursive: true });
    writeFileSync(join(root(), 'a', 'one'), 'x'.repeat(1_000));
    writeFileSync(join(root(), 'a', 'b', 'two'), 'x'.repeat(234));
    symlinkSync('/etc', join(root(), 'a', 'etc'));
    symlinkSync('/etc/passwd', join(root(), 'a', 'passwd'));
    expect(await measureDirectory(root())).toEqual({ bytes: 1_234, files: 2 });
  });

  test('nothing in one that is not there, or is a file', async () => {
    writeFileSync(join(root(), 'file'), 'x');
    expect(await measureDirectory(join(root(), 'none'))).toEqual({ bytes: 0, files: 0 });
    expect(await measureDirectory(join(root(), 'file'))).toEqual({ bytes: 0, files: 0 });
  });
});
