import type { ErrorObject } from 'ajv';
import Ajv from 'ajv';
import { TerminalError, describeError } from '../runtime/errors';
import { parseUntrustedJson } from '../runtime/untrusted-json';
import { IMAGE_NAME_LABEL } from './answers';
import { descriptionSchema, isConfigField, isHostConfigField } from './description-schema';
import { portableEndpoints, portableNetworkMode, sharesNetwork } from './endpoints';
import type { ContainerInfo, CreateBody } from './engine';
import { mountsOf, withNamedVolumes } from './mounts';
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
  /** Labels of those volumes that are created on the target, by the name of the volume. */
  readonly volumes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
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
/** The image is named by its ID, and the MAC address belongs to an endpoint. */
const NOT_CARRIED = ['Image', 'MacAddress'];
/** The annotation that names CRIU's configuration file: a path on one node, of one move. */
const CRIU_CONFIGURATION = 'org.criu.config';

/**
 * Everything a user set of a container, out of what `docker inspect` says. A field that this version does not know is
 * left out while it is not set; one that is set stays, and the target refuses it by its name.
 */
export function describe(info: ContainerInfo): PortableDescription {
  const networkMode = portableNetworkMode(info);
  const hostConfig = withoutUnknown(member(info.raw, 'HostConfig'), isHostConfigField);
  return {
    version: 1,
    name: info.name,
    imageID: info.imageID,
    imageName: info.imageName,
    config: without(withoutUnknown(member(info.raw, 'Config'), isConfigField), (name) => NOT_CARRIED.includes(name)),
    hostConfig: { ...withNamedVolumes(hostConfig, mountsOf(info.raw)), NetworkMode: networkMode },
    endpoints: portableEndpoints(info, networkMode),
  };
}

function withoutUnknown(fields: Fields, isKnown: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => isKnown(name) || isSet(value)));
}

/** False for all the values by which a newer Docker says that nobody has set its new field. */
function isSet(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isSet);
  return value !== undefined && value !== null && value !== '' && value !== 0 && value !== false;
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

const isDescription = new Ajv({ strict: false }).compile<PortableDescription>(descriptionSchema);

/**
 * Reads a description from the volume, where others may write.
 * @throws TerminalError `DescriptionInvalid`
 */
export function parseDescription(text: string): PortableDescription {
  const value = parseJson(text);
  if (isDescription(value)) return value;
  throw invalid((isDescription.errors ?? []).map(faultOf).join('; '));
}

/** Where it is and what is wrong with it; of a field too many also its name, which ajv's message leaves out. */
function faultOf({ instancePath, message = '', params }: ErrorObject): string {
  const extra: unknown = params['additionalProperty'];
  const name = typeof extra === 'string' ? `: ${JSON.stringify(extra.slice(0, 64))}` : '';
  return `${instancePath.slice(0, 200)} ${message}${name}`.trim();
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
