import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { systemClock } from '../../../src/runtime/clock';
import { killTree } from '../../../src/runtime/process-tree';

/** Starts a shell script in this test's own session and waits for its first line of output. */
async function start(script: string): Promise<{ child: ChildProcess; pid: number; firstLine: string }> {
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, pid: child.pid ?? 0, firstLine: chunk.toString().trim() };
}

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        // Empty for a zombie.
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
}

test('kills a process with its child, and says which', async () => {
  const { child, pid, firstLine } = await start('sleep 1000 & echo $!; wait');
  const ended = once(child, 'exit');
  expect(new Set(killTree(pid))).toEqual(new Set([pid, Number(firstLine)]));
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('kills what forks all the time, with nothing left that was just being started', async () => {
  // A duration that nobody else sleeps for, to find them by.
  const duration = `30.${process.pid}`;
  const { child, pid } = await start(`echo up; while :; do sleep ${duration} & done`);
  await systemClock.sleep(50);
  const ended = once(child, 'exit');
  expect(killTree(pid).length).toBeGreaterThan(1);
  await ended;
  await systemClock.sleep(100);
  expect(commandLines().filter((line) => line.includes(duration))).toEqual([]);
});

test('leaves the siblings of the process alone', async () => {
  const sibling = await start('echo up; exec sleep 1000');
  const { child, pid } = await start('echo up; exec sleep 1000');
  const ended = once(child, 'exit');
  expect(killTree(pid)).toEqual([pid]);
  await ended;
  expect([sibling.child.exitCode, sibling.child.signalCode]).toEqual([null, null]);
  const siblingEnded = once(sibling.child, 'exit');
  killTree(sibling.pid);
  expect(await siblingEnded).toEqual([null, 'SIGKILL']);
});

test('kills a process that is stopped', async () => {
  const { child, pid } = await start('echo up; kill -STOP $$; sleep 1000');
  const ended = once(child, 'exit');
  killTree(pid);
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('a process that is gone is no error', async () => {
  const { child, pid } = await start('echo up');
  if (child.exitCode === null) await once(child, 'exit');
  expect(killTree(pid)).toEqual([]);
});

test.each([0, 1, -5, Number.NaN, process.pid])('refuses pid %d', (pid) => {
  expect(() => killTree(pid)).toThrow(RangeError);
});
