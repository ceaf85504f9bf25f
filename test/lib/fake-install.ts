import type { InstallMode } from '../../src/agent/install/decide';
import type { DockerDaemon, DockerDaemons, NodeFiles } from '../../src/agent/install/ports';
import type { InstallDeps } from '../../src/agent/install/settle';
import type { EngineInfo } from '../../src/docker/engine';
import { ReasonedError } from '../../src/runtime/errors';
import { FakeClock } from './fake-clock';
import { FakeDocker } from './fake-docker';

export const ENTRY = { name: 'transship', path: '/opt/transship/oci/transship-runc' };
export const CONFIG = '/etc/docker/daemon.json';
export const SCRIPT = '#!/bin/sh\n# of this agent\n';
export const HELPER = { path: '/opt/transship/oci/transship-network', text: '#!/bin/sh\n# its helper\n' };

/** A node with a Docker daemon, as far as the installation of the wrapper looks. What is in `files` survives a crash. */
export class FakeInstallNode {
  readonly files = new Map<string, string>();
  readonly docker = new FakeDocker();
  readonly clock = new FakeClock();
  daemon: DockerDaemon = { pid: 7, args: [], configPath: CONFIG };
  /** What the daemon has read. */
  runtimes: EngineInfo['runtimes'] = { runc: {} };
  reloads = 0;
  isExternal = false;
  /** What the daemon does with a configuration that it reads; nothing when it does not like it. */
  onReload = (): void => {
    const { runtimes = {} } = JSON.parse(this.files.get(this.daemon.configPath) ?? '{}') as Partial<EngineInfo>;
    this.runtimes = { runc: {}, ...runtimes };
  };
  /** What `dockerd --validate` says. */
  validate: (text: string) => string | undefined = () => undefined;
  /** Called before every effect, with what it is. */
  before: (effect: string) => void = () => undefined;

  deps(mode: InstallMode): InstallDeps {
    return {
      mode,
      entry: ENTRY,
      scripts: [HELPER, { path: ENTRY.path, text: SCRIPT }],
      files: this.#nodeFiles(),
      directories: { look: () => Promise.resolve([]) },
      daemons: this.#daemons(),
      engine: {
        list: () => this.docker.list(),
        inspect: (id) => this.docker.inspect(id),
        info: async () => ({ ...(await this.docker.info()), runtimes: this.runtimes }),
      },
      isExternal: () => Promise.resolve(this.isExternal),
      clock: this.clock,
    };
  }

  /** The files in Docker's directory. */
  configs(): string[] {
    return [...this.files.keys()].filter((path) => path.startsWith('/etc/docker/')).sort();
  }

  #effect<T>(name: string, act: () => T): Promise<T> {
    try {
      this.before(name);
      return Promise.resolve(act());
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #nodeFiles(): NodeFiles {
    const write = (path: string, text: string): string => {
      this.files.set(`${path}.new`, text);
      return `${path}.new`;
    };
    return {
      look: (path) => {
        const text = this.files.get(path);
        const kind = text === undefined ? 'missing' : 'regular';
        return Promise.resolve({ kind, realPath: path, links: text === undefined ? 0 : 1, text });
      },
      writeBeside: (path, text) => this.#effect('writeBeside', () => write(path, text)),
      writeExecutable: (path, text) => this.#effect('writeExecutable', () => write(path, text)),
      rename: (from, to) =>
        this.#effect('rename', () => {
          this.files.set(to, this.files.get(from) ?? '');
          this.files.delete(from);
        }),
      copy: (from, to) => this.#effect('copy', () => void this.files.set(to, this.files.get(from) ?? '')),
      remove: (path) => this.#effect('remove', () => void this.files.delete(path)),
    };
  }

  #daemons(): DockerDaemons {
    return {
      find: () => Promise.resolve(this.daemon),
      validate: (_daemon, path) =>
        this.#effect('validate', () => {
          const words = this.validate(this.files.get(path) ?? '');
          if (words !== undefined) throw new ReasonedError('DaemonConfigRefused', words);
        }),
      reload: () =>
        this.#effect('reload', () => {
          this.reloads += 1;
          this.onReload();
        }),
    };
  }
}
