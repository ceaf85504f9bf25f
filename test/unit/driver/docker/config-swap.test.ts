import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigSwap } from '../../../../src/driver/docker/config-swap';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const path = (): string => join(directory(), 'etc/criu/runc.conf');
const aside = (): string => join(dirname(path()), '.runc.conf.transship-former');
const write = (text: string, where = path()): void => {
  mkdirSync(dirname(where), { recursive: true });
  writeFileSync(where, text, { mode: 0o640 });
};
const now = (): string | undefined => (existsSync(path()) ? readFileSync(path(), 'utf8') : undefined);
/** Nothing but what was there. */
const files = (): readonly string[] => (existsSync(dirname(path())) ? readdirSync(dirname(path())) : []);

test.each([undefined, 'tcp-established\n'])('what was there is there again afterwards: %p', async (former) => {
  if (former !== undefined) write(former);
  const seen = await new ConfigSwap(path()).during('ours\n', () => Promise.resolve(now()));
  expect(seen).toMatch(/^#.*\nours\n$/);
  expect([now(), files()]).toEqual([former, former === undefined ? [] : ['runc.conf']]);
  if (former !== undefined) expect(statSync(path()).mode & 0o777).toBe(0o640);
});

test('also when the dump fails, whose error is told', async () => {
  const work = new ConfigSwap(path()).during('ours\n', () => Promise.reject(new Error('no room')));
  await expect(work).rejects.toThrow('no room');
  expect(files()).toEqual([]);
});

test('it is given back once, as soon as it has been read', async () => {
  write('theirs\n');
  await new ConfigSwap(path()).during('ours\n', async (giveBack) => {
    await giveBack();
    expect(now()).toBe('theirs\n');
    write('changed since\n');
  });
  expect(now()).toBe('changed since\n');
});

test.each([undefined, 'theirs\n'])('what somebody else writes meanwhile stays: in place of %p', async (former) => {
  if (former !== undefined) write(former);
  await new ConfigSwap(path()).during('ours\n', () => {
    write('changed since\n');
    return Promise.resolve();
  });
  expect([now(), files()]).toEqual(['changed since\n', ['runc.conf']]);
});

/** What a killed agent, or a node that crashed, leaves at each step of a swap. */
const steps: readonly [string, (former: boolean) => void][] = [
  ['before the first', () => undefined],
  [
    'ours is written',
    () => {
      write('x', join(dirname(path()), '.runc.conf.transship-new'));
    },
  ],
  [
    'theirs is put aside',
    (former) => {
      if (former) renameSync(path(), aside());
    },
  ],
];

describe.each([undefined, 'theirs\n'])('what the next life mends, where there was %p', (former) => {
  test.each(steps)('killed when %s', async (_when, crash) => {
    if (former !== undefined) write(former);
    crash(former !== undefined);
    await new ConfigSwap(path()).recover();
    expect([now(), files()]).toEqual([former, former === undefined ? [] : ['runc.conf']]);
  });

  test('killed while ours is in place', async () => {
    if (former !== undefined) write(former);
    let left = '';
    await new ConfigSwap(path()).during('ours\n', () => Promise.resolve((left = now() ?? '')));
    if (former === undefined) write(left);
    else {
      renameSync(path(), aside());
      write(left);
    }
    await new ConfigSwap(path()).recover();
    expect([now(), files()]).toEqual([former, former === undefined ? [] : ['runc.conf']]);
    // And once more.
    await new ConfigSwap(path()).recover();
    expect(now()).toBe(former);
  });
});

test('a look for what is left keeps no dump waiting, and takes nothing from one', async () => {
  const swap = new ConfigSwap(path());
  let end: () => void = () => undefined;
  const dump = swap.lock.shared(() => new Promise<void>((resolve) => (end = resolve)));
  await swap.recover();
  end();
  await dump;
  await swap.during('ours\n', async () => {
    await swap.recover();
    expect(now()).toContain('ours\n');
  });
});

test('what is neither a file nor missing is not touched', async () => {
  mkdirSync(path(), { recursive: true });
  expect(await new ConfigSwap(path()).problem()).toContain('/etc/criu/runc.conf');
  await expect(new ConfigSwap(path()).during('ours\n', () => Promise.resolve())).rejects.toMatchObject({
    reason: 'CriuConfigUnusable',
  });
  expect([statSync(path()).isDirectory(), files()]).toEqual([true, ['runc.conf']]);
  rmSync(path(), { recursive: true });
});
