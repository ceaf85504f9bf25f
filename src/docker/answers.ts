import type { ValidateFunction } from 'ajv';
import Ajv from 'ajv';
import { ReasonedError } from '../runtime/errors';
import type { ContainerInfo, ContainerState, ContainerSummary, EngineInfo, RestartPolicy } from './engine';

/**
 * Label by which a container that was moved remembers the name of its image: it is created by the image's ID, because
 * a name may mean another image on another node.
 */
export const IMAGE_NAME_LABEL = 'transship.dev/image-name';

type Labels = Readonly<Record<string, string>>;

interface InspectAnswer {
  Id: string;
  Name: string;
  Image: string;
  State: { Status: ContainerState; Pid: number; ExitCode: number; StartedAt: string };
  Config: { Image: string; Labels?: Labels | null };
  HostConfig: {
    RestartPolicy: { Name: RestartPolicy['name'] | ''; MaximumRetryCount: number };
    Runtime: string;
    NetworkMode: string;
    Init?: boolean | null;
    Annotations?: Labels | null;
    LogConfig?: { Type?: string } | null;
  };
  ExecIDs?: string[] | null;
  NetworkSettings: { Networks?: Record<string, unknown> | null };
  Mounts?: { Type: string; Name?: string; Source?: string }[] | null;
  GraphDriver?: { Data?: Labels | null } | null;
}

interface ListAnswer {
  Id: string;
  Names?: string[] | null;
  Labels?: Labels | null;
}

interface InfoAnswer {
  ServerVersion: string;
  ExperimentalBuild?: boolean | null;
  Runtimes?: Record<string, { path?: string }> | null;
  DefaultRuntime: string;
  DockerRootDir: string;
  Driver: string;
}

const string = { type: 'string' };
const integer = { type: 'integer' };
const labels = { type: 'object', nullable: true, additionalProperties: string };
const containerID = { type: 'string', pattern: '^[0-9a-f]{64}$' };
/** An object in which all of these fields are there; Docker may add others at any time. */
const object = (properties: Record<string, unknown>, optional: Record<string, unknown> = {}): object => ({
  type: 'object',
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
});
const array = (items: unknown): object => ({ type: 'array', nullable: true, items });

const ajv = new Ajv({ strict: false });

const isInspect = ajv.compile<InspectAnswer>(
  object(
    {
      Id: containerID,
      Name: string,
      Image: string,
      State: object({
        Status: { enum: ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] },
        Pid: integer,
        ExitCode: integer,
        StartedAt: string,
      }),
      Config: object({ Image: string }, { Labels: labels }),
      HostConfig: object(
        {
          RestartPolicy: object({
            Name: { enum: ['', 'no', 'always', 'unless-stopped', 'on-failure'] },
            MaximumRetryCount: integer,
          }),
          Runtime: string,
          NetworkMode: string,
        },
        {
          Annotations: labels,
          Init: { type: 'boolean', nullable: true },
          LogConfig: { ...object({}, { Type: string }), nullable: true },
        },
      ),
      NetworkSettings: object({}, { Networks: { type: 'object', nullable: true } }),
    },
    {
      ExecIDs: array(string),
      Mounts: array(object({ Type: string }, { Name: string, Source: string })),
      GraphDriver: { ...object({}, { Data: labels }), nullable: true },
    },
  ),
);

const isList = ajv.compile<ListAnswer[]>({
  type: 'array',
  items: object({ Id: containerID }, { Names: array(string), Labels: labels }),
});

const isInfo = ajv.compile<InfoAnswer>(
  object(
    { ServerVersion: string, DefaultRuntime: string, DockerRootDir: string, Driver: string },
    {
      ExperimentalBuild: { type: 'boolean', nullable: true },
      Runtimes: { type: 'object', nullable: true, additionalProperties: object({}, { path: string }) },
    },
  ),
);

const isVersion = ajv.compile<{ Components?: { Name: string; Version: string }[] | null }>(
  object({}, { Components: array(object({ Name: string, Version: string })) }),
);

const hasID = ajv.compile<{ Id: string }>(object({ Id: string }));

/** `GET /version`: the version of each component by its name. @throws ReasonedError `EngineAnswerInvalid` */
export function readComponents(answer: unknown): Readonly<Record<string, string>> {
  const { Components } = checked(isVersion, answer);
  return Object.fromEntries((Components ?? []).map(({ Name, Version }) => [Name, Version]));
}

/** `GET /containers/{id}/json`. @throws ReasonedError `EngineAnswerInvalid` */
export function readInspect(answer: unknown): ContainerInfo {
  const { Id, Name, Image, State, Config, HostConfig, ...rest } = checked(isInspect, answer);
  const mounts = rest.Mounts ?? [];
  const labels = Config.Labels ?? {};
  return {
    id: Id,
    name: withoutSlash(Name),
    imageID: Image,
    imageName: Config.Image === Image ? (labels[IMAGE_NAME_LABEL] ?? Image) : Config.Image,
    state: State.Status,
    pid: State.Pid,
    exitCode: State.ExitCode,
    labels,
    restartPolicy: {
      // Docker's other spelling of "no", when the container's creator said nothing.
      name: HostConfig.RestartPolicy.Name === '' ? 'no' : HostConfig.RestartPolicy.Name,
      maximumRetryCount: HostConfig.RestartPolicy.MaximumRetryCount,
    },
    runtime: HostConfig.Runtime,
    execIDs: rest.ExecIDs ?? [],
    networkMode: HostConfig.NetworkMode,
    networks: Object.keys(rest.NetworkSettings.Networks ?? {}),
    init: HostConfig.Init === true,
    bindSources: mounts.flatMap(({ Type, Source }) => (Type === 'bind' && Source !== undefined ? [Source] : [])),
    volumes: mounts.flatMap(({ Type, Name: volume }) => (Type === 'volume' && volume !== undefined ? [volume] : [])),
    annotations: HostConfig.Annotations ?? {},
    upperDir: rest.GraphDriver?.Data?.['UpperDir'],
    logDriver: HostConfig.LogConfig?.Type ?? '',
    startedAt: State.StartedAt,
    raw: answer,
  };
}

/** `GET /containers/json`. @throws ReasonedError `EngineAnswerInvalid` */
export function readList(answer: unknown): readonly ContainerSummary[] {
  return checked(isList, answer).map(({ Id, Names, Labels }) => ({
    id: Id,
    names: (Names ?? []).map(withoutSlash),
    labels: Labels ?? {},
  }));
}

/** `GET /info`. @throws ReasonedError `EngineAnswerInvalid` */
export function readInfo(answer: unknown): EngineInfo {
  const info = checked(isInfo, answer);
  return {
    version: info.ServerVersion,
    runtimes: info.Runtimes ?? {},
    defaultRuntime: info.DefaultRuntime,
    rootDir: info.DockerRootDir,
    storageDriver: info.Driver,
    experimental: info.ExperimentalBuild === true,
  };
}

/** The ID of an image or container. @throws ReasonedError `EngineAnswerInvalid` */
export function readID(answer: unknown): string {
  return checked(hasID, answer).Id;
}

function checked<T>(fits: ValidateFunction<T>, answer: unknown): T {
  if (fits(answer)) return answer;
  const faults = (fits.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`).join('; ');
  throw new ReasonedError(
    'EngineAnswerInvalid',
    `Docker's answer is not what its API documents (${faults}): this version of Docker is not supported`,
  );
}

/** Docker's names begin with a slash; those of legacy links hold another one and stay as they are. */
function withoutSlash(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name;
}
