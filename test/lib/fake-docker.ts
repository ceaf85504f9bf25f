import { engineError } from '../../src/docker/errors';
import type {
  ContainerEngine,
  ContainerInfo,
  ContainerSummary,
  CreateBody,
  EngineInfo,
  RestartPolicy,
} from '../../src/docker/engine';
import { without } from '../../src/docker/record';
import { ReasonedError } from '../../src/runtime/errors';
import { inspectFixture } from './inspect-fixtures';

const SOCKET = '/run/docker.sock';
/** What a container has in memory that began anew. */
export const FRESH = 'begun anew';

export interface FakeContainer extends ContainerInfo {
  /** What its processes know; undefined without processes. */
  readonly memory: string | undefined;
  /** Nothing leaves its network. */
  readonly isSilent?: boolean;
  /** What `docker logs` shows. */
  readonly log: string;
}

/** A dockerd that is not there, as the engine's client tells it. */
export function dockerAway(): ReasonedError {
  return engineError('do it', SOCKET, Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
}

/** A dockerd that went away in the middle of a call: nobody knows whether it did what it was asked for. */
export function dockerHungUp(): ReasonedError {
  return engineError('do it', SOCKET, Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
}

const refused = (message: string): ReasonedError => new ReasonedError('EngineRefused', message);

/** The containers of one node, which change as Docker changes them. */
export class FakeDocker implements ContainerEngine {
  readonly #containers = new Map<string, FakeContainer>();
  /** The images, by ID or name, that the node has not; it has all others. */
  readonly lacking = new Set<string>();
  /** What the names of images mean here, where that is known. */
  readonly names = new Map<string, string>();
  /** Fields of `HostConfig` that this Docker is too old to know. */
  readonly ignoredSettings = new Set<string>();
  readonly #prefix: string;
  #created = 0;

  /** @param prefix hexadecimal digit that begins the IDs of the containers that are created here */
  constructor(prefix = 'e') {
    this.#prefix = prefix;
  }

  get containers(): readonly FakeContainer[] {
    return [...this.#containers.values()];
  }

  add(container: Partial<FakeContainer> & { readonly id: string }): void {
    const base = withoutChosenPorts(inspectFixture('docker28', 'bridge'));
    this.#containers.set(container.id, { ...base, ...RUNNING, memory: FRESH, log: '', ...container });
  }

  get(id: string): FakeContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new ReasonedError('ContainerNotFound', `no container ${id}`);
    return container;
  }

  change(id: string, changes: Partial<FakeContainer>): FakeContainer {
    const changed = { ...this.get(id), ...changes };
    this.#containers.set(id, changed);
    return changed;
  }

  /** Its processes are gone: dockerd was killed, or the node. */
  die(id: string): FakeContainer {
    return this.change(id, { state: 'exited', pid: 0, exitCode: 137, memory: undefined });
  }

  /** A start that is a restore, as the runtime wrapper makes it. */
  resume(id: string, memory: string): void {
    this.change(id, { ...RUNNING, memory });
  }

  info(): Promise<EngineInfo> {
    const node = { rootDir: '/var/lib/docker', storageDriver: 'overlay2', experimental: false };
    return Promise.resolve({ version: '28', runtimes: {}, defaultRuntime: 'runc', ...node });
  }

  list(labels: Readonly<Record<string, string>> = {}): Promise<readonly ContainerSummary[]> {
    const carries = (container: FakeContainer): boolean =>
      Object.entries(labels).every(([label, value]) => container.labels[label] === value);
    const found = this.containers.filter(carries);
    return Promise.resolve(found.map(({ id, name, labels: all }) => ({ id, names: [name], labels: all })));
  }

  inspect(id: string): Promise<ContainerInfo | undefined> {
    return Promise.resolve(this.#containers.get(id));
  }

  findImage(reference: string): Promise<{ readonly id: string } | undefined> {
    return Promise.resolve(this.lacking.has(reference) ? undefined : { id: this.names.get(reference) ?? reference });
  }

  async create(name: string, body: CreateBody): Promise<string> {
    const { Labels, HostConfig, Image } = body;
    this.#requireFree(name);
    if (this.lacking.has(Image)) throw new ReasonedError('ImageMissing', `no image ${Image}`);
    this.#created++;
    const id = this.#prefix + String(this.#created).padStart(63, '0');
    const runtime = String(HostConfig['Runtime']);
    const never = { state: 'created', pid: 0, memory: undefined, restartPolicy: NO_RESTART } as const;
    this.add({ id, name, raw: rawOf(body, this.ignoredSettings) });
    const imageID = this.names.get(Image) ?? Image;
    this.change(id, { labels: Labels, runtime, imageID, ...never });
    return Promise.resolve(id);
  }

  async start(id: string): Promise<void> {
    if (this.get(id).pid === 0) this.change(id, { ...RUNNING, memory: FRESH });
    return Promise.resolve();
  }

  async pause(id: string): Promise<void> {
    if (this.get(id).pid === 0) throw refused(`container ${id} is not running`);
    this.change(id, { state: 'paused' });
    return Promise.resolve();
  }

  async unpause(id: string): Promise<void> {
    if (this.get(id).pid === 0) throw refused(`container ${id} is not paused`);
    this.change(id, { state: 'running' });
    return Promise.resolve();
  }

  async kill(id: string): Promise<void> {
    if ((this.#containers.get(id)?.pid ?? 0) !== 0) this.die(id);
    return Promise.resolve();
  }

  async remove(id: string): Promise<void> {
    this.#containers.delete(id);
    return Promise.resolve();
  }

  async rename(id: string, name: string): Promise<void> {
    this.#requireFree(name);
    this.change(id, { name });
    return Promise.resolve();
  }

  async setRestartPolicy(id: string, restartPolicy: RestartPolicy): Promise<void> {
    this.change(id, { restartPolicy });
    return Promise.resolve();
  }

  stateChangedAt(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  #requireFree(name: string): void {
    if (this.containers.some((container) => container.name === name))
      throw new ReasonedError('NameTaken', `the name ${name} is taken`);
  }
}

/** Nothing to say about it in a preflight. */
function withoutChosenPorts(info: ContainerInfo): ContainerInfo {
  const raw = info.raw as { readonly NetworkSettings: object };
  return { ...info, raw: { ...raw, NetworkSettings: { ...raw.NetworkSettings, Ports: {} } } };
}

/** What inspect says of a container that was created so. */
function rawOf(body: CreateBody, ignored: ReadonlySet<string>): unknown {
  const { HostConfig, NetworkingConfig, ...Config } = body;
  const binds: readonly unknown[] = Array.isArray(HostConfig['Binds']) ? HostConfig['Binds'] : [];
  const parts = binds.map((bind) => String(bind).split(':')).filter(([source = '']) => !source.includes('/'));
  return {
    Config,
    HostConfig: without(HostConfig, (name) => ignored.has(name)),
    NetworkSettings: { Networks: NetworkingConfig.EndpointsConfig },
    Mounts: parts.map(([Name, Destination]) => ({ Type: 'volume', Name, Source: '', Destination })),
  };
}

const RUNNING = { state: 'running', pid: 42, exitCode: 0 } as const;
export const NO_RESTART: RestartPolicy = { name: 'no', maximumRetryCount: 0 };
