import { preflightSource } from '../../../src/agent/source/preflight';
import { ReasonedError } from '../../../src/runtime/errors';
import { FakeMove } from '../../lib/fake-move';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const peer = (port: number): { local: string; remote: string; state: string } => {
  return { local: '10.0.0.2:80', remote: `10.0.0.9:${port}`, state: 'ESTAB' };
};

/** A move of a container that has so many connections. */
function moveWith(connections: 'Refuse' | 'Close', count: number): FakeMove {
  const move = new FakeMove(directory(), undefined, { connections });
  for (let port = 1; port <= count; port++) move.source.connections.push(peer(port));
  return move;
}

const checksOf = async (move: FakeMove): Promise<unknown> => {
  const { checks = [] } = await preflightSource(move.api.object, move.source.deps());
  return checks.map(({ reason, blocking }) => [reason, blocking]);
};

describe('the preflight', () => {
  test('refuses connections, names the peers, and says how to move all the same', async () => {
    const move = moveWith('Refuse', 7);
    await move.source.visit();
    expect(move.status.source?.checks).toEqual([
      {
        reason: 'EstablishedConnections',
        message: expect.stringMatching(/7 TCP connections.*10\.0\.0\.9:5 \(ESTAB\) and 2 more.*Close/) as string,
        blocking: true,
      },
    ]);
  });

  test('tells of those that will be closed', async () => {
    expect(await checksOf(moveWith('Close', 1))).toEqual([['ConnectionsWillClose', false]]);
  });

  test('has nothing to say without connections', async () => {
    expect(await checksOf(moveWith('Close', 0))).toEqual([]);
  });

  test.each([0, 1])('refuses on a node that cannot close them, for a container with %s', async (count) => {
    const move = moveWith('Close', count);
    const deps = move.source.deps();
    const probe = { ok: false, reason: 'ConnectionsNotClosable', message: 'no ss' } as const;
    const { checks } = await preflightSource(move.api.object, {
      ...deps,
      node: { ...deps.node, probeClosing: () => Promise.resolve(probe) },
    });
    expect(checks).toContainEqual({ reason: probe.reason, message: probe.message, blocking: true });
  });

  test('does not ask a node for what is not wanted', async () => {
    const move = moveWith('Refuse', 0);
    move.source.fail('node.probeClosing', new Error('was asked'));
    expect(await checksOf(move)).toEqual([]);
  });
});

describe('the freeze', () => {
  test('closes them, and the status says how many and whose', async () => {
    const move = await moveWith('Close', 12).toPublished();
    expect(move.source.connections).toEqual([]);
    expect(move.status.source).toMatchObject({ state: 'Published', closedConnections: { count: 12 } });
    expect(move.status.source?.closedConnections?.peers).toEqual(
      Array.from({ length: 10 }, (_, index) => `10.0.0.9:${index + 1}`),
    );
  });

  test('says nothing of none', async () => {
    const move = await moveWith('Close', 0).toPublished();
    expect(move.status.source?.state).toBe('Published');
    expect(move.status.source).not.toHaveProperty('closedConnections');
  });

  test('that is to refuse them touches none that came after the preflight', async () => {
    const move = await moveWith('Refuse', 0).toFreeze();
    move.source.connections.push(peer(1));
    await move.source.visit();
    expect(move.source.connections).toHaveLength(1);
  });

  test('whose agent was killed after the closing still knows of it', async () => {
    const move = await moveWith('Close', 2).toFreeze();
    move.source.meanwhile('driver.dump.after', () => {
      move.source.killAfter(0);
    });
    await move.source.visit().catch(() => undefined);
    move.source.calm();
    move.source.connections.push(peer(3));
    await move.untilDone(move.source);
    expect(move.status.source).toMatchObject({
      state: 'Published',
      closedConnections: { count: 3, peers: ['10.0.0.9:1', '10.0.0.9:2', '10.0.0.9:3'] },
    });
  });

  test('that cannot close them fails, and the container runs on', async () => {
    const move = await moveWith('Close', 1).toFreeze();
    move.source.fail('node.closeConnections', new ReasonedError('ConnectionsNotClosed', 'for the test'));
    await move.source.visit();
    expect(move.status.source).toMatchObject({ state: 'Failed', error: { reason: 'ConnectionsNotClosed' } });
    move.revoke();
    await move.untilDone(move.source);
    expect(move.status.source?.state).toBe('RolledBack');
    expect(move.original.state).toBe('running');
  });

  test('that is rolled back has closed them all the same, and says so', async () => {
    const move = await moveWith('Close', 1).toPublished();
    move.revoke();
    await move.untilDone(move.source);
    expect(move.status.source).toMatchObject({
      state: 'RolledBack',
      closedConnections: { count: 1, peers: ['10.0.0.9:1'] },
    });
    expect(move.original.state).toBe('running');
  });
});
