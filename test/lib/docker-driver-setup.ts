import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerCheckpoints } from '../../src/docker/checkpoints';
import type { ContainerInfo } from '../../src/docker/engine';
import { ConfigSwap } from '../../src/driver/docker/config-swap';
import { createDockerDriver } from '../../src/driver/docker/docker-driver';
import type { Driver } from '../../src/driver/driver';
import { systemClock } from '../../src/runtime/clock';
import { DriverSetup, ID } from './driver-setup';
import { looper } from './preflight-world';

export const DESCRIPTORS = '["/dev/null","pipe:[1]","pipe:[2]"]';

/** A node whose Docker makes checkpoints itself, and a driver on it. */
export class DockerDriverSetup extends DriverSetup {
  readonly nodeConfig = join(this.directory, 'runc.conf');
  readonly dataRoot = join(this.directory, 'data');
  /** Below the container's own directory: where Docker looks for a checkpoint. */
  readonly place = join(this.dataRoot, 'containers', ID, 'checkpoints/transship');
  readonly swap = new ConfigSwap(this.nodeConfig);
  experimental = true;
  /** What Docker says of the container. */
  info: Partial<ContainerInfo> = { state: 'created', pid: 0, startedAt: '0001-01-01T00:00:00Z' };
  inspect: () => Promise<ContainerInfo | undefined> = () => Promise.resolve({ ...looper, id: ID, ...this.info });
  /** What Docker's checkpoint does besides its own file. */
  onCreate: () => Promise<void> = () => Promise.resolve();
  onStart: () => Promise<void> = () => {
    this.run();
    return Promise.resolve();
  };
  readonly calls: string[] = [];

  /** The container runs. */
  run(): void {
    this.info = { state: 'running', pid: 4711, startedAt: new Date().toISOString() };
  }

  dockerDriver(): Driver {
    const checkpoints: DockerCheckpoints = {
      create: async (id, { name, directory }) => {
        this.calls.push(`checkpoint ${id === ID ? 'it' : id} as ${name}`);
        await this.onCreate();
        mkdirSync(join(directory, name), { recursive: true });
        writeFileSync(join(directory, name, 'descriptors.json'), DESCRIPTORS);
      },
      start: async (id, { name }) => {
        this.calls.push(`restore ${id === ID ? 'it' : id} from ${name}`);
        await this.onStart();
      },
    };
    const node = { rootDir: this.dataRoot, storageDriver: 'overlay2', defaultRuntime: 'runc', runtimes: {} };
    return createDockerDriver({
      run: this.runc,
      clock: systemClock,
      dumpGraceMs: 100,
      signalAll: (_pid, signal) => {
        this.signals.push(signal);
        return Promise.resolve();
      },
      engine: {
        info: () => Promise.resolve({ ...node, version: '26.1.5', experimental: this.experimental }),
        inspect: () => this.inspect(),
        kill: () => {
          this.calls.push('kill');
          return Promise.resolve();
        },
      },
      execRoot: this.execRoot,
      runDir: this.runDir,
      nodePid: 'self',
      checkpoints,
      swap: this.swap,
    });
  }
}
