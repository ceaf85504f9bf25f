import type { ErrorObject } from 'ajv';
import Ajv from 'ajv';
import { TerminalError, describeError } from '../runtime/errors';
import { parseUntrustedJson } from '../runtime/untrusted-json';
import { IMAGE_NAME_LABEL } from './answers';
import { configSchema, descriptionSchema, hostConfigSchema } from './description-schema';
import { portableEndpoints, portableNetworkMode, sharesNetwork } from './endpoints';
import type { ContainerInfo, CreateBody } from './engine';
import { withoutUnset } from './known-fields';
import { mountsOf, withNamedVolumes } from './mounts';
import type { Origin } from './origin';
import { readOrigin } from './origin';
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
  /** What becomes labels on the target. */
  readonly origin?: Origin;
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
  /** By which name the image is known here; by its ID when absent. */
  readonly image?: string;
}

/** A description is a few kB; an environment or a set of labels may be large, but not this large. */
export const MAX_DESCRIPTION_BYTES = 1024 * 1024;

/** Labels of this prefix speak of the move that made a container; they end with the next one. */
export const OUR_LABELS = 'transship.dev/';
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
  const hostConfig = withoutUnset(member(info.raw, 'HostConfig'), hostConfigSchema);
  const config = without(member(info.raw, 'Config'), (name) => NOT_CARRIED.includes(name));
  return {
    version: 1,
    name: info.name,
    imageID: info.imageID,
    imageName: info.imageName,
    config: withoutUnset(config, configSchema),
    hostConfig: { ...withNamedVolumes(hostConfig, mountsOf(info.raw)), NetworkMode: networkMode },
    endpoints: portableEndpoints(info, networkMode),
    origin: readOrigin(info),
  };
}

/**
 * The order to create the same container again. It does not restart by itself until the agent says so. Whoever names its
 * image otherwise than by the ID has to look which image it was made from.
 */
export function toCreateBody(description: PortableDescription, options: CreateOptions): CreateBody {
  const { config, hostConfig, endpoints, imageID, imageName } = description;
  const entrypoint = config['Entrypoint'];
  return {
    ...withoutConflicts(config, hostConfig),
    Image: options.image ?? imageID,
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
const isWhollyDescription = new Ajv({ strict: false, allErrors: true }).compile<PortableDescription>(descriptionSchema);

/** What the target would refuse of a description, each setting by its name in `docker inspect`; not for untrusted ones. */
export function refusedSettings(description: PortableDescription): readonly string[] {
  if (isWhollyDescription(description)) return [];
  return (isWhollyDescription.errors ?? []).map(({ instancePath, message = '', params }) => {
    const extra: unknown = params['additionalProperty'];
    const path = `${instancePath}${typeof extra === 'string' ? `/${extra}` : ''}`.slice(1).replaceAll('/', '.');
    const name = path.replace(/^config\b/, 'Config').replace(/^hostConfig\b/, 'HostConfig');
    return typeof extra === 'string' ? name : `${name} (${message})`;
  });
}

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
