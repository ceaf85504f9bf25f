import { posix } from 'node:path';
import { isRecord, without } from './record';

type Fields = Readonly<Record<string, unknown>>;

/** A volume or a directory of the host that is mounted into a container, as `docker inspect` shows it. */
export interface MountInfo {
  readonly type: 'volume' | 'bind';
  /** Name of the volume; of a host directory its path. */
  readonly name: string;
  /** Where its files lie on the host. */
  readonly source: string;
  /** Path in the container. */
  readonly destination: string;
  readonly writable: boolean;
}

/**
 * The volumes and host directories of a container; not its tmpfs mounts, which CRIU carries.
 * @param inspect the answer of `docker inspect`
 */
export function mountsOf(inspect: unknown): readonly MountInfo[] {
  return listOf(isRecord(inspect) ? inspect['Mounts'] : undefined).flatMap((mount): MountInfo[] => {
    const { Type, Name, Source, Destination, RW } = isRecord(mount) ? mount : {};
    if (typeof Source !== 'string' || typeof Destination !== 'string') return [];
    const rest = { source: Source, destination: Destination, writable: RW !== false };
    if (Type === 'bind') return [{ type: 'bind', name: Source, ...rest }];
    return Type === 'volume' && typeof Name === 'string' ? [{ type: 'volume', name: Name, ...rest }] : [];
  });
}

/** Volumes of which only a part is mounted, by their name. */
export function subpathVolumes(hostConfig: Fields): readonly string[] {
  return listOf(hostConfig['Mounts']).flatMap((mount) => {
    if (!isRecord(mount) || typeof mount['Source'] !== 'string') return [];
    const options = mount['VolumeOptions'];
    return isRecord(options) && typeof options['Subpath'] === 'string' && options['Subpath'] !== ''
      ? [mount['Source']]
      : [];
  });
}

/**
 * A host configuration that names every volume of the container, those too that nobody has named or that came from
 * another container (`--volumes-from`): a container that is created from it mounts volumes of these very names, and
 * Docker puts no files of the image into them.
 */
export function withNamedVolumes(hostConfig: Fields, mounts: readonly MountInfo[]): Fields {
  const { VolumesFrom: from } = hostConfig;
  const isJoined = listOf(from).length > 0;
  const carried = mounts.filter(({ type }) => type === 'volume' || isJoined);
  if (carried.length === 0) return hostConfig;
  const volumeAt = new Map(mounts.filter(({ type }) => type === 'volume').map((m) => [clean(m.destination), m.name]));
  const binds = listOf(hostConfig['Binds']).map((bind) => namedBind(String(bind), volumeAt));
  const named = listOf(hostConfig['Mounts']).map((mount) => namedMount(mount, volumeAt));
  const covered = new Set([
    ...binds.map((bind) => clean(bind.split(':')[1] ?? '')),
    ...named.filter(isRecord).map(({ Target }) => clean(String(Target))),
  ]);
  const missing = carried
    .filter(({ destination }) => !covered.has(clean(destination)))
    .map(({ type, name, destination, writable }) => {
      const modes = [...(writable ? [] : ['ro']), ...(type === 'volume' ? ['nocopy'] : [])];
      return [name, destination, modes.join(',')].filter((part) => part !== '').join(':');
    });
  return {
    ...hostConfig,
    Binds: [...binds, ...missing],
    ...(named.length === 0 ? {} : { Mounts: named }),
    ...(isJoined ? { VolumesFrom: null } : {}),
  };
}

/** A path begins with a slash, the name of a volume does not. */
function namedBind(bind: string, volumeAt: ReadonlyMap<string, string>): string {
  const [source = '', destination, modes = ''] = bind.split(':');
  if (destination === undefined) {
    // A path alone is that of a volume without a name.
    const name = volumeAt.get(clean(source));
    return name === undefined ? bind : `${name}:${source}:nocopy`;
  }
  if (source.includes('/')) return bind;
  const list = modes.split(',').filter((mode) => mode !== '' && mode !== 'nocopy');
  return [source, destination, [...list, 'nocopy'].join(',')].join(':');
}

function namedMount(mount: unknown, volumeAt: ReadonlyMap<string, string>): unknown {
  if (!isRecord(mount) || mount['Type'] !== 'volume') return mount;
  const options = isRecord(mount['VolumeOptions']) ? mount['VolumeOptions'] : {};
  const name = volumeAt.get(clean(String(mount['Target'])));
  // A driver is for a volume that does not exist yet; on the target it does.
  const kept = without(options, (field) => field === 'DriverConfig');
  return { ...mount, ...(name === undefined ? {} : { Source: name }), VolumeOptions: { ...kept, NoCopy: true } };
}

function clean(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/+$/, '');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
