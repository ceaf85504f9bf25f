import { existsSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Driver } from '../../../src/driver/driver';
import type { Clock } from '../../../src/runtime/clock';
import { systemClock } from '../../../src/runtime/clock';
import { ReasonedError } from '../../../src/runtime/errors';
import { recorded, Recording } from '../../../src/runtime/trace';
import { criuFixture, DriverSetup, ID, UID } from '../../lib/driver-setup';

let setup: DriverSetup;
beforeEach(() => {
  setup = new DriverSetup();
});
afterEach(() => {
  setup.remove();
});

describe('a wake-up', () => {
  /** What the wrapper leaves when the restore went well. */
  function restoreWell(): Promise<void> {
    renameSync(join(setup.marker, 'armed'), join(setup.marker, 'resumed'));
    writeFileSync(join(setup.marker, 'work/stats-restore'), criuFixture('stats-restore'));
    return Promise.resolve();
  }

  async function armed(start: () => Promise<void>): Promise<Driver> {
    const driver = setup.driver(start);
    mkdirSync(setup.checkpoint.images, { recursive: true });
    await driver.arm(ID, UID, setup.checkpoint);
    return driver;
  }

  test('is armed with everything that the wrapper needs', async () => {
    const driver = await armed(restoreWell);
    expect(await driver.wakeState(ID)).toBe('armed');
    expect((await readdir(setup.marker)).sort()).toEqual(['armed', 'images', 'restore-options', 'work']);
    expect(await readlink(join(setup.marker, 'images'))).toBe(setup.checkpoint.images);
    const { runtime, annotations } = driver.createOptions(UID);
    expect(runtime).toBe('transship');
    expect(readFileSync(annotations['org.criu.config'] ?? '', 'utf8')).toBe(
      'leave-stopped\ntcp-close\nnetwork-lock skip\n',
    );
    await driver.arm(ID, UID, setup.checkpoint);
    expect(await driver.wakeState(ID)).toBe('armed');
  });

  test('is told what the images do not hold, and nothing of what only a dump needs', async () => {
    const driver = setup.driver();
    const criuOptions = [{ name: 'mntns-compat-mode' }, { name: 'ext-unix-sk' }, { name: 'force-irmap' }] as const;
    await driver.arm(ID, UID, setup.checkpoint, { criuOptions });
    const { annotations } = driver.createOptions(UID);
    expect(readFileSync(annotations['org.criu.config'] ?? '', 'utf8')).toBe(
      'leave-stopped\ntcp-close\nnetwork-lock skip\nmntns-compat-mode\n',
    );
    expect(readFileSync(join(setup.marker, 'restore-options'), 'utf8')).toBe('--file-locks\n--ext-unix-sk\n');
  });

  test('with the addresses that its sockets have, for the script beside the wrapper', async () => {
    const driver = setup.driver();
    await driver.arm(ID, UID, setup.checkpoint, {
      criuOptions: [{ name: 'tcp-established' }],
      addresses: ['10.99.0.20', 'fd99::20'],
    });
    const { annotations } = driver.createOptions(UID);
    expect(readFileSync(annotations['org.criu.config'] ?? '', 'utf8')).toBe(
      'leave-stopped\naction-script /opt/transship/oci/transship-network\n',
    );
    expect(readFileSync(join(setup.marker, 'addresses'), 'utf8')).toBe('10.99.0.20\nfd99::20\n');
    // Those of an earlier try are gone.
    await driver.arm(ID, UID, setup.checkpoint);
    expect(await readdir(setup.marker)).not.toContain('addresses');
  });

  test.each(['10.0.0.1;reboot', '10.0.0.0/8', 'fe80::1%eth0', '', '10.0.0.1\n'])(
    'is not armed with an address that is none: %j',
    async (address) => {
      const driver = setup.driver();
      await expect(driver.arm(ID, UID, setup.checkpoint, { addresses: [address] })).rejects.toMatchObject({
        reason: 'AddressInvalid',
      });
      expect(await driver.wakeState(ID)).toBe('none');
    },
  );

  test('tells when the container ran on and how long CRIU took, as often as it is asked', async () => {
    const driver = await armed(restoreWell);
    const woken = await driver.wake(ID, { timeoutMs: 1000 });
    expect(woken.restoreMs).toBe(148.731);
    expect(Math.abs(Date.parse(woken.resumedAt) - Date.now())).toBeLessThan(60_000);
    expect(woken.resumedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(await driver.wake(ID, { timeoutMs: 1000 })).toEqual(woken);
  });

  test('tells the trace what it was made of, by the times that the wrapper leaves', async () => {
    const driver = await armed(async () => {
      await restoreWell();
      for (const [name, second] of [
        ['begun', 10],
        ['ended', 10.25],
        ['starting', 10.5],
        ['resumed', 10.75],
      ] as const) {
        writeFileSync(join(setup.marker, name), '');
        utimesSync(join(setup.marker, name), second, second);
      }
    });
    const recording = new Recording(systemClock);
    await recorded(recording, () => driver.wake(ID, { timeoutMs: 1000 }));
    const parts = recording
      .spans()
      .map(({ name, startMs, durationMs }) => [name, Math.round(startMs), Math.round(durationMs)]);
    expect(parts).toEqual([
      ['runc restore', 10_000, 250],
      ['criu restores', 10_101, 149],
      ['docker between create and start', 10_250, 250],
      ['wrapper continues the processes', 10_500, 250],
    ]);
  });

  test('is not believed when Docker started the container without the wrapper', async () => {
    const driver = await armed(() => Promise.resolve());
    await expect(driver.wake(ID, { timeoutMs: 1000 })).rejects.toMatchObject({ reason: 'NotARestore' });
  });

  test('is not begun for a container that was not armed', async () => {
    let started = false;
    const driver = setup.driver(() => {
      started = true;
      return Promise.resolve();
    });
    await expect(driver.wake(ID, { timeoutMs: 1000 })).rejects.toMatchObject({ reason: 'NotArmed' });
    expect(started).toBe(false);
  });

  test("that fails is explained from CRIU's log, and can be tried again", async () => {
    const driver = await armed(() => {
      renameSync(join(setup.marker, 'armed'), join(setup.marker, 'failed'));
      writeFileSync(join(setup.marker, 'work/restore.log'), criuFixture('restore-open-file-missing.log'));
      return Promise.reject(new ReasonedError('EngineRefused', 'OCI runtime create failed: criu failed'));
    });
    await expect(driver.wake(ID, { timeoutMs: 1000 })).rejects.toMatchObject({ reason: 'OpenFileMissing' });
    await driver.arm(ID, UID, setup.checkpoint);
    expect(await driver.wakeState(ID)).toBe('armed');
    expect(existsSync(join(setup.checkpoint.work, 'restore.log'))).toBe(false);
  });

  test.each([
    ['restoring', 'RestoreInterrupted'],
    ['restored', 'StartFailed'],
    ['armed', 'StartFailed'],
  ])('that Docker refuses in state %s is %s', async (state, reason) => {
    const driver = await armed(() => {
      renameSync(join(setup.marker, 'armed'), join(setup.marker, state));
      return Promise.reject(new ReasonedError('EngineRefused', 'no'));
    });
    await expect(driver.wake(ID, { timeoutMs: 1000 })).rejects.toMatchObject({ reason });
  });

  test('cannot be armed once more while it is under way or done', async () => {
    const driver = await armed(restoreWell);
    await driver.wake(ID, { timeoutMs: 1000 });
    await expect(driver.arm(ID, UID, setup.checkpoint)).rejects.toMatchObject({ reason: 'AlreadyWaking' });
  });

  test('that does not come to its end is called off: a start that Docker carries out later is none', async () => {
    let giveUp = (): void => undefined;
    const start = (): Promise<void> =>
      new Promise((_resolve, reject) => {
        giveUp = () => {
          reject(new Error('given up'));
        };
      });
    // Only the deadline of the wake-up, which no other sleep is as long as, is over at once; Docker gives up when it is.
    const timeoutMs = 123_456;
    const sleep: Clock['sleep'] = (ms, signal) => {
      setImmediate(giveUp);
      return ms === timeoutMs ? Promise.resolve() : systemClock.sleep(ms, signal);
    };
    const driver = setup.driver(start, { ...systemClock, sleep });
    await driver.arm(ID, UID, setup.checkpoint);
    await expect(driver.wake(ID, { timeoutMs })).rejects.toMatchObject({ reason: 'WakeTimedOut' });
    expect(await driver.wakeState(ID)).toBe('failed');
  });

  test('that is disarmed leaves the bare marker, with which nothing starts; forgetting it leaves nothing', async () => {
    const driver = await armed(restoreWell);
    await driver.disarm(ID, UID);
    await driver.disarm(ID, UID);
    expect(await readdir(setup.marker)).toEqual([]);
    expect(await driver.wakeState(ID)).toBe('none');
    await driver.forget(ID, UID);
    await driver.forget(ID, UID);
    expect(await readdir(join(setup.runDir, 'restore'))).toEqual([]);
    expect(await readdir(join(setup.runDir, 'criu'))).toEqual([]);
    expect(existsSync(setup.checkpoint.images)).toBe(true);
  });

  test('that has resumed is not taken back by disarming, only forgotten', async () => {
    const driver = await armed(restoreWell);
    await driver.wake(ID, { timeoutMs: 1000 });
    await driver.disarm(ID, UID);
    expect(await readdir(join(setup.runDir, 'restore'))).toEqual([]);
    expect(await readdir(join(setup.runDir, 'criu'))).toEqual([]);
  });

  test.each(['../../etc', ID.slice(1), `${ID}/..`, ''])('is refused for an id that is none: %j', async (id) => {
    const driver = setup.driver();
    await expect(driver.arm(id, UID, setup.checkpoint)).rejects.toMatchObject({ reason: 'ContainerIDInvalid' });
    await expect(driver.forget(id, UID)).rejects.toMatchObject({ reason: 'ContainerIDInvalid' });
    await expect(driver.arm(ID, `../${UID}`, setup.checkpoint)).rejects.toMatchObject({
      reason: 'MigrationUIDInvalid',
    });
  });
});
