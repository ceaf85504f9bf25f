import Ajv from 'ajv';
import { ReasonedError } from '../runtime/errors';
import type { DockerCallOptions, DockerRequest } from './docker-calls';
import { DockerCalls, request } from './docker-calls';
import { mountsOf } from './mounts';
import { isName } from './names';
import type { DockerVolumes, MountUser, VolumeInfo, VolumeUser } from './volumes';

type Call = (request: DockerRequest) => Promise<unknown>;

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
  readonly #calls: DockerCalls;
  readonly #docker: Dockerode;

  constructor(options: DockerCallOptions) {
    this.#calls = new DockerCalls(options);
    this.#docker = this.#calls.connect();
  }

  async inspect(name: string): Promise<VolumeInfo | undefined> {
    if (!isName(name)) return undefined;
    const answer = await this.#calls.unlessMissing(`inspect volume ${name}`, (signal) =>
      this.#docker.getVolume(name).inspect(request(signal)),
    );
    if (answer === undefined) return undefined;
    if (!isVolume(answer)) throw invalid('a volume');
    const { Name, Driver, Mountpoint, Labels, Options } = answer;
    return { name: Name, driver: Driver, mountpoint: Mountpoint, labels: Labels ?? {}, options: Options ?? {} };
  }

  async list(labels: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const query = { filters: JSON.stringify({ label }) };
    const answer = await this.#calls.call('list its volumes', (signal) =>
      this.#docker.listVolumes(request(signal, { query })),
    );
    if (!isVolumeList(answer)) throw invalid('its volumes');
    return (answer.Volumes ?? []).map(({ Name }) => Name);
  }

  async usersOf(name: string): Promise<readonly VolumeUser[]> {
    const query = { all: true, filters: JSON.stringify({ volume: [name] }) };
    const answer = await this.#calls.call(`list the containers of volume ${name}`, (signal) =>
      this.#docker.listContainers(request(signal, { query })),
    );
    if (!isUserList(answer)) throw invalid('its containers');
    return answer.map(userOf);
  }

  async mountUsers(): Promise<readonly MountUser[]> {
    const query = { all: true };
    const answer = await this.#calls.call('list its containers', (signal) =>
      this.#docker.listContainers(request(signal, { query })),
    );
    if (!isUserList(answer)) throw invalid('its containers');
    return answer.map((container) => ({ ...userOf(container), mounts: mountsOf(container) }));
  }

  async create(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    const body = { Name: requireName(name), Driver: 'local', Labels: labels };
    await this.#calls.call(`create volume ${name}`, (signal) => this.#docker.createVolume(request(signal, { body })));
  }

  async remove(name: string): Promise<void> {
    await this.#calls.unlessMissing(`remove volume ${name}`, (signal) =>
      this.#docker.getVolume(requireName(name)).remove(request(signal)),
    );
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
