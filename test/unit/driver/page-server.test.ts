import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DriverSetup, ID, UID } from '../../lib/driver-setup';

let setup: DriverSetup;
beforeEach(() => {
  setup = new DriverSetup();
  mkdirSync(setup.marker, { recursive: true });
});
afterEach(() => {
  setup.remove();
});

const note = (name: string, text: string): void => {
  writeFileSync(join(setup.marker, name), `${text}\n`);
};

/** A process of a session of its own, and how the script names itself. */
function server(): { process: ReturnType<typeof spawn>; named: string } {
  const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
  const stat = readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { process: child, named: `${child.pid ?? 0} ${startTime}` };
}

describe('the memory of a container that runs before it is there', () => {
  test('is complete when the page server has ended well', async () => {
    note('pages', '1 1');
    note('pages-ended', '0');
    expect(await setup.driver().memory(ID)).toEqual({ state: 'complete' });
  });

  test('arrives while the page server lives, and is lost with it', async () => {
    const { process: child, named } = server();
    note('pages', named);
    expect(await setup.driver().memory(ID)).toEqual({ state: 'arriving' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await setup.driver().memory(ID)).toEqual({ state: 'lost', why: 'it was killed' });
  });

  test.each([
    ['it failed', { pages: '1 1', 'pages-ended': '1' }, 'it ended with exit code 1'],
    ['another process has its pid by now', { pages: `${process.pid} 1` }, 'it was killed'],
    ['what it has noted is nonsense', { pages: '../../1 1' }, 'it was killed'],
    ['nothing is known of it', {}, 'nothing is left of it; was the node restarted?'],
  ])('is lost when %s', async (_what, notes: Record<string, string>, why) => {
    for (const [name, text] of Object.entries(notes)) note(name, text);
    expect(await setup.driver().memory(ID)).toEqual({ state: 'lost', why });
  });

  test('is told with the last error of CRIU’s log', async () => {
    note('pages-ended', '1');
    mkdirSync(setup.checkpoint.work, { recursive: true });
    symlinkSync(setup.checkpoint.work, join(setup.marker, 'work'));
    writeFileSync(
      join(setup.checkpoint.work, 'lazy-pages.log'),
      'Error (uffd.c:1): first\nError (uffd.c:2): Bad page\nWarn\n',
    );
    expect(await setup.driver().memory(ID)).toEqual({
      state: 'lost',
      why: 'it ended with exit code 1: Error (uffd.c:2): Bad page',
    });
  });
});

describe('a restore before the memory', () => {
  test('is asked of the wrapper, and forgets the log and the socket of an earlier one', async () => {
    mkdirSync(setup.checkpoint.work, { recursive: true });
    for (const name of ['lazy-pages.log', 'lazy-pages.socket']) writeFileSync(join(setup.checkpoint.work, name), '');
    await setup.driver().arm(ID, UID, setup.checkpoint, { lazyPages: true });
    expect(readFileSync(join(setup.marker, 'restore-options'), 'utf8')).toBe('--file-locks\n--lazy-pages\n');
    expect(existsSync(join(setup.checkpoint.work, 'lazy-pages.log'))).toBe(false);
    expect(existsSync(join(setup.checkpoint.work, 'lazy-pages.socket'))).toBe(false);
  });

  test('that is given up takes its page server along', async () => {
    const { process: child, named } = server();
    note('failed', '');
    note('pages', named);
    const ended = once(child, 'exit');
    await setup.driver().disarm(ID, UID);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  test('that has resumed keeps it: the container runs on', async () => {
    const { process: child, named } = server();
    note('resumed', '');
    note('pages', named);
    await setup.driver().disarm(ID, UID);
    expect(child.exitCode ?? child.signalCode).toBeNull();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
});
