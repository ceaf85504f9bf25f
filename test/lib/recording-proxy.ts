import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { Agent, request as send } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** One request that a client sent, whatever came of it. */
export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string;
  /** The server's answer; undefined while there is none. */
  status: number | undefined;
}

/** What the proxy keeps back, and where: the request on its way to the server, or the answer on its way back. */
interface Hold {
  readonly what: 'request' | 'answer';
  readonly matches: (request: RecordedRequest) => boolean;
  readonly caught: PromiseWithResolvers<RecordedRequest>;
  readonly released: Promise<unknown>;
}

/** A request that the proxy has caught. */
export interface Catch {
  readonly request: RecordedRequest;
  release(): void;
}

/**
 * Stands between one client and the API server, sees every request in clear text, and can hold one back: what a client
 * did is told by its requests, not by its own log.
 */
export class RecordingProxy {
  readonly requests: RecordedRequest[] = [];
  readonly #server: Server;
  readonly #upstream: { readonly url: URL; readonly ca: Buffer };
  readonly #agent = new Agent({ keepAlive: true });
  #hold: Hold | undefined;

  private constructor(upstream: { url: URL; ca: Buffer }) {
    this.#upstream = upstream;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      );
    });
  }

  static async start(upstream: { url: URL; ca: Buffer }): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Without TLS. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Holds the next request for which it is true, or the answer to it; resolves once it is caught. */
  async holdNext(what: Hold['what'], matches: Hold['matches']): Promise<Catch> {
    const caught = Promise.withResolvers<RecordedRequest>();
    const released = Promise.withResolvers<undefined>();
    this.#hold = { what, matches, caught, released: released.promise };
    const release = (): void => {
      released.resolve(undefined);
    };
    return { request: await caught.promise, release };
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { method = '', url = '', headers } = request;
    const record: RecordedRequest = { method, path: url, body: body.toString('utf8'), status: undefined };
    this.requests.push(record);
    const hold = this.#hold?.matches(record) === true ? this.#hold : undefined;
    if (hold !== undefined) this.#hold = undefined;
    if (hold?.what === 'request') await caughtBy(hold, record);
    const answer = await this.#forward(method, url, { ...headers, host: this.#upstream.url.host }, body);
    record.status = answer.statusCode;
    if (hold?.what === 'answer') await caughtBy(hold, record);
    // A watch that its client has ended ends here too.
    response.on('close', () => answer.destroy());
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  }

  #forward(method: string, path: string, headers: IncomingMessage['headers'], body: Buffer): Promise<IncomingMessage> {
    const { url, ca } = this.#upstream;
    return new Promise((resolve, reject) => {
      const options = { method, path, headers, ca, agent: this.#agent, host: url.hostname, port: url.port };
      send(options, resolve).on('error', reject).end(body);
    });
  }
}

async function caughtBy(hold: Hold, record: RecordedRequest): Promise<void> {
  hold.caught.resolve(record);
  await hold.released;
}
