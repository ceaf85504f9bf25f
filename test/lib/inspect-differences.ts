import { isRecord } from '../../src/docker/record';

/** A field of `docker inspect` by its path; `*` stands for one name, `**` for all that is below. */
type Path = string;

/** What every container has of its own: even two that were made by the same command line differ in these. */
export const OF_EVERY_CONTAINER: readonly Path[] = [
  'Id',
  'Created',
  'ResolvConfPath',
  'HostnamePath',
  'HostsPath',
  'LogPath',
  'GraphDriver.Data.*',
];

/** What a move changes when it creates the container anew; docs/identity.md says why, of each. */
export const OF_THE_MAPPING: readonly Path[] = [
  'Config.Labels.transship.dev/*',
  'HostConfig.Annotations',
  'HostConfig.Annotations.org.criu.config',
  'HostConfig.Runtime',
  'HostConfig.Binds',
  'HostConfig.Mounts',
  'HostConfig.VolumesFrom',
  'Mounts.*.Mode',
];

/** What else is another after a move; docs/identity.md says why, of each. */
export const OF_THE_MOVE: readonly Path[] = [
  'State.Pid',
  'State.StartedAt',
  'State.Health.**',
  'RestartCount',
  'NetworkSettings.SandboxID',
  'NetworkSettings.SandboxKey',
  'NetworkSettings.EndpointID',
  'NetworkSettings.Networks.*.NetworkID',
  'NetworkSettings.Networks.*.EndpointID',
  'NetworkSettings.Networks.*.DNSNames',
];

/** What Docker chooses where nobody has set it. */
export const CHOSEN_BY_DOCKER: readonly Path[] = [
  'NetworkSettings.Ports.**',
  'NetworkSettings.IPAddress',
  'NetworkSettings.MacAddress',
  'NetworkSettings.Networks.*.IPAddress',
  'NetworkSettings.Networks.*.MacAddress',
];

/** One field that differs: `path: before → after`. */
export function inspectDifferences(before: unknown, after: unknown, expected: readonly Path[]): string[] {
  const [old, now] = [leaves(before), leaves(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  const patterns = expected.map(patternOf);
  return paths
    .filter((path) => old.get(path) !== now.get(path) && !patterns.some((pattern) => pattern.test(path)))
    .map((path) => `${path}: ${old.get(path) ?? 'nothing'} → ${now.get(path) ?? 'nothing'}`);
}

function patternOf(path: Path): RegExp {
  const text = path
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*?/g, (star) => (star === '*' ? '[^]+?' : '[^]*'));
  return new RegExp(`^${text}$`);
}

/** Every value that is no object, by its path. Docker shows the mounts in any order: their place is their path. */
function leaves(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  const mounts = path === 'Mounts' && Array.isArray(value);
  const fields: unknown = mounts ? Object.fromEntries(value.filter(isRecord).map((m) => [m['Destination'], m])) : value;
  if (!isRecord(fields) || Object.keys(fields).length === 0) into.set(path, JSON.stringify(value));
  else for (const [name, field] of Object.entries(fields)) leaves(field, path === '' ? name : `${path}.${name}`, into);
  return into;
}
