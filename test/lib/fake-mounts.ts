import type { MountFiles } from '../../src/agent/ports';
import { mountsOf } from '../../src/docker/mounts';
import type { DockerVolumes, VolumeInfo, VolumeUser } from '../../src/docker/volumes';
import { ReasonedError } from '../../src/runtime/errors';
import type { FakeDocker } from './fake-docker';

/** The files of one directory, by name. */
type Files = Record<string, string>;

/** Where Docker keeps the files of a volume. */
export const mountpointOf = (name: string): string => `/var/lib/docker/volumes/${name}/_data`;

/** What is mounted into the containers of one node: Docker's volumes, and the files of directories. */
export class FakeMounts {
  readonly volumes = new Map<string, VolumeInfo>();
  /** By directory; two nodes that share one hold the very same object. */
  readonly files = new Map<string, Files>();
  readonly #docker: FakeDocker;

  constructor(docker: FakeDocker) {
    this.#docker = docker;
  }

  /** A volume that somebody has made. */
  add(name: string, files: Files, more: Partial<VolumeInfo> = {}): void {
    const mountpoint = mountpointOf(name);
    this.volumes.set(name, { name, driver: 'local', mountpoint, labels: {}, options: {}, ...more });
    this.files.set(mountpoint, files);
  }

  /** The files of a volume. */
  of(name: string): Files | undefined {
    return this.files.get(mountpointOf(name));
  }

  docker(): DockerVolumes {
    const usersOf = (name: string): readonly VolumeUser[] =>
      this.#docker.containers
        .filter(({ raw }) => mountsOf(raw).some((mount) => mount.type === 'volume' && mount.name === name))
        .map(({ id, name: container, state }) => ({ id, name: container, state }));
    return {
      inspect: (name) => Promise.resolve(this.volumes.get(name)),
      list: (labels) => {
        const carries = (volume: VolumeInfo): boolean =>
          Object.entries(labels).every(([label, value]) => volume.labels[label] === value);
        return Promise.resolve([...this.volumes.values()].filter(carries).map(({ name }) => name));
      },
      usersOf: (name) => Promise.resolve(usersOf(name)),
      mountUsers: () =>
        Promise.resolve(
          this.#docker.containers.map(({ id, name, state, raw }) => ({ id, name, state, mounts: mountsOf(raw) })),
        ),
      create: (name, labels) => {
        if (!this.volumes.has(name)) this.add(name, {}, { labels });
        return Promise.resolve();
      },
      remove: (name) => {
        if (usersOf(name).length > 0)
          return Promise.reject(new ReasonedError('EngineRefused', `volume ${name} is in use`));
        this.volumes.delete(name);
        this.files.delete(mountpointOf(name));
        return Promise.resolve();
      },
    };
  }

  access(): MountFiles {
    const inIt = (directory: string): Files => {
      const files = this.files.get(directory);
      if (files === undefined) throw new ReasonedError('SharedProbeFailed', `no directory ${directory}`);
      return files;
    };
    const removeAll = (files: Files, prefix: string): void => {
      for (const name of Object.keys(files)) if (name.startsWith(prefix)) Reflect.deleteProperty(files, name);
    };
    return {
      sizeBytes: (directory) => Promise.resolve(Object.values(inIt(directory)).join('').length),
      empty: async (directory) => {
        removeAll(inIt(directory), '');
        return Promise.resolve();
      },
      writeProbe: async (directory, prefix, token) => {
        removeAll(inIt(directory), prefix);
        inIt(directory)[`${prefix}${token}`] = '';
        return Promise.resolve();
      },
      hasProbe: (directory, prefix, token) =>
        Promise.resolve(Object.hasOwn(this.files.get(directory) ?? {}, `${prefix}${token}`)),
      removeProbes: async (directory, prefix) => {
        removeAll(this.files.get(directory) ?? {}, prefix);
        return Promise.resolve();
      },
    };
  }
}
