import type { PortableDescription } from './description';
import { describe, OUR_LABELS } from './description';
import { sharesNetwork } from './endpoints';
import type { ContainerInfo } from './engine';
import { isSet } from './known-fields';
import { isRecord, without } from './record';

type Fields = Readonly<Record<string, unknown>>;

/** Which a move sets by itself; and links, which are refused, and have the container's own name in them. */
const NOT_COMPARED = ['Runtime', 'RestartPolicy', 'Links'];
/** Docker fills these in by itself, or shows another for every container, where it refuses them at a create. */
const REFUSED = ['Hostname', 'Domainname', 'ExposedPorts'];
const CRIU_CONFIGURATION = 'org.criu.config';

/**
 * The settings of a description that a container which was created from it does not have, by their names in
 * `docker inspect`: a Docker that is older than the original's leaves out without a word what it does not know, and what its
 * kernel cannot do it takes away. What it has besides is no loss.
 */
export function lostSettings(wanted: PortableDescription, created: ContainerInfo): readonly string[] {
  const has = describe(created);
  // Docker attaches the network of the mode at the start, at the latest: until then it need not be among the networks.
  const mode = created.networkMode === wanted.hostConfig['NetworkMode'] ? { NetworkMode: created.networkMode } : {};
  return [
    ...missing(withoutRefused(wanted), keysAsNames(has.config), 'Config'),
    ...missing(comparableHost(wanted.hostConfig), comparableHost({ ...has.hostConfig, ...mode }), 'HostConfig'),
    ...missing(wanted.endpoints, has.endpoints, 'NetworkingConfig'),
  ];
}

function withoutRefused({ config, hostConfig }: PortableDescription): Fields {
  const refused = sharesNetwork(String(hostConfig['NetworkMode'])) || hostConfig['UTSMode'] === 'host' ? REFUSED : [];
  const labels = config['Labels'];
  return {
    ...without(keysAsNames(config), (name) => refused.includes(name)),
    Labels: isRecord(labels) ? without(labels, (name) => name.startsWith(OUR_LABELS)) : undefined,
  };
}

/** Docker's sets, which are maps of nothing: `{"80/tcp": {}}`. */
function keysAsNames(config: Fields): Fields {
  const names = (set: unknown): unknown =>
    isRecord(set) ? Object.fromEntries(Object.keys(set).map((name) => [name, true])) : set;
  return { ...config, ExposedPorts: names(config['ExposedPorts']), Volumes: names(config['Volumes']) };
}

function comparableHost(hostConfig: Fields): Fields {
  const { Annotations: annotations, NetworkMode: mode, CapAdd: added, CapDrop: dropped } = hostConfig;
  return {
    ...without(hostConfig, (name) => NOT_COMPARED.includes(name)),
    // Older Dockers let both stand as they were written.
    NetworkMode: mode === 'default' ? 'bridge' : mode,
    CapAdd: capabilities(added),
    CapDrop: capabilities(dropped),
    Annotations: isRecord(annotations) ? without(annotations, (name) => name === CRIU_CONFIGURATION) : undefined,
  };
}

function capabilities(names: unknown): unknown {
  return Array.isArray(names) ? names.map((name: unknown) => String(name).toUpperCase().replace(/^CAP_/, '')) : names;
}

function missing(wanted: unknown, has: unknown, path: string): string[] {
  if (!isSet(wanted)) return [];
  if (isRecord(wanted)) {
    const fields = isRecord(has) ? has : {};
    return Object.entries(wanted).flatMap(([name, value]) =>
      missing(value, Object.hasOwn(fields, name) ? fields[name] : undefined, `${path}.${name}`),
    );
  }
  if (!Array.isArray(wanted)) return canonical(wanted) === canonical(has) ? [] : [path];
  const entries = new Set(Array.isArray(has) ? has.map(canonical) : []);
  return wanted.every((entry) => entries.has(canonical(entry))) ? [] : [path];
}

/** Neither the order of fields counts, nor those that are not set. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isRecord(value)) return value === undefined ? '' : JSON.stringify(value);
  const set = Object.entries(value).filter(([, field]) => isSet(field));
  return `{${set
    .map(([name, field]) => `${name}:${canonical(field)}`)
    .sort()
    .join()}}`;
}
