import { appendFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { PageFollowers } from '../../../src/agent/page-followers';
import { systemClock } from '../../../src/runtime/clock';
import { digestOf } from '../../../src/store/digest';
import { followPages } from '../../../src/store/follow-pages';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { sleep } from '../../lib/waiting';

const directory = useTemporaryDirectory();
const images = (): string => join(directory(), 'images');
/** When the follower begins to look. */
const BEGUN_MS = 250;

beforeEach(() => mkdir(images()));

test('the digests of files that grow are those of the whole files, whatever comes between', async () => {
  const done = new AbortController();
  const followed = followPages(images(), done.signal, systemClock);
  const contents = [randomBytes(3 << 20), randomBytes(100), randomBytes((1 << 20) + 1)];
  await writeFile(join(images(), 'pages-1.img'), '');
  await sleep(BEGUN_MS);
  for (const [index, content] of contents.entries()) {
    const path = join(images(), `pages-${index === 2 ? 10 : index + 1}.img`);
    await writeFile(path, content.subarray(0, 70));
    await sleep(30);
    await appendFile(path, content.subarray(70));
    await writeFile(join(images(), `core-${index}.img`), 'not followed');
  }
  done.abort();
  expect(Object.fromEntries(await followed)).toEqual({
    'pages-1.img': { digest: digestOf(contents[0] ?? ''), sizeBytes: 3 << 20 },
    'pages-2.img': { digest: digestOf(contents[1] ?? ''), sizeBytes: 100 },
    'pages-10.img': { digest: digestOf(contents[2] ?? ''), sizeBytes: (1 << 20) + 1 },
  });
});

test('a dump that is over soon is not followed', async () => {
  await writeFile(join(images(), 'pages-1.img'), 'x');
  const followers = new PageFollowers(systemClock);
  expect(await followers.during(directory(), () => Promise.resolve(7))).toBe(7);
  expect([...(await followers.digests(directory()))]).toEqual([]);
});

test('what an earlier dump left, and was removed late, is not taken for what is there', async () => {
  const path = join(images(), 'pages-1.img');
  await writeFile(path, 'old!');
  const followers = new PageFollowers(systemClock);
  await followers.during(directory(), async () => {
    await sleep(BEGUN_MS);
    await writeFile(`${path}.keeps-the-inode`, 'x');
    await rm(path);
    await writeFile(path, 'new!');
    await sleep(30);
  });
  const found = (await followers.digests(directory())).get('images/pages-1.img');
  expect(found).toEqual({ digest: digestOf('new!'), sizeBytes: 4 });
});

test.each([
  ['the dump fails', () => Promise.reject(new Error('for the test'))],
  ['what is there is no file', () => symlink('/etc/passwd', join(images(), 'pages-1.img')).then(() => sleep(BEGUN_MS))],
  ['the directory goes', () => rm(images(), { recursive: true }).then(() => sleep(BEGUN_MS))],
])('nothing is known when %s', async (_what, dump) => {
  const followers = new PageFollowers(systemClock);
  await followers.during(directory(), dump).catch(() => undefined);
  expect([...(await followers.digests(directory()))]).toEqual([]);
});
