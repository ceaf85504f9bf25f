import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeConnections, connectionsToClose, describeConnections } from '../../../src/driver/close-connections';
import type { TcpSocket } from '../../../src/driver/tcp-table';
import { systemClock } from '../../../src/runtime/clock';
import { ReasonedError } from '../../../src/runtime/errors';
import type { CommandResult, CommandRunner } from '../../../src/runtime/exec';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const socket = (local: string, state: string, inode: number): TcpSocket => {
  return { local, remote: '192.0.2.9:4000', state, receiveQueue: 0, inode };
};
const OWNED = new Set([1, 2]);
const chosen = (sockets: readonly TcpSocket[], isIsolated: boolean): string[] =>
  connectionsToClose(sockets, OWNED, isIsolated).map(({ local }) => local);

describe('of the sockets in a network namespace', () => {
  test.each(['ESTAB', 'SYN-SENT', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSING'])(
    'those are closed that the container holds in state %s',
    (state) => {
      expect(chosen([socket('10.0.0.1:80', state, 1)], false)).toEqual(['10.0.0.1:80']);
    },
  );

  test.each(['LISTEN', 'CLOSE', 'TIME-WAIT'])('none is touched in state %s', (state) => {
    expect(chosen([socket('10.0.0.1:80', state, 1), socket('10.0.0.1:80', state, 0)], true)).toEqual([]);
  });

  test.each([true, false])('none is touched that another process holds (isolated: %s)', (isIsolated) => {
    expect(chosen([socket('10.0.0.1:80', 'ESTAB', 3)], isIsolated)).toEqual([]);
  });

  test('those that no process holds are the container’s when the namespace is', () => {
    const sockets = [socket('10.0.0.1:80', 'SYN-RECV', 0), socket('10.0.0.1:50000', 'FIN-WAIT-1', 0)];
    expect(chosen(sockets, true)).toEqual(['10.0.0.1:80', '10.0.0.1:50000']);
  });

  test.each([
    ['0.0.0.0:80', '10.0.0.1:80', true],
    ['10.0.0.1:80', '10.0.0.1:80', true],
    ['[::]:80', '[::ffff:10.0.0.1]:80', true],
    ['[2001:db8::1]:80', '[2001:db8::1]:80', true],
    ['0.0.0.0:80', '10.0.0.1:8080', false],
    ['0.0.0.0:80', '[::1]:80', false],
    ['[::]:80', '10.0.0.1:80', false],
    ['10.0.0.1:80', '10.0.0.2:80', false],
    ['[2001:db8::1]:80', '[2001:db8::2]:80', false],
  ])('in the network of the node, a listener on %s lets %s in: %s', (listener, local, isOurs) => {
    const unaccepted = socket(local, 'ESTAB', 0);
    expect(chosen([socket(listener, 'LISTEN', 1), unaccepted], false)).toEqual(isOurs ? [local] : []);
    expect(chosen([socket(listener, 'LISTEN', 3), unaccepted], false)).toEqual([]);
  });
});

test('many connections are named by the first ones', () => {
  const many = [1, 2, 3, 4, 5, 6, 7].map((port) => socket(`10.0.0.1:${port}`, 'ESTAB', 1));
  expect(describeConnections(many)).toMatch(/^10\.0\.0\.1:1 ↔ 192\.0\.2\.9:4000 \(ESTAB\), .* and 2 more$/);
});

describe('a frozen container', () => {
  const PID = 10;
  const proc = useTemporaryDirectory();

  /** Connections as port and inode; each goes from 127.0.0.1:<port> to 127.0.0.2:1. */
  let table: Map<number, number>;
  let calls: string[][];
  /** What becomes of a connection that is to be killed. */
  let survives: () => boolean;

  const write = (): void => {
    const rows = [...table].map(
      ([port, inode]) =>
        `0: 0100007F:${port.toString(16).padStart(4, '0')} 0200007F:0001 01 00000000:00000000 00:0 0 0 0 ${inode} 1`,
    );
    writeFileSync(join(proc(), String(PID), 'net/tcp'), ['header', ...rows, ''].join('\n'));
  };
  const result: CommandResult = { exitCode: 0, signal: null, stdout: '', stderr: '', durationMs: 1 };
  const ss: CommandRunner = {
    run: (file, args) => {
      calls.push([file, ...args]);
      for (const [, port] of args.join(' ').matchAll(/\( src 127\.0\.0\.1:(\d+) and dst 127\.0\.0\.2:1 \)/g)) {
        if (!survives()) table.delete(Number(port));
      }
      write();
      return Promise.resolve(result);
    },
  };

  beforeEach(() => {
    for (const name of ['fd', 'net', 'ns']) mkdirSync(join(proc(), String(PID), name), { recursive: true });
    mkdirSync(join(proc(), 'self/ns'), { recursive: true });
    writeFileSync(join(proc(), String(PID), 'cgroup'), '0::/docker/c\n');
    symlinkSync('net:[1]', join(proc(), String(PID), 'ns/net'));
    symlinkSync('net:[2]', join(proc(), 'self/ns/net'));
    table = new Map();
    calls = [];
    survives = () => false;
  });

  const hold = (...ports: number[]): void => {
    for (const port of ports) {
      table.set(port, port);
      symlinkSync(`socket:[${port}]`, join(proc(), String(PID), 'fd', String(port)));
    }
  };
  const close = (run: CommandRunner = ss): ReturnType<typeof closeConnections> => {
    write();
    return closeConnections(PID, { run, clock: systemClock, nodePid: 'self', proc: proc() });
  };

  test('loses every connection, in its own network, and they are told', async () => {
    hold(80, 81);
    table.set(82, 0);
    const closed = await close();
    expect(table.size).toBe(0);
    expect(closed.map(({ local }) => local)).toEqual(['127.0.0.1:80', '127.0.0.1:81', '127.0.0.1:82']);
    expect(calls[0]?.slice(0, 6)).toEqual(['nsenter', '-t', String(PID), '-n', '--', 'ss']);
  });

  test('without connections is left alone', async () => {
    expect(await close()).toEqual([]);
    expect(calls).toEqual([]);
  });

  test('in the network of the node loses no connection that nobody holds', async () => {
    rmSync(join(proc(), 'self/ns/net'));
    symlinkSync('net:[1]', join(proc(), 'self/ns/net'));
    hold(80);
    table.set(82, 0);
    await close();
    expect([...table.keys()]).toEqual([82]);
  });

  test('loses hundreds, with commands that the kernel can take', async () => {
    hold(...Array.from({ length: 250 }, (_, index) => 1000 + index));
    expect(await close()).toHaveLength(250);
    expect(table.size).toBe(0);
    expect(calls).toHaveLength(3);
  });

  test('whose clients come again at once does not keep us', async () => {
    hold(80);
    const again: CommandRunner = {
      run: (...words) => {
        const done = ss.run(...words);
        table.set(82, 0);
        write();
        return done;
      },
    };
    expect(await close(again)).toHaveLength(1);
    expect([...table.keys()]).toEqual([82]);
  });

  test('whose connection goes only the second time is rid of it', async () => {
    hold(80);
    survives = () => calls.length < 2;
    expect(await close()).toHaveLength(1);
    expect(table.size).toBe(0);
  });

  test('whose connection does not go is not dumped: it is named', async () => {
    hold(80);
    survives = () => true;
    await expect(close()).rejects.toMatchObject({
      reason: 'ConnectionsNotClosed',
      message: expect.stringContaining('127.0.0.1:80 ↔ 127.0.0.2:1 (ESTAB)') as string,
    });
  });

  test.each<[string, () => Promise<CommandResult>, string]>([
    ['says why', () => Promise.resolve({ ...result, exitCode: 1, stderr: 'no ss' }), 'ConnectionsNotClosed'],
    ['hangs', () => Promise.reject(new ReasonedError('CommandTimedOut', 'late')), 'CommandTimedOut'],
  ])('is not dumped when ss fails and %s', async (_what, run, reason) => {
    hold(80);
    await expect(close({ run })).rejects.toMatchObject({ reason });
  });
});
