import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';

/** 16 KiB in which every eight bytes are the number of the block: a byte that is lost or repeated shifts them all. */
const BLOCK_WORDS = 2048;

/**
 * A server for one client after the other, in Python: streams numbered blocks and takes such blocks, both at once, until
 * its client has nothing more to say; then it tells what it has sent and what it got, by their sums. Meanwhile two of its
 * own threads talk to each other over the loopback.
 *
 * @param port that it listens on
 */
export const bulkServer = (port: number): string => `
import hashlib, json, socket, struct, threading, time
words = ${BLOCK_WORDS}
turns, broken = 0, None
def echo(c):
    while got := c.recv(8): c.sendall(got)
def loop():
    global turns, broken
    listener = socket.create_server(("127.0.0.1", 0))
    one = socket.create_connection(listener.getsockname())
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
    try:
        while True:
            one.sendall(struct.pack("<Q", turns))
            if struct.unpack("<Q", one.recv(8)) != (turns,): raise OSError("wrong answer")
            turns += 1; time.sleep(.01)
    except (OSError, struct.error) as e: broken = repr(e)
threading.Thread(target=loop, daemon=True).start()
def serve(c):
    sent, received, size, over = hashlib.sha256(), hashlib.sha256(), [0, 0], threading.Event()
    def send():
        number = 0
        while not over.is_set():
            block = struct.pack("<Q", number) * words
            c.sendall(block); sent.update(block); size[0] += len(block); number += 1
            time.sleep(.002)
    sender = threading.Thread(target=send); sender.start()
    while got := c.recv(1 << 16): received.update(got); size[1] += len(got)
    over.set(); sender.join()
    c.sendall(b"\\xff" * 8 * words)
    c.sendall(json.dumps({"sent": sent.hexdigest(), "received": received.hexdigest(), "size": size, "turns": turns, "broken": broken}).encode())
    c.close()
listener = socket.create_server(("0.0.0.0", ${port}))
# Whoever remembers another container by this address hears that it is here now.
try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("198.51.100.1", 9))
except OSError: pass
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
`;

/** The other end, in a process of its own: nothing that a test waits for holds it up. */
const CLIENT = `
const { createHash } = require('node:crypto');
const words = ${BLOCK_WORDS}, blockBytes = words * 8;
const socket = require('node:net').connect({ port: Number(process.argv[2]), host: process.argv[1], highWaterMark: 1 << 16 });
const block = (number) => { const b = Buffer.alloc(blockBytes); for (let i = 0; i < words; i++) b.writeBigUInt64LE(BigInt(number), i * 8); return b; };
const sent = createHash('sha256'), received = createHash('sha256');
const size = [0, 0];
let number = 0, expected = 0, rest = Buffer.alloc(0), ended = false, stopping = false, stoppedAt = Infinity, last = 0, longestGapMs = 0, firstWrong;
const finish = (error) => {
  let told = {};
  if (!error) try { told = JSON.parse(rest.toString()); } catch (e) { error = 'no sums: ' + e.message; }
  const sums = { sent: sent.digest('hex'), received: received.digest('hex') };
  const same = told.sent === sums.received && told.received === sums.sent && told.size?.[0] === size[1] && told.size?.[1] === size[0];
  console.log(JSON.stringify({ error, same, firstWrong, sentBytes: size[0], receivedBytes: size[1], longestGapMs, turns: told.turns, broken: told.broken }));
  process.exit(0);
};
const write = () => {
  if (stopping) return socket.end();
  const b = block(number++); sent.update(b); size[0] += b.length;
  if (socket.write(b)) setTimeout(write, 2); else socket.once('drain', write);
};
socket.on('connect', () => { last = performance.now(); console.log('connected'); write(); });
socket.on('data', (chunk) => {
  const now = performance.now(); if (last < stoppedAt) longestGapMs = Math.max(longestGapMs, now - last); last = now;
  rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  while (!ended && rest.length >= blockBytes) {
    const got = rest.subarray(0, blockBytes); rest = rest.subarray(blockBytes);
    if (got.readBigUInt64LE(0) === 0xffffffffffffffffn) { ended = true; break; }
    if (firstWrong === undefined && !got.equals(block(expected))) firstWrong = expected;
    received.update(got); size[1] += got.length; expected++;
  }
});
socket.on('error', (error) => finish(error.code ?? error.message));
socket.on('end', () => finish(ended ? undefined : 'ended early'));
process.stdin.on('data', () => { stopping = true; stoppedAt = performance.now(); }).on('end', () => process.exit(1));
`;

/** What a client of `bulkServer` found. */
export interface BulkReport {
  /** How the connection broke; absent when it did not. */
  readonly error?: string;
  /** Both ends sent what the other received: the same bytes, as many. */
  readonly same: boolean;
  /** Number of the first block that was not the one that had to come. */
  readonly firstWrong?: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** The longest time in which nothing came, also one that was not over when the client was told to stop. */
  readonly longestGapMs: number;
  /** How often the server's own connection over the loopback went to and fro, and how it broke. */
  readonly turns?: number;
  readonly broken?: string | null;
}

/** A client that streams until it is told to stop. */
export class BulkClient {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #text = '';

  private constructor(host: string, port: number) {
    this.#child = spawn(process.execPath, ['-e', CLIENT, host, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    this.#ended = new Promise((resolve) =>
      this.#child.once('close', () => {
        resolve();
      }),
    );
  }

  /** Connects, and has streamed for a moment. */
  static async begun(host: string, port: number): Promise<BulkClient> {
    const client = new BulkClient(host, port);
    const deadline = Date.now() + 10_000;
    while (!client.#text.includes('connected')) {
      if (Date.now() > deadline || client.#child.exitCode !== null) throw new Error(`no connection: ${client.#text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    return client;
  }

  /** Ends the stream at both ends, and compares what they had. Rejects when that hangs. */
  async stop(): Promise<BulkReport> {
    this.#child.stdin?.write('stop\n');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await this.#ended;
    clearTimeout(late);
    const line = this.#text.trim().split('\n').at(-1) ?? '';
    if (!line.startsWith('{')) throw new Error(`the connection hangs: ${line}`);
    return JSON.parse(line) as BulkReport;
  }

  /** Whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
