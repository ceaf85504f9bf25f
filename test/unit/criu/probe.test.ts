import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { probeCriu } from '../../../src/criu/probe';
import { ReasonedError } from '../../../src/runtime/errors';
import type { CommandResult, CommandRunner } from '../../../src/runtime/exec';

let runDir: string;
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'probe-'));
});
afterEach(() => {
  rmSync(runDir, { recursive: true });
});

/** A criu whose dump does `dump`, with the pid and the images directory that it was given. */
function criu(dump: (pid: number, images: string) => Partial<CommandResult> | Promise<never>): CommandRunner {
  const result = { exitCode: 0, signal: null, stdout: '', stderr: '', durationMs: 50 };
  return {
    run: async (_file, args) => {
      if (args[0] === '--version') return { ...result, stdout: 'Version: 4.1.1\n' };
      return {
        ...result,
        ...(await dump(Number(args[args.indexOf('--tree') + 1]), args[args.indexOf('--images-dir') + 1] ?? '')),
      };
    },
  };
}

const probe = (run: CommandRunner): ReturnType<typeof probeCriu> =>
  probeCriu({ run, clock: systemClock, runDir, kernelRelease: '6.18.44', enterNode: [] });

test('the process that is dumped lives, leads its session and holds a listening TCP socket; nothing of it is left', async () => {
  let dumped = 0;
  const run = criu((pid) => {
    dumped = pid;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
    expect(Number(stat[5])).toBe(pid);
    expect(readlinkSync(`/proc/${pid}/fd/3`)).toMatch(/^socket:/);
    return {};
  });
  expect(await probe(run)).toEqual({ ok: true, version: '4.1.1', dumpMs: 50 });
  expect(readdirSync(runDir)).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(() => process.kill(dumped, 0)).toThrow('ESRCH');
});

test('a CRIU that is too old for the kernel is found, with both versions and what to install', async () => {
  const run = criu((_pid, images) => {
    writeFileSync(
      join(images, 'dump.log'),
      "(00.1) Error (criu/sockets.c:628): sockets: Can't get 1:16 opt: Operation not supported\n",
    );
    return { exitCode: 1 };
  });
  const answer = await probe(run);
  expect(answer).toMatchObject({
    ok: false,
    reason: 'CriuUnusable',
    logTail: expect.stringContaining('1:16') as string,
  });
  expect(answer).toMatchObject({ message: expect.stringMatching(/4\.1\.1.*6\.18\.44.*CRIU 4\.2 or newer/) as string });
  expect(readdirSync(runDir)).toEqual([]);
});

test('a CRIU that hangs is unusable', async () => {
  const run = criu(() => Promise.reject(new ReasonedError('CommandTimedOut', 'criu did not end within 20000 ms')));
  expect(await probe(run)).toMatchObject({ ok: false, reason: 'CriuUnusable' });
});

test('a node without CRIU is told to install it', async () => {
  const run = { run: () => Promise.reject(new ReasonedError('CommandNotFound', 'criu does not exist')) };
  expect(await probe(run)).toMatchObject({
    ok: false,
    reason: 'CriuMissing',
    message: expect.stringContaining('install CRIU 4.2') as string,
  });
});
