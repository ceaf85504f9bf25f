import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { labEnvironment } from './lab-tools';
import { RecordingProxy } from './recording-proxy';

/** How long a replica may take to end after SIGTERM. */
const STOP_DEADLINE_MS = 25_000;

/** One more controller beside the lab's own, as it is installed there. The test sees all that it asks the API server. */
export class ControllerReplica {
  readonly identity: string;
  readonly proxy: RecordingProxy;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #ended: Promise<void>;
  #log = '';

  private constructor(identity: string, proxy: RecordingProxy, child: ChildProcess, directory: string) {
    this.identity = identity;
    this.proxy = proxy;
    this.#child = child;
    this.#directory = directory;
    child.stdout?.on('data', (chunk: Buffer) => (this.#log += chunk.toString('utf8')));
    child.stderr?.on('data', (chunk: Buffer) => (this.#log += chunk.toString('utf8')));
    this.#ended = new Promise((resolve) =>
      child.once('close', () => {
        resolve();
      }),
    );
  }

  static async start(identity: string): Promise<ControllerReplica> {
    const lab = labEnvironment()['LAB_DIR'] ?? '';
    const config = parse(readFileSync(join(lab, 'kube/controller.kubeconfig'), 'utf8')) as {
      clusters: {
        cluster: { server: string; 'certificate-authority-data': string; 'insecure-skip-tls-verify'?: boolean };
      }[];
    };
    const cluster = config.clusters[0]?.cluster;
    if (cluster === undefined) throw new Error("the controller's kubeconfig names no cluster");
    const ca = Buffer.from(cluster['certificate-authority-data'], 'base64');
    const proxy = await RecordingProxy.start({ url: new URL(cluster.server), ca });
    cluster.server = proxy.url;
    // The client refuses to speak without TLS unless it is told so.
    cluster['insecure-skip-tls-verify'] = true;
    const directory = mkdtempSync(join(tmpdir(), 'replica-'));
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, stringify(config), { mode: 0o600 });
    const app = join(lab, 'app');
    const child = spawn(join(app, 'bin/node'), ['--enable-source-maps', join(app, 'dist/controller/main.js')], {
      env: {
        // By this `lab/down` finds it, should the test be killed.
        TRANSSHIP_LAB_OWNER: lab,
        TRANSSHIP_IDENTITY: identity,
        TRANSSHIP_NAMESPACE: labEnvironment()['LAB_OPERATOR_NAMESPACE'],
        TRANSSHIP_HEALTH_PORT: '0',
        KUBECONFIG: kubeconfig,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ControllerReplica(identity, proxy, child, directory);
  }

  /** The end of what it has written to its log. */
  get log(): string {
    return this.#log.slice(-2_000);
  }

  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.#ended;
    clearTimeout(timer);
    await this.proxy.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
