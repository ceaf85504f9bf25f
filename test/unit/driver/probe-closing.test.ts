import { probeClosing } from '../../../src/driver/probe-closing';
import { systemClock } from '../../../src/runtime/clock';
import { ReasonedError } from '../../../src/runtime/errors';
import type { CommandResult } from '../../../src/runtime/exec';

const result: CommandResult = { exitCode: 0, signal: null, stdout: '', stderr: '', durationMs: 1 };

test.each<[string, () => Promise<CommandResult>, RegExp]>([
  ['has no ss', () => Promise.resolve({ ...result, exitCode: 127, stderr: 'no ss' }), /no ss.*iproute2/],
  ['has a kernel that does not do it', () => Promise.resolve(result), /CONFIG_INET_DIAG_DESTROY/],
  ['hangs', () => Promise.reject(new ReasonedError('CommandTimedOut', 'too late')), /too late/],
])('a node that %s cannot close connections', async (_what, run, message) => {
  const probe = await probeClosing({ run: { run }, clock: systemClock });
  expect(probe).toMatchObject({
    ok: false,
    reason: 'ConnectionsNotClosable',
    message: expect.stringMatching(message) as string,
  });
});

test('the probe aims at one connection of its own', async () => {
  let words: readonly string[] = [];
  const run = (_file: string, args: readonly string[]): Promise<CommandResult> => {
    words = args;
    return Promise.resolve({ ...result, exitCode: 1 });
  };
  await probeClosing({ run: { run }, clock: systemClock });
  expect(words.slice(0, 5)).toEqual(['-t', String(process.pid), '-n', '--', 'ss']);
  expect(words.join(' ')).toMatch(/state connected \( \( src 127\.0\.0\.1:\d+ and dst 127\.0\.0\.1:\d+ \) \)$/);
});
