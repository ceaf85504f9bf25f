import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What Redis answers (RESP 2), without its errors, which are thrown. */
export type Answer = string | number | null | readonly Answer[];

/** One connection to a Redis server: one call after the other. */
export class RedisClient {
  readonly #socket: Socket;
  #text = Buffer.alloc(0);
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  #failed: Error | undefined;

  constructor(host: string, port: number) {
    this.#socket = connect(port, host);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text = Buffer.concat([this.#text, chunk]);
      this.#take();
    });
    this.#socket.on('error', (error) => {
      this.#end(error);
    });
    this.#socket.on('close', () => {
      this.#end(new Error('the connection was closed'));
    });
  }

  /** Throws when there is no answer within that time: the connection is of no use any more then. */
  call(words: readonly string[], timeoutMs = 10_000): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.close();
        this.#end(new Error(`${words[0] ?? ''}: no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          this.#waiting = undefined;
          how(value);
        };
      this.#waiting = { resolve: settle(resolve), reject: settle(reject) };
      if (this.#failed !== undefined) {
        this.#waiting.reject(this.#failed);
        return;
      }
      const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      this.#socket.write(`*${words.length}\r\n${parts.join('')}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(error: Error): void {
    this.#failed ??= error;
    this.#waiting?.reject(error);
  }

  #take(): void {
    const read = parse(this.#text, 0);
    if (read === undefined || this.#waiting === undefined) return;
    this.#text = this.#text.subarray(read.end);
    if (read.error === undefined) this.#waiting.resolve(read.answer);
    else this.#waiting.reject(new Error(read.error));
  }
}

interface Parsed {
  readonly answer: Answer;
  readonly error?: string;
  /** Where the next answer begins. */
  readonly end: number;
}

/** The answer that begins there; undefined when not all of it has come. */
function parse(text: Buffer, at: number): Parsed | undefined {
  const lineEnd = text.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = text.toString('utf8', at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (text.toString('latin1', at, at + 1)) {
    case '-':
      return { answer: null, error: line, end };
    case ':':
      return { answer: Number(line), end };
    case '$': {
      const length = Number(line);
      if (length < 0) return { answer: null, end };
      if (text.length < end + length + 2) return undefined;
      return { answer: text.toString('utf8', end, end + length), end: end + length + 2 };
    }
    case '*': {
      const answers: Answer[] = [];
      let next = end;
      for (let index = 0; index < Number(line); index++) {
        const one = parse(text, next);
        if (one === undefined) return undefined;
        answers.push(one.answer);
        next = one.end;
      }
      return { answer: answers, end: next };
    }
    default:
      return { answer: line, end };
  }
}
