import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { ReasonedError } from '../../../src/runtime/errors';
import { container, criuFixture, DriverSetup, UID } from '../../lib/driver-setup';

let setup: DriverSetup;
beforeEach(() => {
  setup = new DriverSetup();
});
afterEach(() => {
  setup.remove();
});

/** A child is born as a copy of this process; its own name comes a moment later. */
async function untilNamed(pid: number, name: string): Promise<void> {
  while (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(name)) await systemClock.sleep(5);
}

describe('a dump', () => {
  test('leaves nothing of an earlier one, and nobody else may read it', async () => {
    mkdirSync(setup.checkpoint.images);
    chmodSync(setup.checkpoint.images, 0o755);
    writeFileSync(join(setup.checkpoint.images, 'pages-1.img'), 'old');
    expect(await setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 })).toEqual({ dumpMs: 5 });
    expect(await readdir(setup.checkpoint.images)).toEqual([]);
    expect(statSync(setup.checkpoint.images).mode & 0o777).toBe(0o700);
  });

  test('of a container that runs although it should be paused begins by pausing it', async () => {
    const run = setup.runc;
    run.status = 'running';
    run.checkpoint = () => {
      expect(run.status).toBe('paused');
      return {};
    };
    await setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 });
  });

  test('that was prepared while the container ran does nothing but dump, and look whether it stands still', async () => {
    const run = setup.runc;
    mkdirSync(setup.checkpoint.images);
    writeFileSync(join(setup.checkpoint.images, 'pages-1.img'), 'old');
    run.status = 'running';
    const prepared = await setup.driver().prepareDump(container, setup.checkpoint);
    expect(await readdir(setup.checkpoint.images)).toEqual([]);
    // Nothing of it touches the container.
    expect([run.status, setup.signals]).toEqual(['running', []]);
    run.status = 'paused';
    run.commands.splice(0);
    await setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000, prepared });
    expect(run.commands.map((words) => words.find((word) => ['checkpoint', 'state', 'pause'].includes(word)))).toEqual([
      'checkpoint',
      'state',
    ]);
  });

  test('during which the container ran is no dump, and the container is paused again', async () => {
    const run = setup.runc;
    run.checkpoint = () => {
      run.status = 'running';
      return {};
    };
    const dump = setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 });
    await expect(dump).rejects.toMatchObject({ reason: 'NotFrozen' });
    expect(run.status).toBe('paused');
  });

  test('that hangs ends with the end of the log, and the container is paused again', async () => {
    const run = setup.runc;
    run.checkpoint = () => {
      run.status = 'running';
      writeFileSync(join(setup.checkpoint.work, 'dump.log'), '(00.1) still at it\n');
      return Promise.reject(new ReasonedError('CommandTimedOut', 'runc did not end'));
    };
    const dump = setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 });
    await expect(dump).rejects.toMatchObject({ reason: 'CriuTimedOut', logTail: '(00.1) still at it' });
    expect(run.status).toBe('paused');
  });

  test('that is good leaves a stop waiting in every process, and a wake-up takes it back', async () => {
    const driver = setup.driver();
    await driver.dump(container, setup.checkpoint, { timeoutMs: 1000 });
    expect(setup.signals).toEqual(['SIGSTOP']);
    await driver.abandonDump(container);
    await driver.letRun(container);
    expect(setup.signals).toEqual(['SIGSTOP', 'SIGCONT', 'SIGCONT']);
  });

  test('that fails leaves none', async () => {
    setup.runc.checkpoint = () => ({ exitCode: 1 });
    await expect(setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 })).rejects.toThrow();
    expect(setup.signals).toEqual([]);
  });

  test("that fails is explained from CRIU's log", async () => {
    const run = setup.runc;
    run.checkpoint = () => {
      writeFileSync(join(setup.checkpoint.work, 'dump.log'), criuFixture('dump-established.log'));
      return { exitCode: 1, stderr: criuFixture('dump-runc-stderr.log').toString() };
    };
    const dump = setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 });
    await expect(dump).rejects.toMatchObject({
      reason: 'EstablishedConnections',
      logTail: expect.stringContaining('Connected TCP socket') as string,
    });
  });

  test.each([
    ['CRIU', { exitCode: 1, stderr: 'level=error msg="read unixpacket @->@: EOF"\n' }],
    ['runc', { exitCode: null, signal: 'SIGKILL' as const }],
  ])('whose %s was killed is told from one that CRIU refused', async (_what, killed) => {
    const run = setup.runc;
    run.checkpoint = () => {
      run.status = 'running';
      const harmless = "(00.001191) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self\n";
      writeFileSync(join(setup.checkpoint.work, 'dump.log'), `${harmless}(00.35) page-xfer: buf 100/1\n`);
      return killed;
    };
    const dump = setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 });
    await expect(dump).rejects.toMatchObject({
      reason: 'CriuKilled',
      logTail: expect.stringContaining('page-xfer') as string,
    });
    expect(run.status).toBe('paused');
  });

  test('that was given up in the middle does not pause a container that runs again by now', async () => {
    const run = setup.runc;
    const givenUp = new AbortController();
    run.checkpoint = () => {
      run.status = 'running';
      givenUp.abort(new Error('given up'));
      return { exitCode: null, signal: 'SIGKILL' };
    };
    const options = { timeoutMs: 1000, signal: givenUp.signal };
    await expect(setup.driver().dump(container, setup.checkpoint, options)).rejects.toThrow('given up');
    expect(run.status).toBe('running');
  });

  test('ends a CRIU that goes on alone since its runc was killed, and no other', async () => {
    const title = (pid: number): string => `exec -a 'criu: dump --rpc -t ${pid}' sleep 60`;
    const [alone, other] = [container.pid, container.pid + 1].map((pid) => spawn('bash', ['-c', title(pid)]));
    try {
      await untilNamed(alone?.pid ?? 0, 'criu:');
      await setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 });
      expect(alone?.signalCode ?? (await once(alone as ChildProcess, 'exit'))).toBeTruthy();
      expect(other?.signalCode).toBe(null);
    } finally {
      other?.kill('SIGKILL');
    }
  });

  test('tells CRIU of its options by flags, and by a configuration that is there for this call alone', async () => {
    const run = setup.runc;
    // As runc 1.1, which has a flag for fewer of them.
    run.help = '  --tcp-established  allow open TCP connections\n';
    const config = join(setup.runDir, 'dump', `${container.id}.conf`);
    run.checkpoint = () => {
      expect(readFileSync(config, 'utf8')).toBe('network-lock skip\nghost-limit 7\nskip-in-flight\n');
      return { exitCode: 1 };
    };
    const criuOptions = [
      { name: 'file-locks' },
      { name: 'ghost-limit', value: '7' },
      { name: 'skip-in-flight' },
    ] as const;
    const dump = setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000, criuOptions });
    await expect(dump).rejects.toMatchObject({ reason: 'CriuDumpFailed' });
    const words = run.commands.find((command) => command.includes('--image-path')) ?? [];
    expect(words.slice(0, 3)).toEqual(['env', `CRIU_CONFIG_FILE=${config}`, 'runc']);
    expect(words).toContain('--file-locks');
    expect(existsSync(config)).toBe(false);
  });

  test('that keeps connections has CRIU lock the network, and needs no configuration', async () => {
    const criuOptions = [{ name: 'tcp-established' }] as const;
    await setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000, criuOptions });
    const words = setup.runc.commands.find((command) => command.includes('--image-path')) ?? [];
    expect(words[0]).toBe('runc');
    expect(words).toContain('--tcp-established');
    expect(words).not.toContain('--file-locks');
  });

  test('does not stop a container for good that was woken up here before', async () => {
    const { annotations } = setup.driver().createOptions(UID);
    const config = join(setup.runDir, 'criu', `${UID}.conf`);
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(config, 'leave-stopped\n');
    const run = setup.runc;
    run.checkpoint = () => {
      expect(readFileSync(config, 'utf8')).toBe('');
      return {};
    };
    await setup.driver().dump({ ...container, annotations }, setup.checkpoint, { timeoutMs: 1000 });
    expect(existsSync(config)).toBe(false);
  });

  test.each(['/etc/criu/own.conf', '/criu/../../etc/passwd', '/criu/a/b.conf'])(
    'leaves a configuration alone that is not ours: %s',
    async (path) => {
      const config = path.startsWith('/etc') ? join(setup.directory, path) : `${setup.runDir}${path}`;
      mkdirSync(join(setup.runDir, 'criu/a'), { recursive: true });
      mkdirSync(dirname(config), { recursive: true });
      writeFileSync(config, 'verbosity 4\n');
      const annotations = { 'org.criu.config': config };
      await setup.driver().dump({ ...container, annotations }, setup.checkpoint, { timeoutMs: 1000 });
      expect(readFileSync(config, 'utf8')).toBe('verbosity 4\n');
    },
  );

  describe('that closes connections', () => {
    const dumpClosing = (closeConnections: () => Promise<void>): Promise<unknown> =>
      setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000, closeConnections });
    const checkpointCommand = (): readonly string[] | undefined =>
      setup.runc.commands.find((words) => words.includes('--leave-running'));

    test('does so while the container stands still, before CRIU looks', async () => {
      const run = setup.runc;
      run.status = 'running';
      const seen: string[] = [];
      run.checkpoint = () => {
        seen.push('dump');
        return {};
      };
      await dumpClosing(() => {
        seen.push(`close while ${run.status}`);
        return Promise.resolve();
      });
      expect(seen).toEqual(['close while paused', 'dump']);
    });

    test('leaves out connections that nobody has accepted, with the flag of runc', async () => {
      await dumpClosing(() => Promise.resolve());
      expect(checkpointCommand()).toContain('--tcp-skip-in-flight');
    });

    test('is not made when they cannot be closed', async () => {
      await expect(dumpClosing(() => Promise.reject(new Error('no ss')))).rejects.toThrow('no ss');
      expect(checkpointCommand()).toBe(undefined);
    });

    test('is not made when it was given up meanwhile', async () => {
      const givenUp = new AbortController();
      const dump = setup.driver().dump(container, setup.checkpoint, {
        timeoutMs: 1000,
        signal: givenUp.signal,
        closeConnections: () => {
          givenUp.abort(new Error('given up'));
          return Promise.resolve();
        },
      });
      await expect(dump).rejects.toThrow('given up');
      expect(checkpointCommand()).toBe(undefined);
    });
  });

  test('that closes no connections leaves none out', async () => {
    await setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 });
    expect(setup.runc.commands.find((words) => words.includes('--leave-running'))).not.toContain(
      '--tcp-skip-in-flight',
    );
  });

  test('is made with the state directory that has the container', async () => {
    renameSync(join(setup.directory, 'docker/runtime-runc'), join(setup.directory, 'docker/runtime-transship'));
    const run = setup.runc;
    await setup.driver().dump(container, setup.checkpoint, { timeoutMs: 1000 });
    const calls = run.commands.filter((words) => !words.includes('--help'));
    const root = join(setup.directory, 'docker/runtime-transship/moby');
    expect(calls.every((words) => words[words.indexOf('--root') + 1] === root)).toBe(true);
    const foreign = { ...container, id: 'd'.repeat(64) };
    await expect(setup.driver().dump(foreign, setup.checkpoint, { timeoutMs: 1000 })).rejects.toMatchObject({
      reason: 'RuntimeUnsupported',
    });
  });
});
