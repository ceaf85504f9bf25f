import Ajv from 'ajv';
import Docker from 'dockerode';
import { Agent } from 'node:http';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import { ReasonedError } from '../runtime/errors';
import { engineError, refusedStatus } from './errors';
import { mountsOf } from './mounts';
import { isName } from './names';
import type { DockerVolumes, MountUser, VolumeInfo, VolumeUser } from './volumes';

interface Request {
  readonly abortSignal: AbortSignal;
  readonly _query: Readonly<Record<string, unknown>>;
  readonly _body: Readonly<Record<string, unknown>>;
}
type Call = (request: Request) => Promise<unknown>;

/** The part of dockerode that is used; see dockerode-engine.ts. */
interface Dockerode {
  readonly listContainers: Call;
  readonly listVolumes: Call;
  readonly createVolume: Call;
  getVolume(name: string): { readonly inspect: Call; readonly remove: Call };
}

type Texts = Readonly<Record<string, string>> | null;
interface VolumeAnswer {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly Labels?: Texts;
  readonly Options?: Texts;
}
interface UserAnswer {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly State: string;
}

const string = { type: 'string' };
const texts = { type: 'object', nullable: true, additionalProperties: string };
const ajv = new Ajv({ strict: false });
const isVolume = ajv.compile<VolumeAnswer>({
  type: 'object',
  required: ['Name', 'Driver', 'Mountpoint'],
  properties: { Name: string, Driver: string, Mountpoint: string, Labels: texts, Options: texts },
});
const isVolumeList = ajv.compile<{ Volumes?: readonly { readonly Name: string }[] | null }>({
  type: 'object',
  properties: {
    Volumes: {
      type: 'array',
      nullable: true,
      items: { type: 'object', required: ['Name'], properties: { Name: string } },
    },
  },
});
const isUserList = ajv.compile<readonly UserAnswer[]>({
  type: 'array',
  items: {
    type: 'object',
    required: ['Id', 'State'],
    properties: { Id: string, State: string, Names: { type: 'array', nullable: true, items: string } },
  },
});

/** The volumes of the daemon behind a Unix socket. Nothing is sent before the first call. */
export class DockerodeVolumes implements DockerVolumes {
  readonly #docker: Dockerode;
  readonly #socketPath: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  /** @param options.timeoutMs deadline of every call; 15 s when absent */
  constructor(options: { readonly socketPath: string; readonly timeoutMs?: number; readonly clock?: Clock }) {
    const { socketPath, timeoutMs = 15_000, clock = systemClock } = options;
    // As for the containers: what our environment says must not win, and no connection outlives its call.
    const connection = { host: undefined, timeout: undefined, socketPath, agent: new Agent({ keepAlive: false }) };
    this.#docker = new Docker(connection);
    this.#socketPath = socketPath;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  async inspect(name: string): Promise<VolumeInfo | undefined> {
    if (!isName(name)) return undefined;
    const answer = await this.#unlessMissing(`inspect volume ${name}`, (request) =>
      this.#docker.getVolume(name).inspect(request),
    );
    if (answer === undefined) return undefined;
    if (!isVolume(answer)) throw invalid('a volume');
    const { Name, Driver, Mountpoint, Labels, Options } = answer;
    return { name: Name, driver: Driver, mountpoint: Mountpoint, labels: Labels ?? {}, options: Options ?? {} };
  }

  async list(labels: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const query = { filters: JSON.stringify({ label }) };
    const answer = await this.#call('list its volumes', (request) => this.#docker.listVolumes(request), { query });
    if (!isVolumeList(answer)) throw invalid('its volumes');
    return (answer.Volumes ?? []).map(({ Name }) => Name);
  }

  async usersOf(name: string): Promise<readonly VolumeUser[]> {
    const query = { all: true, filters: JSON.stringify({ volume: [name] }) };
    const answer = await this.#call(
      `list the containers of volume ${name}`,
      (request) => this.#docker.listContainers(request),
      { query },
    );
    if (!isUserList(answer)) throw invalid('its containers');
    return answer.map(userOf);
  }

  async mountUsers(): Promise<readonly MountUser[]> {
    const query = { all: true };
    const answer = await this.#call('list its containers', (request) => this.#docker.listContainers(request), {
      query,
    });
    if (!isUserList(answer)) throw invalid('its containers');
    return answer.map((container) => ({ ...userOf(container), mounts: mountsOf(container) }));
  }

  async create(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    const body = { Name: requireName(name), Driver: 'local', Labels: labels };
    await this.#call(`create volume ${name}`, (request) => this.#docker.createVolume(request), { body });
  }

  async remove(name: string): Promise<void> {
    await this.#unlessMissing(`remove volume ${name}`, (request) =>
      this.#docker.getVolume(requireName(name)).remove(request),
    );
  }

  /** One call under a deadline; every failure of it is an error with a reason. */
  async #call(what: string, send: Call, parts: { query?: object; body?: object } = {}): Promise<unknown> {
    const request = { _query: { ...parts.query }, _body: { ...parts.body } };
    const limit = { clock: this.#clock, ms: this.#timeoutMs, what: `the call to ${what}` };
    try {
      return await withDeadline(limit, (abortSignal) => send({ ...request, abortSignal }));
    } catch (error) {
      throw engineError(what, this.#socketPath, error);
    }
  }

  async #unlessMissing(what: string, send: Call): Promise<unknown> {
    try {
      return await this.#call(what, send);
    } catch (error) {
      if (refusedStatus(error) === 404) return undefined;
      throw error;
    }
  }
}

function userOf({ Id, Names, State }: UserAnswer): VolumeUser {
  return { id: Id, name: (Names?.[0] ?? Id).replace(/^\//, ''), state: State };
}

/** Names become part of a path: dockerode does not quote them. */
function requireName(name: string): string {
  if (isName(name)) return name;
  throw new ReasonedError('EngineRefused', `no volume can have the name ${JSON.stringify(name.slice(0, 200))}`);
}

function invalid(what: string): ReasonedError {
  return new ReasonedError('EngineAnswerInvalid', `Docker's answer about ${what} is not what its API documents`);
}
