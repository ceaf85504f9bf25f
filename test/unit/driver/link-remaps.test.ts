import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropLinks, keepLinks } from '../../../src/driver/runc/link-remaps';
import { systemClock } from '../../../src/runtime/clock';
import { createCommandRunner } from '../../../src/runtime/exec';

let directory: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'links-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

const id = 'c'.repeat(64);
const text = (field: number, value: string): Buffer => message(field, Buffer.from(value));
const number = (field: number, value: number): Buffer => Buffer.from([field * 8, value]);
/** Long enough for a path, whose length takes two bytes. */
const message = (field: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([field * 8 + 2, (value.length & 0x7f) | 0x80, value.length >> 7]), value]);
const image = (...messages: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.alloc(8),
    ...messages.flatMap((entry) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(entry.length);
      return [length, entry];
    }),
  ]);

/** The images of a dump in which the file `path` is looked for by another name. */
function writeImages(path: string, link: string): void {
  const file = (fileID: number, name: string): Buffer =>
    Buffer.concat([number(1, 1), number(2, fileID), message(3, Buffer.concat([number(1, fileID), text(6, name)]))]);
  writeFileSync(join(directory, 'files.img'), image(file(7, path), file(8, link)));
  writeFileSync(join(directory, 'remap-fpath.img'), image(Buffer.concat([number(1, 7), number(2, 8), number(3, 0)])));
}

/** A process that has a file open by a deleted name. */
async function holder(): Promise<{ id: string; pid: number }> {
  const script = 'cd "$1/sub"; echo kept >one; ln one two; exec 5>>one; rm one; echo ready; read -r';
  mkdirSync(join(directory, 'sub'), { recursive: true });
  child = spawn('bash', ['-c', script, 'bash', directory], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout ?? child, 'data');
  return { id, pid: child.pid ?? 0 };
}

const options = (): { run: ReturnType<typeof createCommandRunner>; runDir: string } => ({
  run: createCommandRunner(systemClock),
  runDir: join(directory, 'run'),
});
const pids = (pid: number): Promise<number[]> => Promise.resolve([pid]);

test('the link is made from the open file, again if need be, and nothing of it is left in the end', async () => {
  const container = await holder();
  const link = join(directory, 'sub/link_remap.8');
  writeImages(join(directory, 'sub/one'), link);
  await keepLinks(container, directory, options(), pids);
  expect(readFileSync(link, 'utf8')).toBe('kept\n');
  await keepLinks(container, directory, options(), pids);
  await dropLinks(container, options());
  expect(existsSync(link)).toBe(false);
  expect(existsSync(join(directory, 'sub/two'))).toBe(true);
  expect(existsSync(join(directory, 'run/links', `${id}.json`))).toBe(false);
  await dropLinks(container, options());
});

test('nothing is made where nothing is remapped', async () => {
  await keepLinks({ id, pid: 1 }, directory, options(), () => Promise.reject(new Error('nobody asks')));
  expect(existsSync(join(directory, 'run'))).toBe(false);
});

test.each([
  [
    'a name that no process has open',
    (): [string, string] => [join(directory, 'other'), join(directory, 'link_remap.8')],
  ],
  [
    'a directory that is a link',
    (): [string, string] => {
      symlinkSync('sub', join(directory, 'elsewhere'));
      return [join(directory, 'sub/one'), join(directory, 'elsewhere/link_remap.8')];
    },
  ],
  ['another name than CRIU gives', (): [string, string] => [join(directory, 'sub/one'), join(directory, 'sub/passwd')]],
])('is refused: %s', async (_what, paths) => {
  const container = await holder();
  const [path, link] = paths();
  writeImages(path, link);
  await expect(keepLinks(container, directory, options(), pids)).rejects.toMatchObject({ reason: 'LinkRemapNeeded' });
  expect(existsSync(link)).toBe(false);
});

test('a note that was cut is forgotten', async () => {
  mkdirSync(join(directory, 'run/links'), { recursive: true });
  writeFileSync(join(directory, 'run/links', `${id}.json`), '["/a');
  await dropLinks({ id, pid: 1 }, options());
  expect(existsSync(join(directory, 'run/links', `${id}.json`))).toBe(false);
});
