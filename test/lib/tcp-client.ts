import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { sleep } from './waiting';

/** How long a server may take to greet, and a connection that was closed to be noticed. */
const PATIENCE_MS = 10_000;

/** How a connection ended, and when by this machine's clock. */
export interface End {
  /** `FIN`, or the code of the error. */
  readonly how: string;
  readonly atMs: number;
}

/** One TCP connection to a server that greets with a line, and everything that was read from it. */
export class TcpClient {
  readonly #socket: Socket;
  readonly #end: Promise<End>;
  #text = '';
  #name = '';
  #endSeen: End | undefined;
  #look = (): void => undefined;

  private constructor(host: string, port: number) {
    this.#socket = connect(port, host);
    this.#socket.on('connect', () => {
      this.#name = `${this.#socket.localAddress ?? ''}:${this.#socket.localPort ?? 0}`;
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#look();
    });
    this.#end = new Promise((resolve) => {
      let how = 'FIN';
      this.#socket.on('error', (error: NodeJS.ErrnoException) => (how = error.code ?? error.message));
      this.#socket.on('close', () => {
        this.#endSeen = { how, atMs: Date.now() };
        this.#look();
        resolve(this.#endSeen);
      });
    });
  }

  /** Connects without waiting for anything: the server may stand still. */
  static begin(host: string, port: number): TcpClient {
    return new TcpClient(host, port);
  }

  /** Connects, as soon as the server listens, and waits until it has greeted. */
  static async greeted(host: string, port: number): Promise<TcpClient> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const client = new TcpClient(host, port);
      try {
        await client.reads('hello');
        return client;
      } catch (error) {
        if (client.name !== '' || Date.now() > deadline) throw error;
        await sleep(50);
      }
    }
  }

  /** This end, as the server sees it; empty before it is connected. */
  get name(): string {
    return this.#name;
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Waits until this was read. Throws when the connection ends before, or nothing comes. */
  reads(text: string): Promise<void> {
    return this.#await(`"${text}"`, () => this.#text.includes(text));
  }

  /** Waits for the end. Throws when it does not come. */
  async end(): Promise<End> {
    await this.#await('the end', () => this.#endSeen !== undefined);
    return this.#end;
  }

  close(): void {
    this.#socket.destroy();
  }

  #await(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`connection ${this.name} hangs: still not ${what} after ${PATIENCE_MS} ms`));
      }, PATIENCE_MS);
      this.#look = () => {
        const done = holds();
        if (!done && this.#endSeen === undefined) return;
        clearTimeout(timer);
        if (done) resolve();
        else reject(new Error(`connection ${this.name} ended (${this.#endSeen?.how ?? ''}) before ${what}`));
      };
      this.#look();
    });
  }
}
