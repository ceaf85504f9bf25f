import type { InstallMode } from '../../../../src/agent/install/decide';
import type { InstallState } from '../../../../src/agent/install/settle';
import { failedState, settleInstallation } from '../../../../src/agent/install/settle';
import { CONFIG, ENTRY, FakeInstallNode, HELPER, SCRIPT } from '../../../lib/fake-install';

let node: FakeInstallNode;
beforeEach(() => {
  node = new FakeInstallNode();
});

const OWN = '{\n  "debug": true\n}\n';
const idOf = (digit: string): string => digit.repeat(64);

/** One round, to its end however long it waits; what is thrown is told as the agent tells it. */
async function settle(mode: InstallMode): Promise<InstallState> {
  let state: InstallState | undefined;
  const round = settleInstallation(node.deps(mode))
    .catch(failedState)
    .then((result) => (state = result));
  while (state === undefined) await node.clock.advance(1_000);
  return round;
}

test('a node without anything gets script, entry and one reload, and a second round does nothing', async () => {
  expect(await settle('auto')).toMatchObject({ installed: true, reason: 'Registered' });
  expect([node.files.get(HELPER.path), node.files.get(ENTRY.path)]).toEqual([HELPER.text, SCRIPT]);
  expect(node.runtimes['transship']).toEqual({ path: ENTRY.path });
  expect(node.configs()).toEqual([CONFIG]);
  expect(node.reloads).toBe(1);
  node.before = (effect) => {
    throw new Error(`${effect} was not needed`);
  };
  expect(await settle('auto')).toMatchObject({ installed: true });
});

test('what was in the configuration is in the new one, and kept as it was beside it', async () => {
  node.files.set(CONFIG, OWN);
  await settle('auto');
  expect(JSON.parse(node.files.get(CONFIG) ?? '')).toEqual({
    debug: true,
    runtimes: { transship: { path: ENTRY.path } },
  });
  expect(node.files.get(`${CONFIG}.transship-20260101T000000Z`)).toBe(OWN);
});

test('by hand, only the script is kept up to date', async () => {
  node.files.set(CONFIG, OWN).set(ENTRY.path, 'an older one');
  expect(await settle('manual')).toMatchObject({ installed: false, reason: 'RestoreRuntimeMissing' });
  expect(node.files.get(ENTRY.path)).toBe(SCRIPT);
  expect([node.files.get(CONFIG), node.reloads]).toEqual([OWN, 0]);
});

describe('a configuration is left as it was', () => {
  test.each([
    { what: 'that is no JSON', text: '{"debug":', reason: 'DaemonConfigInvalid' },
    {
      what: 'with another runtime of the name',
      text: '{"runtimes":{"transship":{"path":"/x"}}}',
      reason: 'RuntimeConflict',
    },
  ])('$what', async ({ text, reason }) => {
    node.files.set(CONFIG, text);
    expect(await settle('auto')).toMatchObject({ installed: false, reason });
    expect([node.configs(), node.files.get(CONFIG), node.reloads]).toEqual([[CONFIG], text, 0]);
  });

  test('that is managed elsewhere', async () => {
    node.files.set(CONFIG, OWN);
    node.isExternal = true;
    expect(await settle('auto')).toMatchObject({ reason: 'DaemonConfigExternal' });
    expect(node.files.get(CONFIG)).toBe(OWN);
  });

  test('that the daemon would refuse', async () => {
    node.files.set(CONFIG, OWN);
    node.validate = (text) => (text.includes('transship') ? 'runtimes: (from flag: …)' : undefined);
    expect(await settle('auto')).toMatchObject({ reason: 'DaemonConfigRefused' });
    expect([node.configs(), node.files.get(CONFIG), node.reloads]).toEqual([[CONFIG], OWN, 0]);
  });

  test('that the daemon does not take over', async () => {
    node.files.set(CONFIG, OWN);
    node.onReload = () => undefined;
    expect(await settle('auto')).toMatchObject({ installed: false, reason: 'RuntimeNotReloaded' });
    expect([node.configs(), node.files.get(CONFIG)]).toEqual([[CONFIG], OWN]);
    // The second one has it read the old configuration again.
    expect(node.reloads).toBe(2);
  });

  test('that somebody writes to at the same moment', async () => {
    node.files.set(CONFIG, OWN);
    node.before = (effect) => {
      if (effect === 'copy') node.files.set(CONFIG, '{"debug":false}');
    };
    expect(await settle('auto')).toMatchObject({ reason: 'DaemonConfigChanged' });
    expect([node.configs(), node.files.get(CONFIG)]).toEqual([[CONFIG], '{"debug":false}']);
  });

  test('whose directory cannot be written to', async () => {
    node.files.set(CONFIG, OWN);
    node.before = (effect) => {
      if (effect === 'writeBeside') throw new Error('Read-only file system');
    };
    expect(await settle('auto')).toMatchObject({ installed: false, message: 'Read-only file system' });
    expect(node.files.get(CONFIG)).toBe(OWN);
  });
});

describe('taking it away', () => {
  beforeEach(async () => {
    node.files.set(CONFIG, OWN);
    await settle('auto');
  });

  test('leaves the configuration as it was, and no script', async () => {
    expect(await settle('remove')).toMatchObject({ installed: false, reason: 'Removed' });
    expect(node.files.get(CONFIG)).toBe(OWN);
    expect([...node.files.keys()].filter((path) => path.startsWith('/opt/'))).toEqual([]);
    expect(node.runtimes).toEqual({ runc: {} });
    expect(await settle('remove')).toMatchObject({ reason: 'Removed' });
  });

  test('waits for the containers that need it, and names them', async () => {
    const before = node.files.get(CONFIG);
    node.docker.add({ id: idOf('a'), name: 'moved', runtime: 'transship', state: 'exited' });
    node.docker.add({ id: idOf('b'), name: 'other', runtime: 'runc' });
    const state = await settle('remove');
    expect(state).toMatchObject({ installed: true, reason: 'RuntimeInUse' });
    expect(state.message).toMatch(/remove or recreate moved,/);
    expect([node.files.get(CONFIG), node.files.get(ENTRY.path)]).toEqual([before, SCRIPT]);
  });

  test('puts it back when a container came meanwhile', async () => {
    const before = node.files.get(CONFIG);
    node.before = (effect) => {
      if (effect !== 'validate') return;
      node.docker.add({ id: idOf('a'), name: 'new', runtime: 'transship', state: 'created' });
    };
    expect(await settle('remove')).toMatchObject({ installed: true, reason: 'RuntimeInUse' });
    expect(node.files.get(CONFIG)).toBe(before);
    expect(node.runtimes['transship']).toEqual({ path: ENTRY.path });
  });
});

describe('an agent that is killed', () => {
  const killed = new Error('killed');

  /** Dies at its n-th effect, and at every one after it. */
  function dieAt(n: number): void {
    let left = n;
    node.before = () => {
      left -= 1;
      if (left < 0) throw killed;
    };
  }

  test.each([...Array(9).keys()])('at effect %i is carried on by its next life, to the same end', async (n) => {
    for (const [mode, end] of [
      ['auto', true],
      ['remove', false],
    ] as const) {
      if (mode === 'auto') node.files.set(CONFIG, OWN);
      dieAt(n);
      await settle(mode);
      // Whatever it left: a configuration that can be read, with all that was in it.
      expect(JSON.parse(node.files.get(CONFIG) ?? '')).toMatchObject({ debug: true });
      node.before = () => undefined;
      expect(await settle(mode)).toMatchObject({ installed: end });
      expect('transship' in node.runtimes).toBe(end);
      expect(node.files.get(CONFIG)?.includes('transship')).toBe(end);
      expect(node.files.has(ENTRY.path)).toBe(end);
    }
  });
});
