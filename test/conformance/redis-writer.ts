import { describeError } from '../../src/runtime/errors';
import { sleep } from '../lib/waiting';
import type { Beside } from './case';
import { RedisClient } from './redis-client';

/** As a client library is often set up: it does not wait for long, and tries the next address. */
const CALL_MS = 500;
const PAUSE_MS = 2;

/** What it writes begins so. */
const KEY = 'live:';

/**
 * Writes to a Redis server all the time, one key after the other, and connects again, to one address after the other, when
 * its connection ends. At its end it reads everything back that the server had acknowledged: nothing of it may be missing.
 */
export class RedisWriter implements Beside {
  readonly #addresses: readonly string[];
  readonly #port: number;
  readonly #done: Promise<void>;
  readonly #acknowledged: number[] = [];
  #connections = 0;
  #stopped = false;
  #longestGapMs = 0;

  /** @param addresses of the nodes: it begins with the first */
  constructor(addresses: readonly string[], port: number) {
    this.#addresses = addresses;
    this.#port = port;
    this.#done = this.#write();
  }

  async stop(): Promise<{ readonly violations: readonly string[]; readonly remark: string }> {
    this.#stopped = true;
    await this.#done;
    const seconds = (this.#longestGapMs / 1000).toFixed(1);
    const remark =
      `${this.#acknowledged.length} writes by a client meanwhile, all there; ` +
      `${this.#connections} connections, longest wait for an answer ${seconds} s`;
    return { violations: [...(await this.#missing())], remark };
  }

  async #write(): Promise<void> {
    let client: RedisClient | undefined;
    let turn = 0;
    let lastMs = performance.now();
    for (let number = 0; !this.#stopped; number++) {
      try {
        client ??= await this.#connect(turn++);
        await client.call(['SET', `${KEY}${number}`, String(number)], CALL_MS);
        this.#acknowledged.push(number);
        this.#longestGapMs = Math.max(this.#longestGapMs, performance.now() - lastMs);
        lastMs = performance.now();
        await sleep(PAUSE_MS);
      } catch {
        client?.close();
        client = undefined;
        await sleep(20);
      }
    }
    client?.close();
  }

  /** A connection over which it was answered. */
  async #connect(turn: number): Promise<RedisClient> {
    const client = new RedisClient(this.#addresses[turn % this.#addresses.length] ?? '', this.#port);
    try {
      await client.call(['PING'], CALL_MS);
      this.#connections++;
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async #missing(): Promise<string[]> {
    if (this.#connections < 2) return ['its client never had to connect again'];
    for (const address of [...this.#addresses].reverse()) {
      const client = new RedisClient(address, this.#port);
      try {
        const values = await client.call(['MGET', ...this.#acknowledged.map((number) => `${KEY}${number}`)]);
        const found = Array.isArray(values) ? values : [];
        const lost = this.#acknowledged.filter((number, index) => found[index] !== String(number));
        return lost.length === 0 ? [] : [`${lost.length} acknowledged writes are gone, the first is ${lost[0] ?? ''}`];
      } catch (error) {
        if (address === this.#addresses[0]) return [`the writes cannot be read: ${describeError(error)}`];
      } finally {
        client.close();
      }
    }
    return ['there is no address to read the writes from'];
  }
}
