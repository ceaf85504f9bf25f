import { describe, refusedSettings } from './description';
import type { ContainerInfo } from './engine';
import { isSet } from './known-fields';
import { isRecord, member } from './record';

/** What a container has that a create on another node cannot give it, or not as it was. */
export interface Uncarried {
  /** Settings that this version does not know, by their names in `docker inspect`. */
  readonly unknown: readonly string[];
  /** Fields of its networks that this version does not know: a setting, or something that Docker found out. */
  readonly unknownOfNetworks: readonly string[];
  /** Namespaces of other containers that it lives in: `IpcMode container:…`. */
  readonly joined: readonly string[];
  /** Mounts that are neither volume, directory nor tmpfs: `image at /data`. */
  readonly mounts: readonly string[];
  /** Published ports whose number Docker has chosen: `32768 for 80/tcp`. */
  readonly chosenPorts: readonly string[];
  /** An AppArmor profile that somebody has loaded on the node. */
  readonly profile: string | undefined;
  /** `healthy`, `unhealthy` or `starting`; undefined without a health check. */
  readonly health: string | undefined;
  /** How often Docker has restarted it since it was created. */
  readonly restarts: number;
  /** `docker run --rm` */
  readonly autoRemove: boolean;
}

/** What Docker shows of an endpoint, be it that a user set it or that Docker did. */
const ENDPOINT_FIELDS = [
  ...['IPAMConfig', 'Links', 'Aliases', 'DriverOpts', 'GwPriority', 'MacAddress'],
  ...['NetworkID', 'EndpointID', 'Gateway', 'IPAddress', 'IPPrefixLen', 'IPv6Gateway', 'DNSNames'],
  ...['GlobalIPv6Address', 'GlobalIPv6PrefixLen'],
];
const CARRIED_MOUNTS = ['bind', 'volume', 'tmpfs'];
const PROFILES_OF_DOCKER = ['unconfined', 'docker-default'];

/** Reads it from a whole inspect answer; what is not as Docker documents it counts as not there. */
export function readUncarried(info: ContainerInfo): Uncarried {
  const host = member(info.raw, 'HostConfig');
  const restarts = isRecord(info.raw) ? info.raw['RestartCount'] : undefined;
  const health = member(member(info.raw, 'State'), 'Health')['Status'];
  return {
    unknown: refusedSettings(describe(info)),
    unknownOfNetworks: unknownOfNetworks(info.raw),
    joined: ['IpcMode', 'PidMode', 'UTSMode', 'UsernsMode', 'CgroupnsMode', 'Cgroup']
      .filter((mode) => String(host[mode]).startsWith('container:'))
      .map((mode) => `${mode} ${String(host[mode])}`),
    mounts: listOf(host['Mounts'])
      .filter(isRecord)
      .filter(({ Type }) => !CARRIED_MOUNTS.includes(String(Type)))
      .map(({ Type, Target }) => `${String(Type)} at ${String(Target)}`),
    chosenPorts: chosenPorts(info.raw),
    profile: listOf(host['SecurityOpt'])
      .map((option) => /^apparmor[=:](.+)$/.exec(String(option))?.[1])
      .find((profile) => profile !== undefined && !PROFILES_OF_DOCKER.includes(profile)),
    health: typeof health === 'string' && health !== '' && health !== 'none' ? health : undefined,
    restarts: typeof restarts === 'number' ? restarts : 0,
    autoRemove: host['AutoRemove'] === true,
  };
}

function unknownOfNetworks(raw: unknown): string[] {
  const networks = Object.entries(member(member(raw, 'NetworkSettings'), 'Networks'));
  return networks.flatMap(([network, endpoint]) =>
    Object.entries(isRecord(endpoint) ? endpoint : {})
      .filter(([name, value]) => !ENDPOINT_FIELDS.includes(name) && isSet(value))
      .map(([name]) => `${name} of ${network}`),
  );
}

/** Those in use that nobody has asked for by number: with `-p 80`, with `-P`, and out of a range. */
function chosenPorts(raw: unknown): string[] {
  const bindings = member(member(raw, 'HostConfig'), 'PortBindings');
  const used = Object.entries(member(member(raw, 'NetworkSettings'), 'Ports'));
  const chosen = used.flatMap(([port, list]) => {
    const asked = hostPorts(Object.hasOwn(bindings, port) ? bindings[port] : undefined);
    return hostPorts(list)
      .filter((number) => !asked.includes(number))
      .map((number) => `${number} for ${port}`);
  });
  return [...new Set(chosen)];
}

function hostPorts(list: unknown): string[] {
  return listOf(list)
    .filter(isRecord)
    .map(({ HostPort }) => String(HostPort));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
