import { keepingChecks } from '../../../src/agent/source/keep-connections';
import { preflightSource } from '../../../src/agent/source/preflight';
import { ReasonedError } from '../../../src/runtime/errors';
import { FakeMove } from '../../lib/fake-move';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const ADDRESS = '10.99.0.20';
const connection = (port: number, local = `${ADDRESS}:80`): { local: string; remote: string; state: string } => {
  return { local, remote: `10.0.0.9:${port}`, state: 'ESTAB' };
};
const needs = { networks: [{ name: 'lan', driver: 'macvlan', addresses: [ADDRESS] }] };

/** A move up to the freeze of a container with an address that goes along. */
async function moveToFreeze(): Promise<FakeMove> {
  const move = await new FakeMove(directory(), undefined, { connections: 'Keep' }).toFreeze();
  move.api.set({ source: { ...move.api.object.status.source, nodeName: 'node-a', state: 'Prepared', needs } });
  return move;
}

describe('the preflight', () => {
  test('refuses what cannot be kept, and says what to do', async () => {
    const move = new FakeMove(directory(), undefined, { connections: 'Keep' });
    move.source.connections.push(connection(1, '172.17.0.2:80'));
    const { checks = [] } = await preflightSource(move.api.object, move.source.deps());
    expect(checks).toEqual([
      {
        reason: 'ConnectionsNotKeepable',
        message: expect.stringMatching(/172\.17\.0\.2:80 ↔ 10\.0\.0\.9:1 .*macvlan.*Close/) as string,
        blocking: true,
      },
    ]);
  });

  test('tells of what is kept, and refuses on a node that cannot silence it', async () => {
    const move = new FakeMove(directory(), undefined, { connections: 'Keep' });
    const finding = { reason: 'NetworkNotSilenceable', message: 'no tc', blocking: true };
    const driver = { ...move.source.deps().driver, checkSilence: () => Promise.resolve([finding]) };
    const reach = { addresses: [ADDRESS], answers: [], isHost: false };
    const made = { container: move.original, reach };
    const { node } = move.source.deps();
    const checks = await keepingChecks(made, [connection(1)], { driver, node });
    expect(checks).toEqual([finding, expect.objectContaining({ reason: 'ConnectionsWillBeKept', blocking: false })]);
    // Without such an address nothing has to be silent.
    expect(await keepingChecks({ ...made, reach: { ...reach, addresses: [] } }, [], { driver, node })).toEqual([]);
  });
});

describe('the freeze', () => {
  test('silences the container before its dump, and the status says what is kept', async () => {
    const move = await moveToFreeze();
    for (let port = 1; port <= 12; port++) move.source.connections.push(connection(port));
    await move.source.visit();
    expect(move.volume.wasSilent).toBe(true);
    expect(move.original.isSilent).toBe(true);
    expect(move.status.source).toMatchObject({ state: 'Published', keptConnections: { count: 12 } });
    expect(move.status.source?.keptConnections?.peers).toHaveLength(10);
    expect(move.volume.toldAtDump).toContainEqual(expect.objectContaining({ name: 'tcp-established' }));
    expect(move.source.connections).toHaveLength(12);
  });

  test('of one that has no such address leaves its network alone', async () => {
    const move = await new FakeMove(directory(), undefined, { connections: 'Keep' }).toPublished();
    expect(move.status.source?.state).toBe('Published');
    expect(move.volume.wasSilent).toBe(false);
    expect(move.status.source).not.toHaveProperty('keptConnections');
  });

  test('finds a connection that came meanwhile and cannot be kept: it is woken up, and tried again', async () => {
    const move = await moveToFreeze();
    move.source.connections.push(connection(1, '172.17.0.2:80'));
    await move.source.visit();
    expect(move.volume.dumps).toBe(0);
    expect(move.status.source).toMatchObject({ error: { reason: 'ConnectionsNotKeepable' }, retry: {} });
    expect(move.original).toMatchObject({ state: 'running', isSilent: false });
  });

  test('that cannot silence it fails, and the container runs on', async () => {
    const move = await moveToFreeze();
    move.source.fail('driver.silence', new ReasonedError('NetworkNotSilenced', 'for the test'));
    await move.source.visit();
    expect(move.volume.dumps).toBe(0);
    move.revoke();
    await move.untilDone(move.source);
    expect(move.original).toMatchObject({ state: 'running', isSilent: false });
  });
});

describe('the rollback', () => {
  test.each(['', 'engine.unpause', 'driver.openNetwork', 'engine.unpause.after', 'driver.openNetwork.after'])(
    'opens its network again, killed at "%s"',
    async (boundary) => {
      const move = await moveToFreeze();
      await move.source.visit();
      expect(move.original.isSilent).toBe(true);
      move.revoke();
      if (boundary !== '') {
        move.source.meanwhile(boundary, () => {
          move.source.killAfter(0);
        });
        await move.source.visit().catch(() => undefined);
        move.source.calm();
      }
      await move.untilDone(move.source);
      expect(move.status.source?.state).toBe('RolledBack');
      expect(move.original).toMatchObject({ state: 'running', isSilent: false });
    },
  );

  test('keeps it silent as long as it cannot be woken up', async () => {
    const move = await moveToFreeze();
    await move.source.visit();
    move.revoke();
    move.source.fail('engine.unpause', new ReasonedError('EngineRefused', 'for the test'));
    await move.source.visit().catch(() => undefined);
    expect(move.original).toMatchObject({ state: 'paused', isSilent: true });
  });
});

test('the target has the addresses before the sockets, and lets the container out', async () => {
  const move = await moveToFreeze();
  move.source.connections.push(connection(1));
  await move.source.visit();
  await move.target.visit();
  expect(move.status.target?.state).toBe('Restored');
  expect(move.volume.addressesAtRestore).toEqual([ADDRESS]);
  expect(move.volume.toldAtRestore).toContainEqual(expect.objectContaining({ name: 'tcp-established' }));
});
