import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { ReasonedError } from '../../../src/runtime/errors';
import type { CommandOptions, CommandResult } from '../../../src/runtime/exec';
import { createCommandRunner } from '../../../src/runtime/exec';

const runner = createCommandRunner(systemClock);
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'exec-test-'));
});

afterEach(() => {
  rmSync(scratch, { recursive: true });
});

/** Runs a shell script; the shell is the program under test here, never the way to start one. */
function sh(script: string, options: Partial<CommandOptions> = {}): Promise<CommandResult> {
  return runner.run('/bin/sh', ['-c', script], { timeoutMs: 10_000, cwd: scratch, ...options });
}

function isAlive(pid: number): boolean {
  // A zombie has ended and only waits for its parent, which here may be init.
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !readFileSync(path, 'utf8').includes(') Z ');
}

/** The pids that a script wrote, one per line. */
function pidsIn(file: string): number[] {
  return readFileSync(join(scratch, file), 'utf8').trim().split('\n').map(Number);
}

async function waitForLines(file: string, count: number): Promise<void> {
  const path = join(scratch, file);
  while (!existsSync(path) || readFileSync(path, 'utf8').split('\n').length <= count) await systemClock.sleep(5);
}

test('gives the exit code and both outputs', async () => {
  const result = await sh('echo out; echo err >&2; exit 3');
  expect(result).toMatchObject({ exitCode: 3, signal: null, stdout: 'out\n', stderr: 'err\n' });
  expect(result.durationMs).toBeGreaterThan(0);
});

test('gives the signal that ended the command', async () => {
  expect(await sh('kill -TERM $$')).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
});

test('arguments are never read by a shell', async () => {
  const result = await runner.run('/bin/echo', ['$HOME; rm -rf x', '`id`'], { timeoutMs: 10_000 });
  expect(result.stdout).toBe('$HOME; rm -rf x `id`\n');
});

test('writes the input and closes it; without input there is none', async () => {
  expect((await sh('cat', { input: 'hello' })).stdout).toBe('hello');
  expect((await sh('cat')).stdout).toBe('');
});

test('input that the command does not read is no error', async () => {
  expect((await sh('exit 0', { input: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
});

test('the environment is exactly the given one', async () => {
  expect(
    (await sh('/usr/bin/env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=', { env: { A: 'b c' } })).stdout,
  ).toBe('A=b c\n');
});

test.each([
  ['a program that does not exist', '/no/such/program', 'CommandNotFound'],
  ['a program that is not in the PATH', 'no-such-program-here', 'CommandNotFound'],
  ['a file that is no program', '/etc/passwd', 'CommandNotStarted'],
])('%s', async (_name, file, reason) => {
  await expect(runner.run(file, [], { timeoutMs: 1_000 })).rejects.toMatchObject({ reason });
});

test('a timeout kills the command, its children and theirs, also in other sessions, and reports the end of stderr', async () => {
  const script = `
    echo "about to hang" >&2
    sh -c 'echo $$ >>pids; sleep 1000 & echo $! >>pids; wait' &
    setsid sh -c 'echo $$ >>pids; sleep 1000 & echo $! >>pids; wait' &
    echo $$ >>pids
    wait`;
  await expect(sh(script, { timeoutMs: 1_500 })).rejects.toMatchObject({
    reason: 'CommandTimedOut',
    logTail: 'about to hang\n',
  });
  const pids = pidsIn('pids');
  expect(pids).toHaveLength(5);
  expect(pids.filter(isAlive)).toEqual([]);
});

test('a timeout also kills an orphan, whose parent has ended', async () => {
  const script = `sh -c 'sleep 1000 & echo $! >>pids'; sleep 1000 & echo $! >>pids; wait`;
  await expect(sh(script, { timeoutMs: 1_500 })).rejects.toMatchObject({ reason: 'CommandTimedOut' });
  const pids = pidsIn('pids');
  expect(pids).toHaveLength(2);
  expect(pids.filter(isAlive)).toEqual([]);
});

test('a command that ignores SIGTERM is no match for a timeout', async () => {
  const startedAt = systemClock.monotonic();
  await expect(sh('trap "" TERM; while :; do sleep 0.05; done', { timeoutMs: 200 })).rejects.toMatchObject({
    reason: 'CommandTimedOut',
  });
  expect(systemClock.monotonic() - startedAt).toBeLessThan(3_000);
});

test('an aborted signal kills as a timeout does', async () => {
  const stop = new AbortController();
  const running = sh('echo $$ >>pids; sleep 1000', { signal: stop.signal });
  await waitForLines('pids', 1);
  stop.abort(new Error('stopping'));
  await expect(running).rejects.toMatchObject({ reason: 'CommandAborted', cause: new Error('stopping') });
  expect(pidsIn('pids').filter(isAlive)).toEqual([]);
});

test('a signal that is aborted already starts nothing that lives on', async () => {
  const running = sh('echo $$ >>pids; sleep 1000', { signal: AbortSignal.abort() });
  await expect(running).rejects.toMatchObject({ reason: 'CommandAborted' });
});

test('a daemon that keeps the output open does not hold up the result, and lives on', async () => {
  const startedAt = systemClock.monotonic();
  const result = await sh('setsid sleep 1000 & echo $!');
  expect([result.exitCode, systemClock.monotonic() - startedAt < 3_000]).toEqual([0, true]);
  const pid = Number(result.stdout);
  expect(isAlive(pid)).toBe(true);
  process.kill(pid, 'SIGKILL');
});

test('too much output is an error, and ends the command', async () => {
  await expect(sh('yes', { maxOutputBytes: 10_000 })).rejects.toMatchObject({ reason: 'CommandOutputTooLarge' });
});

test('of a long stderr the end is kept', async () => {
  const { stderr } = await sh('seq 1 100000 >&2', { maxOutputBytes: 1_000 });
  expect([stderr.length, stderr.endsWith('99999\n100000\n')]).toEqual([1_000, true]);
});

test('a large output arrives whole', async () => {
  const { stdout } = await sh('seq 1 100000', { maxOutputBytes: 10_000_000 });
  expect([stdout.length, stdout.endsWith('99999\n100000\n')]).toEqual([588_895, true]);
});

describe('output that is taken as it comes', () => {
  const BYTES = 1_000_000;
  const many = `head -c ${BYTES} /dev/zero`;

  test('comes whole, however slowly it is taken, and is not kept', async () => {
    let taken = 0;
    const result = await sh(many, {
      output: async (content) => {
        for await (const piece of content) {
          await systemClock.sleep(1);
          taken += piece.length;
        }
        await systemClock.sleep(700);
        taken++;
      },
      maxOutputBytes: 10,
    });
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(taken).toBe(BYTES + 1);
  });

  test('comes whole when the command has ended before anybody begins to take it', async () => {
    let taken = '';
    await sh('echo whole', {
      output: async (content) => {
        await systemClock.sleep(300);
        for await (const piece of content) taken += Buffer.from(piece).toString();
      },
    });
    expect(taken).toBe('whole\n');
  });

  test.each([
    ['while the command runs', `${many}; sleep 60`],
    ['after its end', 'echo x'],
  ])('its taker fails %s: so does the command, with that error', async (_when, script) => {
    const failing = sh(script, {
      output: async (content) => {
        for await (const piece of content) if (piece.length > 0) break;
        throw new ReasonedError('VolumeFull', 'no room');
      },
    });
    await expect(failing).rejects.toMatchObject({ reason: 'VolumeFull', message: 'no room' });
  });

  test.each(['sleep 60', 'true'])('it takes too long (%s): it is ended by the signal', async (script) => {
    let isEnded = false;
    const late = sh(script, {
      timeoutMs: 200,
      output: (_content, signal) =>
        systemClock.sleep(60_000, signal).catch(() => {
          isEnded = true;
        }),
    });
    await expect(late).rejects.toMatchObject({ reason: 'CommandTimedOut' });
    expect(isEnded).toBe(true);
  });
});
