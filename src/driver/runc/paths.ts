import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReasonedError, TerminalError } from '../../runtime/errors';
import { runcRootOfShim } from './shim-root';

/** The name under which Docker knows the wrapper. */
export const WRAPPER_RUNTIME = 'transship';
/** The annotation by which runc hands a configuration file on to CRIU. */
export const CRIU_CONFIG_ANNOTATION = 'org.criu.config';

/** Everything of one container's wake-up; docs/wrapper.md describes the marker directory. */
export interface MarkerPaths {
  readonly directory: string;
  readonly images: string;
  readonly work: string;
  readonly restoreOptions: string;
  /** IP addresses that must be there before the sockets are; see docs/wrapper.md. */
  readonly addresses: string;
  /** Pid of the wrapper while it restores. */
  readonly pid: string;
  /** Pid and start time of the script whose child the page server is. */
  readonly pageServer: string;
  /** Exit code of the page server, when it has ended. */
  readonly pageServerEnded: string;
}

/** The script that makes up for the network while CRIU restores: it lies beside the wrapper. */
export function networkScriptOf(wrapperPath: string): string {
  return join(dirname(wrapperPath), 'transship-network');
}

/** The script that has the page server for its child: it lies beside the wrapper. */
export function pagesScriptOf(wrapperPath: string): string {
  return join(dirname(wrapperPath), 'transship-pages');
}

/** Below `runDir`, which is /run/transship wherever the wrapper runs. Throws for an id that is none of Docker's. */
export function markerPaths(runDir: string, containerID: string): MarkerPaths {
  const directory = join(markersDirectory(runDir), checkContainerID(containerID));
  return {
    directory,
    images: join(directory, 'images'),
    work: join(directory, 'work'),
    restoreOptions: join(directory, 'restore-options'),
    addresses: join(directory, 'addresses'),
    pid: join(directory, 'pid'),
    pageServer: join(directory, 'pages'),
    pageServerEnded: join(directory, 'pages-ended'),
  };
}

/** Where the markers of all containers lie. */
export function markersDirectory(runDir: string): string {
  return join(runDir, 'restore');
}

/** Where CRIU's configuration files for restores lie. */
export function criuConfigDirectory(runDir: string): string {
  return join(runDir, 'criu');
}

/** The configuration file that CRIU reads when a container of this migration is restored. */
export function criuConfigPath(runDir: string, migrationUID: string): string {
  if (!/^[0-9A-Za-z][-0-9A-Za-z]{0,63}$/.test(migrationUID)) {
    throw new TerminalError('MigrationUIDInvalid', `${JSON.stringify(migrationUID)} is no UID of a migration`);
  }
  return join(criuConfigDirectory(runDir), `${migrationUID}.conf`);
}

/** Where CRIU's configuration files for dumps lie, each while its dump is made. */
export function dumpConfigDirectory(runDir: string): string {
  return join(runDir, 'dump');
}

/** The configuration file that CRIU reads while this container is dumped. */
export function dumpConfigPath(runDir: string, containerID: string): string {
  return join(dumpConfigDirectory(runDir), `${checkContainerID(containerID)}.conf`);
}

/** Where is noted which hard links were made in a frozen container for its restore. */
export function linksPath(runDir: string, containerID: string): string {
  return join(runDir, 'links', `${checkContainerID(containerID)}.json`);
}

/** True for a path that `criuConfigPath` makes: such a file is ours to write and to remove. */
export function isOurCriuConfig(runDir: string, path: string): boolean {
  const prefix = `${criuConfigDirectory(runDir)}/`;
  return path.startsWith(prefix) && /^[0-9A-Za-z][-0-9A-Za-z]{0,63}\.conf$/.test(path.slice(prefix.length));
}

/**
 * The state directory of runc that has this container: as the container's own shim was told, or where Docker's defaults
 * put it below the exec root. Docker gives the containers of every runtime that is called through the same shim the one
 * of `runc`; the one of the runtime's own name is tried as well.
 * Throws `RuntimeUnsupported` when runc does not know the container.
 */
export async function findRuncRoot(
  execRoot: string,
  container: { readonly id: string; readonly runtime: string; readonly pid: number },
  proc?: string,
): Promise<string> {
  const id = checkContainerID(container.id);
  const told = await runcRootOfShim(container, proc);
  if (told !== undefined) return told;
  const names = ['runc', container.runtime].filter((name) => /^[\w][\w.-]*$/.test(name));
  for (const name of names) {
    const root = join(execRoot, `runtime-${name}`, 'moby');
    if (await exists(join(root, id, 'state.json'))) return root;
  }
  throw new ReasonedError(
    'RuntimeUnsupported',
    `runc does not know the container, whose runtime is ${container.runtime}: only running containers of Docker's own runc can be moved`,
  );
}

function checkContainerID(containerID: string): string {
  if (!/^[0-9a-f]{64}$/.test(containerID)) {
    throw new TerminalError('ContainerIDInvalid', `${JSON.stringify(containerID)} is no full ID of a container`);
  }
  return containerID;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
