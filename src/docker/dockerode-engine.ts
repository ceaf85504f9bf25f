import { text } from 'node:stream/consumers';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { ReasonedError } from '../runtime/errors';
import type { DockerCallOptions, DockerRequest } from './docker-calls';
import { DockerCalls, request } from './docker-calls';
import { readComponents, readID, readInfo, readInspect, readList } from './answers';
import type {
  ContainerEngine,
  ContainerInfo,
  ContainerState,
  ContainerSummary,
  CreateBody,
  EngineInfo,
  RestartPolicy,
  StateChange,
} from './engine';
import { refusedStatus } from './errors';
import { eventsQuery, lastEventAt } from './events';
import { isImageReference, isName } from './names';

/** The part of dockerode that is used. Its own types leave out options that it takes, and answer `any`. */
interface Dockerode {
  info(request: DockerRequest): Promise<unknown>;
  version(request: DockerRequest): Promise<unknown>;
  listContainers(request: DockerRequest): Promise<unknown>;
  createContainer(request: DockerRequest): Promise<{ readonly id: string }>;
  getEvents(request: DockerRequest): Promise<NodeJS.ReadableStream>;
  getContainer(id: string): DockerodeContainer;
  getImage(name: string): { inspect(request: DockerRequest): Promise<unknown> };
}
type DockerodeContainer = Readonly<
  Record<
    'inspect' | 'start' | 'pause' | 'unpause' | 'kill' | 'remove' | 'rename' | 'update',
    (request: DockerRequest) => Promise<unknown>
  >
>;

/** The daemon behind a Unix socket. Nothing is sent before the first call. */
export class DockerodeEngine implements ContainerEngine {
  readonly #calls: DockerCalls;
  readonly #docker: Dockerode;
  readonly #clock: Clock;

  constructor(options: DockerCallOptions) {
    this.#calls = new DockerCalls(options);
    this.#docker = this.#calls.connect() as Dockerode;
    this.#clock = options.clock ?? systemClock;
  }

  async info(): Promise<EngineInfo> {
    return readInfo(await this.#calls.call('describe itself', (signal) => this.#docker.info(request(signal))));
  }

  /** The versions of what Docker consists of and calls, by Docker's names: `Engine`, `containerd`, `runc`. */
  async componentVersions(): Promise<Readonly<Record<string, string>>> {
    return readComponents(
      await this.#calls.call('tell its version', (signal) => this.#docker.version(request(signal))),
    );
  }

  async list(labels: Readonly<Record<string, string>> = {}): Promise<readonly ContainerSummary[]> {
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const query = { all: true, filters: JSON.stringify({ label }) };
    return readList(
      await this.#calls.call('list its containers', (signal) =>
        this.#docker.listContainers(request(signal, { query })),
      ),
    );
  }

  async inspect(id: string): Promise<ContainerInfo | undefined> {
    if (!isName(id)) return undefined;
    const answer = await this.#calls.unlessMissing(`inspect container ${id}`, (signal) =>
      this.#container(id).inspect(request(signal)),
    );
    return answer === undefined ? undefined : readInspect(answer);
  }

  async findImage(reference: string): Promise<{ readonly id: string } | undefined> {
    if (!isImageReference(reference)) return undefined;
    const answer = await this.#calls.unlessMissing(`inspect image ${reference}`, (signal) =>
      this.#docker.getImage(reference).inspect(request(signal)),
    );
    return answer === undefined ? undefined : { id: readID(answer) };
  }

  async create(name: string, body: CreateBody): Promise<string> {
    const parts = { query: { name }, body };
    return this.#calls.call(`create container ${name}`, async (signal) => {
      const { id } = await this.#docker.createContainer(request(signal, parts));
      return id;
    });
  }

  async start(id: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    const send = (signal: AbortSignal): Promise<unknown> => this.#container(id).start(request(signal));
    await this.#toState(['running'], id, `start container ${id}`, send, timeoutMs);
  }

  async pause(id: string): Promise<void> {
    await this.#toState(['paused'], id, `pause container ${id}`, (signal) =>
      this.#container(id).pause(request(signal)),
    );
  }

  async unpause(id: string): Promise<void> {
    await this.#toState(['running'], id, `unpause container ${id}`, (signal) =>
      this.#container(id).unpause(request(signal)),
    );
  }

  async kill(id: string): Promise<void> {
    const parts = { query: { signal: 'SIGKILL' } };
    await this.#toState(['created', 'exited', 'dead', 'removing', 'gone'], id, `kill container ${id}`, (signal) =>
      this.#container(id).kill(request(signal, parts)),
    );
  }

  async remove(id: string, options: { readonly force: boolean; readonly volumes?: boolean }): Promise<void> {
    const parts = { query: { force: options.force, v: options.volumes ?? false } };
    await this.#toState(['gone'], id, `remove container ${id}`, (signal) =>
      this.#container(id).remove(request(signal, parts)),
    );
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#calls.call(`rename container ${id} to ${name}`, (signal) =>
      this.#container(id).rename(request(signal, { query: { name } })),
    );
  }

  async setRestartPolicy(id: string, policy: RestartPolicy): Promise<void> {
    // Docker refuses a count for a policy that does not count.
    const count = policy.name === 'on-failure' ? policy.maximumRetryCount : 0;
    const body = { RestartPolicy: { Name: policy.name, MaximumRetryCount: count } };
    await this.#calls.call(`set the restart policy of container ${id}`, (signal) =>
      this.#container(id).update(request(signal, { body })),
    );
  }

  async stateChangedAt(
    id: string,
    action: StateChange,
    window: { readonly sinceMs: number; readonly untilMs: number },
  ): Promise<string | undefined> {
    const query = eventsQuery(id, action, window);
    // Docker answers when the window is over.
    const waitMs = Math.max(0, window.untilMs - this.#clock.now());
    const events = await this.#calls.call(
      `list the events of container ${id}`,
      async (signal) => text(await this.#docker.getEvents(request(signal, { query }))),
      this.#calls.timeoutMs + waitMs,
    );
    return lastEventAt(events, action);
  }

  #container(id: string): DockerodeContainer {
    if (!isName(id))
      throw new ReasonedError('ContainerNotFound', `no container can have the name ${JSON.stringify(id)}`);
    return this.#docker.getContainer(id);
  }

  /**
   * A call that brings a container into a state. A refusal is none when the container is in that state: what Docker
   * answers to the second of two equal calls differs from call to call and from version to version.
   */
  async #toState(
    wanted: readonly (ContainerState | 'gone')[],
    id: string,
    what: string,
    send: (signal: AbortSignal) => Promise<unknown>,
    timeoutMs = this.#calls.timeoutMs,
  ): Promise<void> {
    try {
      await this.#calls.call(what, send, timeoutMs);
    } catch (error) {
      if (refusedStatus(error) === undefined) throw error;
      const found = await this.inspect(id);
      if (!wanted.includes(found?.state ?? 'gone')) throw error;
    }
  }
}
