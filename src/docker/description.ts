import Ajv from 'ajv';
import { TerminalError, describeError } from '../runtime/errors';
import { parseUntrustedJson } from '../runtime/untrusted-json';
import { IMAGE_NAME_LABEL } from './answers';
import { portableEndpoints, portableNetworkMode, sharesNetwork } from './endpoints';
import type { ContainerInfo, CreateBody } from './engine';
import { member, stringsOf, without } from './record';

type Fields = Readonly<Record<string, unknown>>;

/** What has to be known to create the same container on another node. Lies on the volume as `container.json`. */
export interface PortableDescription {
  readonly version: 1;
  /** Name of the container on the source. */
  readonly name: string;
  /** `sha256:…` */
  readonly imageID: string;
  /** As the container's owner wrote it. */
  readonly imageName: string;
  /** Docker's `Config`, without what names the image. */
  readonly config: Fields;
  /** Docker's `HostConfig`. */
  readonly hostConfig: Fields;
  /** Docker's endpoint settings by the name of the network: only what a user set. */
  readonly endpoints: Readonly<Record<string, Fields>>;
}

/** How the new container differs from the described one. */
export interface CreateOptions {
  /** Name of the OCI runtime that the target's daemon registered. */
  readonly runtime: string;
  /** Added to the container's own, and win over them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Added to the container's own, and win over them. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A description is a few kB; an environment or a set of labels may be large, but not this large. */
export const MAX_DESCRIPTION_BYTES = 1024 * 1024;

/** Labels of this prefix speak of the move that made a container; they end with the next one. */
const OUR_LABELS = 'transship.dev/';
/** The annotation that names CRIU's configuration file: a path on one node, of one move. */
const CRIU_CONFIGURATION = 'org.criu.config';

/** Everything a user set of a container, out of what `docker inspect` says. */
export function describe(info: ContainerInfo): PortableDescription {
  const networkMode = portableNetworkMode(info);
  return {
    version: 1,
    name: info.name,
    imageID: info.imageID,
    imageName: info.imageName,
    config: without(member(info.raw, 'Config'), (name) => name === 'Image' || name === 'MacAddress'),
    hostConfig: { ...member(info.raw, 'HostConfig'), NetworkMode: networkMode },
    endpoints: portableEndpoints(info, networkMode),
  };
}

/**
 * The order to create the same container again. It does not restart by itself until the agent says so, and it is
 * made from the very same image, by ID.
 */
export function toCreateBody(description: PortableDescription, options: CreateOptions): CreateBody {
  const { config, hostConfig, endpoints, imageID, imageName } = description;
  const entrypoint = config['Entrypoint'];
  return {
    ...withoutConflicts(config, hostConfig),
    Image: imageID,
    // Nothing instead of [""] would bring an entry point of the image back that the user had taken away.
    Entrypoint: Array.isArray(entrypoint) && entrypoint.length > 0 ? entrypoint : [''],
    Labels: {
      ...without(stringsOf(config['Labels']), (name) => name.startsWith(OUR_LABELS)),
      [IMAGE_NAME_LABEL]: imageName,
      ...options.labels,
    },
    HostConfig: {
      ...hostConfig,
      Runtime: options.runtime,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      Annotations: {
        ...without(stringsOf(hostConfig['Annotations']), (name) => name === CRIU_CONFIGURATION),
        ...options.annotations,
      },
    },
    NetworkingConfig: { EndpointsConfig: endpoints },
  };
}

/** Leaves out what Docker shows of a container but refuses when one is created: "conflicting options". */
function withoutConflicts(config: Fields, hostConfig: Fields): Fields {
  const joined = sharesNetwork(String(hostConfig['NetworkMode']));
  const names = joined || hostConfig['UTSMode'] === 'host' ? ['Hostname', 'Domainname'] : [];
  const refused = joined ? [...names, 'ExposedPorts'] : names;
  return without(config, (name) => refused.includes(name));
}

const labels = { type: 'object', nullable: true, additionalProperties: { type: 'string' } };

const isDescription = new Ajv({ strict: false }).compile<PortableDescription>({
  type: 'object',
  required: ['version', 'name', 'imageID', 'imageName', 'config', 'hostConfig', 'endpoints'],
  additionalProperties: false,
  properties: {
    version: { const: 1 },
    name: { type: 'string', pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$', maxLength: 253 },
    imageID: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
    imageName: { type: 'string', minLength: 1, maxLength: 4096 },
    config: { type: 'object', properties: { Labels: labels } },
    hostConfig: {
      type: 'object',
      required: ['NetworkMode'],
      properties: { NetworkMode: { type: 'string' }, Annotations: labels },
    },
    endpoints: { type: 'object', additionalProperties: { type: 'object' } },
  },
});

/**
 * Reads a description from the volume, where others may write.
 * @throws TerminalError `DescriptionInvalid`
 */
export function parseDescription(text: string): PortableDescription {
  const value = parseJson(text);
  if (isDescription(value)) return value;
  const faults = (isDescription.errors ?? []).map((fault) => `${fault.instancePath} ${fault.message ?? ''}`.trim());
  throw invalid(faults.join('; '));
}

function parseJson(text: string): unknown {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_DESCRIPTION_BYTES) throw invalid(`${sizeBytes} bytes are more than ${MAX_DESCRIPTION_BYTES}`);
  try {
    return parseUntrustedJson(text);
  } catch (cause) {
    throw invalid(describeError(cause), cause);
  }
}

function invalid(what: string, cause?: unknown): TerminalError {
  return new TerminalError(
    'DescriptionInvalid',
    `the description of the container on the volume is not valid: ${what}`,
    {
      cause,
    },
  );
}
