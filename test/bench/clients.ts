/** Clients of a server that moves: they ask all the time, and note when they get an answer. */
import type { Socket as DatagramSocket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Probe } from './result';

/** How often a client asks, in ms: no gap is known better than that. */
const INTERVAL_MS = 10;
/** A connection that gives no answer within that is given up, when it is a new one. */
const CONNECT_MS = 100;

/** What clients saw from their start to their stop. */
export interface Seen {
  /** The longest time between two answers, or from the last answer to the stop, ms. */
  readonly gapMs: number;
  readonly probes: readonly Probe[];
  /** Of the connections that were open at the start, how many were never closed; without connections undefined. */
  readonly kept?: number;
}

export interface Client {
  /** Whether an answer is got after that moment (of performance.now()); resolves at once when there is one. */
  answeredAfter(moment: number, deadlineMs: number): Promise<boolean>;
  /** Ends it. Times of probes are counted from `zero`, a moment of performance.now(). */
  stop(zero: number): Seen;
}

/** When each request was sent and answered, by performance.now(). */
class Record {
  readonly #sent: number[] = [];
  readonly #answered = new Map<number, number>();
  #last = 0;

  /** Returns the number of the request. */
  send(): number {
    return this.#sent.push(performance.now()) - 1;
  }

  answer(number: number): void {
    this.#last = performance.now();
    if (!this.#answered.has(number)) this.#answered.set(number, this.#last);
  }

  async answeredAfter(moment: number, deadlineMs: number): Promise<boolean> {
    const deadline = performance.now() + deadlineMs;
    while (this.#last <= moment && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
    return this.#last > moment;
  }

  seen(zero: number): Seen {
    const tenth = (ms: number): number => Math.round(ms * 10) / 10;
    const probes = this.#sent.map((sent, number): Probe => {
      const answered = this.#answered.get(number);
      return [tenth(sent - zero), answered === undefined ? null : tenth(answered - sent)];
    });
    return { gapMs: tenth(longestGap([...this.#answered.values(), performance.now()])), probes };
  }
}

/** The longest time between two neighbours. */
export function longestGap(moments: readonly number[]): number {
  const sorted = moments.toSorted((one, other) => one - other);
  return Math.max(0, ...sorted.slice(1).map((moment, index) => moment - (sorted[index] ?? moment)));
}

/** Sends datagrams: nothing is open between client and server, and nothing is sent again by the kernel. */
export function startDatagrams(host: string, port: number): Client {
  const record = new Record();
  const socket: DatagramSocket = createSocket('udp4');
  socket.on('message', (message) => {
    record.answer(Number(message.toString('latin1')));
  });
  // The host is told that nobody has the address while it is on its way.
  socket.on('error', () => undefined);
  const timer = setInterval(() => {
    socket.send(String(record.send()), port, host);
  }, INTERVAL_MS);
  return {
    answeredAfter: (moment, deadlineMs) => record.answeredAfter(moment, deadlineMs),
    stop: (zero) => {
      clearInterval(timer);
      socket.close();
      return record.seen(zero);
    },
  };
}

/** Keeps connections open. On one of them it asks all the time; when that ends it connects again. The others are silent. */
export async function startConnections(host: string, port: number, connections: number): Promise<Client> {
  const record = new Record();
  const closed = new Set<Socket>();
  const open = await Promise.all(Array.from({ length: connections }, () => connected(host, port)));
  for (const socket of open) {
    socket.on('close', () => closed.add(socket));
    socket.on('error', () => undefined);
  }
  let asking: Socket | undefined = open[0];
  let attempt: { readonly socket: Socket; readonly begunAt: number } | undefined;
  let stopped = false;

  const listen = (socket: Socket): void => {
    socket.setNoDelay();
    socket.on('data', (data: Buffer) => {
      // Several may have come in one piece; the last is the one that counts.
      record.answer(Number(data.toString('latin1').trim().split('\n').at(-1)));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (asking === socket) asking = undefined;
    });
  };
  if (asking !== undefined) listen(asking);

  const again = (): void => {
    if (attempt !== undefined && performance.now() - attempt.begunAt < CONNECT_MS) return;
    attempt?.socket.destroy();
    const socket = connect(port, host);
    attempt = { socket, begunAt: performance.now() };
    listen(socket);
    socket.on('connect', () => {
      asking = socket;
      attempt = undefined;
    });
    socket.on('close', () => {
      if (attempt?.socket === socket) attempt = undefined;
    });
  };
  const timer = setInterval(() => {
    const number = record.send();
    if (asking === undefined) again();
    else asking.write(`${number}\n`);
  }, INTERVAL_MS);

  return {
    answeredAfter: (moment, deadlineMs) => record.answeredAfter(moment, deadlineMs),
    stop: (zero) => {
      if (!stopped) clearInterval(timer);
      stopped = true;
      const kept = open.filter((socket) => !closed.has(socket)).length;
      for (const socket of [...open, asking, attempt?.socket]) socket?.destroy();
      return { ...record.seen(zero), kept };
    },
  };
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
