import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { bigCounterProgram, counterScript } from '../lib/counter';
import { fetchOnce } from '../lib/http';
import type { NodeName } from '../lib/lab-docker';
import { labEnvironment } from '../lib/lab-tools';
import { sleep } from '../lib/waiting';
import { dockerHost } from './lab';
import type { Minutes } from './minutes';

/** Proves that a container went on where it was. */
export interface Witness {
  /** It runs on that node now, and was moved there when `moved`. Returns once it was seen to go on. */
  settled(node: NodeName, moved: boolean): Promise<void>;
  stop(): void;
}

export interface Workload {
  readonly name: string;
  /** For `docker run -d --name NAME`. */
  readonly run: readonly string[];
  witness(minutes: Minutes, addressOf: (node: NodeName) => string): Witness;
}

/** All names begin so. */
export const PREFIX = 'soak-';
const PATIENCE_MS = 20_000;

const counter = (name: string, ...run: string[]): Workload => ({
  name: PREFIX + name,
  run: ['--restart', 'always', ...run],
  witness: (minutes) => new CounterWitness(PREFIX + name, minutes),
});

const SERVER = `
import http.server, time
born, count = time.time_ns(), 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global count
        count += 1
        body = f"{born} {count}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
`;

export const WORKLOADS: readonly Workload[] = [
  counter('counter', 'transship-lab/busybox:1', 'sh', '-c', counterScript(20_000)),
  {
    name: `${PREFIX}server`,
    run: ['--restart', 'always', '-p', '18900:8000', 'transship-lab/python:1', 'python3', '-c', SERVER],
    witness: (minutes, addressOf) => new ServerWitness(minutes, (node) => `http://${addressOf(node)}:18900/`),
  },
  counter('memory', 'transship-lab/python:1', 'python3', '-c', bigCounterProgram(24)),
];

/** Reads what the container counts, on one node after the other: every number once, in each log all from 1 on. */
class CounterWitness implements Witness {
  readonly #name: string;
  readonly #minutes: Minutes;
  #last = 0;
  #follower: { readonly child: ChildProcess; readonly ended: Promise<void> } | undefined;

  constructor(name: string, minutes: Minutes) {
    this.#name = name;
    this.#minutes = minutes;
  }

  async settled(node: NodeName, moved: boolean): Promise<void> {
    const before = this.#follower;
    const over = before !== undefined && before.child.exitCode !== null;
    if (before === undefined || moved || over) {
      if (before !== undefined) await this.#drain(before);
      this.#follow(node);
    }
    const seen = this.#last;
    for (let waitedMs = 0; this.#last === seen; waitedMs += 50) {
      if (waitedMs > PATIENCE_MS) {
        this.#minutes.violation(`${this.#name} does not count on ${node} any more, after ${seen}`);
        return;
      }
      await sleep(50);
    }
  }

  stop(): void {
    this.#follower?.child.kill();
  }

  /** All that the old container wrote comes before the new one's first line. */
  async #drain({ child, ended }: { readonly child: ChildProcess; readonly ended: Promise<void> }): Promise<void> {
    const timer = setTimeout(() => child.kill(), 5_000);
    await ended;
    clearTimeout(timer);
  }

  /** From its beginning: the log came along when the container was moved. */
  #follow(node: NodeName): void {
    const args = ['--host', dockerHost(node), 'logs', '--follow', this.#name];
    const child = spawn('docker', args, { env: labEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    let previous = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (text + chunk.toString('utf8')).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const value = Number(line);
        this.#take(node, value, previous);
        previous = value;
      }
    });
    const ended = new Promise<void>((resolve) =>
      child.once('close', () => {
        resolve();
      }),
    );
    this.#follower = { child, ended };
  }

  #take(node: NodeName, value: number, previous: number): void {
    if (value !== previous + 1) {
      this.#minutes.violation(`the log of ${this.#name} on ${node} has ${value} after ${previous}`);
    }
    if (value <= this.#last) return;
    if (value !== this.#last + 1) {
      this.#minutes.violation(`${this.#name} on ${node} counted ${value} after ${this.#last}`);
    }
    this.#last = value;
    this.#minutes.count('numbers counted');
  }
}

/** Asks the server between its moves: the same process, and every request counted once. */
class ServerWitness implements Witness {
  readonly #minutes: Minutes;
  readonly #urlOn: (node: NodeName) => string;
  #born: string | undefined;
  #count = 0;

  constructor(minutes: Minutes, urlOn: (node: NodeName) => string) {
    this.#minutes = minutes;
    this.#urlOn = urlOn;
  }

  async settled(node: NodeName): Promise<void> {
    for (let request = 0; request < 2; request++) {
      const [born = '', count = ''] = (await fetchOnce(this.#urlOn(node))).split(' ');
      const went = `${this.#born ?? born} ${this.#count + 1}`;
      if (`${born} ${count}` !== went)
        this.#minutes.violation(`the server on ${node} said ${born} ${count}, not ${went}`);
      this.#born = born;
      this.#count = Number(count);
      this.#minutes.count('requests answered');
    }
    // The connection closes; one that is open is a reason not to move.
    await sleep(100);
  }

  stop(): void {
    // Nothing is left open between the questions.
  }
}
