import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReasonedError } from '../../../../src/runtime/errors';
import { DESCRIPTORS, DockerDriverSetup } from '../../../lib/docker-driver-setup';
import { ID, UID } from '../../../lib/driver-setup';

let setup: DockerDriverSetup;
beforeEach(() => {
  setup = new DockerDriverSetup();
  mkdirSync(setup.checkpoint.images);
  writeFileSync(join(setup.checkpoint.images, 'descriptors.json'), DESCRIPTORS);
});
afterEach(() => {
  setup.remove();
});

const arm = (): Promise<void> => setup.dockerDriver().arm(ID, UID, setup.checkpoint);
const wake = (timeoutMs = 1_000): Promise<unknown> => setup.dockerDriver().wake(ID, { timeoutMs });
const state = (): Promise<string> => setup.dockerDriver().wakeState(ID);
const refused = new ReasonedError('EngineRefused', 'criu failed: type NOTIFY errno 0');

test('what is armed has CRIU read from the volume, and Docker its own file', async () => {
  await setup.dockerDriver().arm(ID, UID, setup.checkpoint, { criuOptions: [{ name: 'ext-unix-sk' }] });
  const { annotations, runtime } = setup.dockerDriver().createOptions(UID);
  expect(runtime).toBe('runc');
  expect(readFileSync(annotations['org.criu.config'] ?? '', 'utf8')).toBe(
    `images-dir ${setup.marker}/images\nwork-dir ${setup.marker}/work\nfile-locks\next-unix-sk\ntcp-close\nnetwork-lock skip\n`,
  );
  expect(readFileSync(join(setup.place, 'descriptors.json'), 'utf8')).toBe(DESCRIPTORS);
  expect(await state()).toBe('armed');
});

test.each(['', '{"a":1}', '[1]', undefined])('descriptors that are none are not handed to Docker: %p', async (text) => {
  const path = join(setup.checkpoint.images, 'descriptors.json');
  if (text === undefined) setup.checkpoint = { ...setup.checkpoint, images: setup.directory };
  else writeFileSync(path, text);
  await expect(arm()).rejects.toMatchObject({ reason: 'CheckpointCorrupt' });
  expect([await state(), existsSync(setup.place)]).toEqual(['none', false]);
});

test('one that was not armed is not started', async () => {
  await expect(wake()).rejects.toMatchObject({ reason: 'NotArmed' });
  expect(setup.calls).toEqual([]);
});

test('it is restored once, and asked again only reports', async () => {
  await arm();
  const woken = await wake();
  expect(await wake()).toEqual(woken);
  expect([await state(), setup.calls]).toEqual(['resumed', ['restore it from transship']]);
  await expect(arm()).rejects.toMatchObject({ reason: 'AlreadyWaking' });
});

test('the wake-up is dated by the answer of Docker, not by the arming', async () => {
  await arm();
  const long = new Date(Date.now() - 60_000);
  utimesSync(join(setup.marker, 'armed'), long, long);
  const before = Date.now();
  const { resumedAt } = await setup.dockerDriver().wake(ID, { timeoutMs: 1_000 });
  expect(Date.parse(resumedAt)).toBeGreaterThanOrEqual(before);
});

test('one that fails is explained by the log of CRIU, and may be armed again', async () => {
  await arm();
  setup.onStart = () => {
    writeFileSync(join(setup.checkpoint.work, 'restore.log'), '(00.1) Error (criu/x.c:1): something odd\n');
    return Promise.reject(refused);
  };
  await expect(wake()).rejects.toMatchObject({ message: expect.stringContaining('odd') as string });
  expect(await state()).toBe('failed');
  await arm();
  expect(await state()).toBe('armed');
});

test('one that was disarmed while it was started is killed', async () => {
  await arm();
  setup.onStart = async () => {
    await setup.dockerDriver().disarm(ID, UID);
    setup.run();
  };
  await expect(wake()).rejects.toBeInstanceOf(ReasonedError);
  expect(setup.calls).toEqual(['restore it from transship', 'kill']);
  expect(await state()).not.toBe('resumed');
});

describe('an agent that was killed in the middle', () => {
  const broken = new ReasonedError('EngineUnreachable', 'socket hang up');
  beforeEach(async () => {
    await arm();
    // Nobody hears what became of the start, and Docker is asked only by the next life.
    setup.onStart = () => Promise.reject(broken);
    const { inspect } = setup;
    setup.inspect = () => Promise.reject(broken);
    await expect(wake()).rejects.toMatchObject({ reason: 'EngineUnreachable' });
    setup.inspect = inspect;
    setup.onStart = () => Promise.reject(new Error('a second restore'));
  });

  test('finds that it runs, and has been restored', async () => {
    setup.run();
    expect(await state()).toBe('resumed');
    expect(await wake()).toMatchObject({ restoreMs: undefined });
  });

  test('finds that it has run and ended', async () => {
    setup.info = { state: 'exited', pid: 0, startedAt: new Date().toISOString() };
    expect(await state()).toBe('resumed');
  });

  test('finds that it does not run, and never restores it a second time', async () => {
    await expect(wake()).rejects.toMatchObject({ reason: 'RestoreInterrupted' });
    expect([await state(), setup.calls]).toEqual(['failed', ['restore it from transship']]);
  });

  test('waits for a Docker that still restores, until the deadline', async () => {
    let asked = 0;
    setup.inspect = () => {
      asked++;
      return Promise.reject(new ReasonedError('EngineTimedOut', 'the container is locked'));
    };
    await expect(wake(20)).rejects.toMatchObject({ reason: 'WakeTimedOut' });
    expect(asked).toBeGreaterThan(1);
  });
});

test('what was armed is forgotten without a trace', async () => {
  await arm();
  await wake();
  await setup.dockerDriver().forget(ID, UID);
  expect(existsSync(setup.place)).toBe(false);
  expect(readdirSync(join(setup.runDir, 'restore'))).toEqual([]);
  expect(readdirSync(join(setup.runDir, 'criu'))).toEqual([]);
  await setup.dockerDriver().forget(ID, UID);
});

test.each(['forget', 'disarm'] as const)(
  "only Docker's copies of this very checkpoint are removed: %s",
  async (method) => {
    await arm();
    const [ours, another, full] = [1, 2, 3].map((n) => `/tmp/ctrd-checkpoint${n}`);
    const removed: string[] = [];
    const run = setup.runc.run.bind(setup.runc);
    setup.runc.run = async (file, args) => {
      const result = await run(file, args);
      const last = args.at(-1) ?? '';
      if (file === 'find') {
        const files = [ours, another, full].map((directory) => `${directory ?? ''}/descriptors.json`);
        return { ...result, stdout: [ours, another, full, ...files, `${full ?? ''}/pages-1.img`].join('\n') };
      }
      if (file === 'cat') return { ...result, stdout: last.startsWith(another ?? '') ? '["/dev/null"]' : DESCRIPTORS };
      if (file === 'rm' || file === 'rmdir') removed.push(last);
      return result;
    };
    await setup.dockerDriver()[method](ID, UID);
    expect(removed).toEqual([`${ours ?? ''}/descriptors.json`, ours]);
  },
);

describe('what a CRIU that was killed in a restore has left mounted', () => {
  const yard = (directory: string): string => `${directory}/.criu.cgyard.GXWeKh`;
  const done: string[][] = [];
  let mounted: string[];
  beforeEach(async () => {
    done.length = 0;
    await arm();
    mounted = [yard(setup.checkpoint.work), `${yard(setup.checkpoint.work)}/pids`, yard('/elsewhere'), '/a\\040b'];
    setup.onStart = () => Promise.reject(refused);
    const run = setup.runc.run.bind(setup.runc);
    setup.runc.run = async (file, args) => {
      const result = await run(file, args);
      if (file === 'cat')
        return { ...result, stdout: mounted.map((at) => `1 2 0:3 / ${at} rw - tmpfs none rw`).join('\n') };
      if (file === 'readlink') return { ...result, stdout: `${args.at(-1) ?? ''}\n` };
      if (file === 'umount' || file === 'rmdir') done.push([file, ...args]);
      return result;
    };
    await expect(wake()).rejects.toBeInstanceOf(ReasonedError);
  });

  const unmounted = (): string[][] => [
    ['umount', '--lazy', '--', yard(setup.checkpoint.work)],
    ['rmdir', '--', yard(setup.checkpoint.work)],
  ];

  test('is unmounted before anybody may remove the checkpoint', async () => {
    await setup.dockerDriver().disarm(ID, UID);
    expect(done).toEqual(unmounted());
  });

  test('is unmounted before the marker of the next try forgets where it was', async () => {
    await arm();
    expect(done).toEqual(unmounted());
  });

  test('is tried again when it fails', async () => {
    const run = setup.runc.run.bind(setup.runc);
    setup.runc.run = async (file, args) => ({ ...(await run(file, args)), exitCode: file === 'umount' ? 32 : 0 });
    await expect(setup.dockerDriver().disarm(ID, UID)).rejects.toMatchObject({ reason: 'RestoreMountsLeft' });
    setup.runc.run = run;
    await setup.dockerDriver().disarm(ID, UID);
    expect(done.slice(-2)).toEqual(unmounted());
  });

  test('and nothing on the volume is looked at when there is no such mount', async () => {
    mounted = ['/'];
    const asked: string[] = [];
    const run = setup.runc.run.bind(setup.runc);
    setup.runc.run = async (file, args) => {
      asked.push(file);
      return run(file, args);
    };
    await setup.dockerDriver().disarm(ID, UID);
    expect(asked).not.toContain('readlink');
  });
});
