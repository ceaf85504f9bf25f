import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { systemClock } from '../../../src/runtime/clock';
import { digestOf } from '../../../src/store/digest';
import type { ContainerLogs } from '../../../src/store/log-files';
import type { SaveLogsOptions } from '../../../src/store/save-logs';
import { LogSaver } from '../../../src/store/save-logs';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const onVolume = (): string => join(directory(), 'checkpoint/logs');
const options = (signal = new AbortController().signal): SaveLogsOptions => {
  return { root: directory(), directory: onVolume(), clock: systemClock, signal };
};

let logs: ContainerLogs;
let saver: LogSaver;

beforeEach(async () => {
  logs = { driver: 'json-file', containerDirectory: directory(), path: join(directory(), 'c-json.log') };
  await mkdir(join(directory(), 'checkpoint'));
  await writeFile(join(directory(), 'checkpoint/container.json'), '{}');
  saver = new LogSaver();
});

let written = 0;
/** Lines as Docker writes them: no two are the same. */
const lines = (count: number): string =>
  Array.from({ length: count }, () => `{"log":"x","time":"${++written}"}\n`).join('');
const write = (count: number): Promise<void> => appendFile(logs.path, lines(count));
const ahead = (): Promise<void> => saver.saveAhead(logs, options());
/** Nobody has written for a while: there is nothing to wait for. */
async function save(): Promise<void> {
  for (const name of await namesOf(directory())) await utimes(join(directory(), name), 1, 1);
  await saver.save(logs, options());
}

const namesOf = async (path: string): Promise<string[]> =>
  (await readdir(path)).filter((name) => name.includes('json')).sort();
async function contents(path: string): Promise<Record<string, string>> {
  const names = await namesOf(path);
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name.replace(/^.*json\D*log/, ''), await readFile(join(path, name), 'utf8')]),
    ),
  ) as Record<string, string>;
}

/** As moby does: the oldest goes, the others move up, and a new file is begun. */
async function rotate(keep: number): Promise<void> {
  for (const suffix of ['', '.gz']) {
    await rm(`${logs.path}.${keep}${suffix}`, { force: true });
    for (let number = keep - 1; number > 0; number--) {
      const from = `${logs.path}.${number}${suffix}`;
      await rename(from, `${logs.path}.${number + 1}${suffix}`).catch(() => undefined);
    }
  }
  await rename(logs.path, `${logs.path}.1`);
  await writeFile(logs.path, '');
}

async function expectWhole(): Promise<void> {
  const expected = await contents(directory());
  expect(await contents(onVolume())).toEqual(expected);
  expect(await readdir(onVolume())).toHaveLength(Object.keys(expected).length);
  const digests = Object.fromEntries(
    [...saver.digests()].map(([name, { digest }]) => [name.slice('json-file.log'.length), digest]),
  );
  expect(digests).toEqual(Object.fromEntries(Object.entries(expected).map(([name, text]) => [name, digestOf(text)])));
}

const inode = async (suffix: string): Promise<number> => (await stat(join(onVolume(), `json-file.log${suffix}`))).ino;

test('what is there already is copied once, and what comes after it is added', async () => {
  await write(100);
  await ahead();
  const first = await inode('');
  await write(10);
  await ahead();
  await write(3);
  await save();
  await expectWhole();
  expect(await inode('')).toBe(first);
});

test('a file that was rotated meanwhile keeps its copy under its new name', async () => {
  await write(10);
  await rotate(3);
  await write(10);
  await ahead();
  const [current, rotated] = [await inode(''), await inode('.1')];
  await write(5);
  await rotate(3);
  await write(1);
  await save();
  await expectWhole();
  expect([await inode('.1'), await inode('.2')]).toEqual([current, rotated]);
});

test('what Docker has removed or compressed meanwhile is removed, and copied as it is now', async () => {
  for (let i = 0; i < 3; i++) {
    await write(3);
    await rotate(3);
  }
  await ahead();
  await rotate(3);
  await rm(`${logs.path}.3`);
  await writeFile(`${logs.path}.3.gz`, 'packed');
  await save();
  await expectWhole();
});

test('a log that was emptied in its place, and is longer than before by now, is copied anew', async () => {
  await write(5);
  await ahead();
  await truncate(logs.path);
  await write(9);
  await save();
  await expectWhole();
});

test('a log that was removed between is not published', async () => {
  await write(5);
  await ahead();
  await rm(logs.path);
  await save();
  expect(await readdir(join(directory(), 'checkpoint'))).toEqual(['container.json']);
  expect(saver.digests().size).toBe(0);
});

test.each<[string, (path: string) => Promise<void>]>([
  ['longer', (path) => appendFile(path, 'evil')],
  ['shorter', (path) => truncate(path, 3)],
  ['another', (path) => rename(path, `${path}.away`).then(() => writeFile(path, 'evil'))],
  ['gone', (path) => rm(path)],
  ['a link', (path) => rm(path).then(() => symlink('/etc/hostname', path))],
])('a copy that is %s by now is made anew, and nothing is written through it', async (_what, touch) => {
  const hostname = await readFile('/etc/hostname', 'utf8');
  await write(5);
  await ahead();
  await touch(join(onVolume(), 'json-file.log'));
  await write(2);
  await save();
  await expectWhole();
  expect(await readFile('/etc/hostname', 'utf8')).toBe(hostname);
});

test('the next life of the agent copies everything, once', async () => {
  await write(5);
  await ahead();
  await write(2);
  saver = new LogSaver();
  await save();
  await expectWhole();
});

test('a try that was broken off leaves the next one nothing to trip over', async () => {
  await write(5);
  await ahead();
  await write(2);
  const over = AbortSignal.abort(new Error('over'));
  await expect(saver.saveAhead(logs, options(over))).rejects.toThrow('over');
  await save();
  await expectWhole();
});

test('what is written while it is saved is saved as well', async () => {
  await write(1);
  const writer = setInterval(() => void write(1), 1);
  setTimeout(() => {
    clearInterval(writer);
  }, 300);
  await saver.save(logs, options());
  await expectWhole();
});

test('whatever happens to a log, it arrives as it is', async () => {
  const keep = 3;
  const deeds = {
    write: () => write(4),
    rotate: () => rotate(keep),
    compress: () => rename(`${logs.path}.2`, `${logs.path}.2.gz`).catch(() => undefined),
    empty: () => truncate(logs.path),
    ahead,
    killed: () => {
      saver = new LogSaver();
      return Promise.resolve();
    },
  };
  const names = Object.keys(deeds) as (keyof typeof deeds)[];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...names), { maxLength: 12 }), async (order) => {
      await Promise.all((await namesOf(directory())).map((name) => rm(join(directory(), name))));
      await writeFile(logs.path, '');
      saver = new LogSaver();
      for (const deed of order) await deeds[deed]();
      await save();
      await expectWhole();
    }),
    { numRuns: 60 },
  );
});
