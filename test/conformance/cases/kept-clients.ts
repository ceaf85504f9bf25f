/** Clients whose connection must survive the move of their server, and what serves them. */
import { BulkClient } from '../../lib/bulk-stream';
import { describeError } from '../../../src/runtime/errors';
import { TcpClient } from '../../lib/tcp-client';
import { sleep } from '../../lib/waiting';
import type { Beside, Case, Place } from '../case';
import { witness } from '../witness';

/** At which the server listens. */
export const PORT = 18_230;

/** Greets, tells a number every 20 ms to who asks for numbers, and answers everything else. */
const SERVER = `
accepted, ended = 0, 0
def serve(connection):
    global ended
    try:
        connection.sendall(b'hello\\n')
        while asked := connection.recv(100):
            connection.sendall(b'got ' + asked)
            number = 0
            while asked == b'numbers': connection.sendall(b'%d;' % number); number += 1; time.sleep(.02)
    except OSError: pass
    ended += 1
def accept():
    global accepted
    listener = socket.create_server(('0.0.0.0', ${PORT}))
    while True:
        connection, _ = listener.accept()
        accepted += 1
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
# Whoever remembers another container by this address hears that it is here now.
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('198.51.100.1', 9))
`;

/** The server, as a witness. */
export const asked = witness(SERVER, "return {'ended': ended, 'accepted': accepted}");

/** Where the client finds the container. */
type AddressFor = (place: Place) => Promise<string>;

/** A client that is connected during the move, and must be served on over the same connection. */
export const served =
  (addressFor: AddressFor, begin: string, judge: (one: TcpClient) => Promise<void>) =>
  async (place: Place): Promise<Beside> => {
    const one = await TcpClient.greeted(await addressFor(place), PORT);
    one.send(begin);
    await one.reads(`got ${begin}`);
    return {
      stop: async () => {
        try {
          await judge(one);
          return { violations: [] };
        } catch (error) {
          return { violations: [String(error)] };
        } finally {
          one.close();
        }
      },
    };
  };

/** One that is idle during the move, and is answered after it. */
export const servedOn = (addressFor: AddressFor): ReturnType<typeof served> =>
  served(addressFor, 'before', async (one) => {
    one.send('after');
    await one.reads('got after');
  });

/** One that streams all the time, both ways. */
export const streamed =
  (addressFor: AddressFor) =>
  async (place: Place): Promise<Beside> => {
    const client = await BulkClient.begun(await addressFor(place), PORT);
    return {
      stop: async () => {
        const { error, same, firstWrong, receivedBytes, longestGapMs } = await client.stop();
        const well = error === undefined && same && firstWrong === undefined;
        return {
          violations: well ? [] : [`the stream broke: ${JSON.stringify({ error, same, firstWrong })}`],
          remark: `${receivedBytes} bytes received, longest pause ${Math.round(longestGapMs)} ms`,
        };
      },
    };
  };

/** One that asks all the time, and waits for each answer before it asks again; it asks on for a while after the move. */
export const asking =
  (addressFor: AddressFor) =>
  async (place: Place): Promise<Beside> => {
    const one = await TcpClient.greeted(await addressFor(place), PORT);
    const seen = { answers: 0, longestMs: 0, isOver: false };
    const ask = async (): Promise<void> => {
      const askedMs = performance.now();
      one.send(`<${seen.answers}>`);
      await one.reads(`got <${seen.answers}>`);
      seen.longestMs = Math.max(seen.longestMs, performance.now() - askedMs);
      seen.answers += 1;
    };
    await ask();
    const ended = (async () => {
      while (!seen.isOver) {
        await ask();
        await sleep(10);
      }
      for (let more = 0; more < 100; more += 1) await ask();
    })().then(
      () => [],
      (error: unknown) => [describeError(error)],
    );
    return {
      stop: async () => {
        seen.isOver = true;
        const violations = await ended;
        one.close();
        return { violations, remark: `${seen.answers} answers, the slowest after ${Math.round(seen.longestMs)} ms` };
      },
    };
  };

/** The object tells of as many connections, and more. */
export const kept = (least: number): NonNullable<Case['judge']> => {
  return ({ status }) => {
    const { count = 0 } = status.source?.keptConnections ?? {};
    return Promise.resolve(count >= least ? [] : [`the object tells of ${count} kept connections`]);
  };
};

/** What all such cases have. */
export const keep: Pick<Case, 'origin' | 'spec'> = { origin: 'connections', spec: { connections: 'Keep' } };
/** The client comes after the first look, and has a thread of its own; the MAC address is fixed from then on. */
export const differs = ['accepted', 'processes', 'inspect.Config.MacAddress'];
