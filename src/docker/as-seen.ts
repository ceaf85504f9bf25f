import { posix } from 'node:path';
import { TerminalError } from '../runtime/errors';
import type { PortableDescription } from './description';
import { isRecord } from './record';

/** What the preflight saw of the container, and everybody can read in the object. */
export interface SeenByPreflight {
  readonly imageID?: string | undefined;
  readonly bindSources?: readonly string[] | undefined;
  readonly networks?: readonly string[] | undefined;
  /** Names of the volumes, and of other mounts. */
  readonly volumes?: readonly (string | { readonly name: string })[] | undefined;
}

/**
 * Looks that the description asks for nothing of the node that the preflight did not report: another image, a directory
 * of the host, a volume, a network.
 * @throws TerminalError `DescriptionInvalid`
 */
export function requireAsSeen(description: PortableDescription, seen: SeenByPreflight): void {
  const { imageID, hostConfig, endpoints } = description;
  if (imageID !== seen.imageID) throw unseen('image', imageID);
  const directories = (seen.bindSources ?? []).map(normalized);
  const directory = bindSourcesOf(hostConfig).find((path) => !directories.includes(path));
  if (directory !== undefined) throw unseen('directory of the host', directory);
  const volumes = (seen.volumes ?? []).map((volume) => (typeof volume === 'string' ? volume : volume.name));
  const volume = volumesOf(description).find((name) => !volumes.includes(name));
  if (volume !== undefined) throw unseen('volume', volume);
  const network = Object.keys(endpoints).find((name) => !(seen.networks ?? []).includes(name));
  if (network !== undefined) throw unseen('network', network);
}

/** The directories that Docker would mount: without named volumes, which have no slash. */
function bindSourcesOf(hostConfig: PortableDescription['hostConfig']): string[] {
  const binds = listOf(hostConfig['Binds']).map((bind) => String(bind).split(':')[0] ?? '');
  const mounts = listOf(hostConfig['Mounts']).filter(isRecord);
  const sources = mounts.filter(({ Type }) => Type === 'bind').map(({ Source }) => String(Source));
  return [...binds.filter((source) => source.includes('/')), ...sources].map(normalized);
}

/**
 * The volumes that Docker would mount or create. An empty name is one that Docker would make up, with what the mount tells
 * a driver: the directory to mount, for instance. The volumes of another container would be as unknown.
 */
function volumesOf({ hostConfig, volumes }: PortableDescription): string[] {
  const binds = listOf(hostConfig['Binds']).map((bind) => String(bind).split(':'));
  const named = binds.filter((parts) => parts.length > 1).map(([source = '']) => source);
  const mounts = listOf(hostConfig['Mounts']).filter(isRecord);
  const mounted = mounts.filter(({ Type }) => Type === 'volume').map(({ Source = '' }) => String(Source));
  return [
    ...named.filter((source) => !source.includes('/')),
    ...mounted,
    ...Object.keys(volumes ?? {}),
    ...listOf(hostConfig['VolumesFrom']).map(String),
  ];
}

/** As Docker itself shows it: without a slash at the end, without `..`. */
function normalized(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/+$/, '');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function unseen(what: string, name: string): TerminalError {
  const which = JSON.stringify(name.slice(0, 200));
  return new TerminalError(
    'DescriptionInvalid',
    `the description of the container on the volume names another ${what} than the preflight saw: ${which}`,
  );
}
