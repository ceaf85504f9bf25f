import type { DumpFacts } from './dump-facts';
import type { CriuOption, CriuOptionName } from './options';
import { formatCriuOption, isScanPath, parseCriuOption } from './options';

/** An option, and why this container's dump or restore gets it. */
export interface ChosenOption extends CriuOption {
  /** For people. */
  readonly because: string;
}

/** Something that no option helps against. */
export interface CriuObstacle {
  readonly reason: 'GhostFileTooLarge' | 'LinkRemapNeeded' | 'InotifyUnsupported';
  readonly message: string;
}

/** All deleted files of a container together, unless its owner allows more: CRIU copies them while it stands still. */
export const GHOST_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * What CRIU is told about a container: what follows from what it has, and what its owner wrote into spec.criu, who
 * alone knows whether the other end of a socket exists on the target.
 *
 * @param owner the entries of spec.criu
 * @param connections what stands in spec.connections
 * @throws TerminalError CriuOptionInvalid
 */
export function chooseCriuOptions(
  facts: DumpFacts,
  init: boolean,
  owner: readonly string[] = [],
  connections?: string,
): readonly ChosenOption[] {
  const chosen: ChosenOption[] = owner.map((text) => ({ ...parseCriuOption(text), because: 'spec.criu' }));
  const add = (name: CriuOptionName, because: string, value?: string): void => {
    // What its owner wrote counts; only paths may be several.
    if (name !== 'irmap-scan-path' && chosen.some((option) => option.name === name)) return;
    chosen.push({ name, because, ...(value === undefined ? {} : { value }) });
  };
  const { deletedFiles, deletedNames, lockedFiles, writableFiles, watches } = facts;
  if (lockedFiles.length > 0) add('file-locks', `holds locks on ${listed(lockedFiles)}`);
  else if (writableFiles > 0) add('file-locks', `may lock any of the ${writableFiles} files that are open for writing`);
  // A file of the image that was deleted has a name left, and CRIU copies it all the same.
  const deleted = [...deletedFiles, ...deletedNames].map(({ path }) => path);
  if (deleted.length > 0) {
    add('ghost-limit', `has ${deleted.length} deleted files open: ${listed(deleted)}`, String(GHOST_LIMIT_BYTES));
  }
  if (deletedNames.some(({ isCarried }) => isCarried)) {
    add('link-remap', `has files open by a deleted name: ${listed(deletedNames.map(({ path }) => path))}`);
  }
  if (watches.length > 0) {
    add('force-irmap', `watches ${watches.length} of its own files or directories with inotify`);
    const paths = watches.flatMap(({ path }) => (path !== undefined && isScanPath(path) ? [path] : []));
    for (const path of scanPaths(paths)) add('irmap-scan-path', 'is watched with inotify', path);
  }
  if (connections === 'Keep') add('tcp-established', 'spec.connections: Keep');
  if (init) add('mntns-compat-mode', 'was started with --init; at the restore only');
  return chosen;
}

/** Why a dump with these options would fail, found before anything is frozen. */
export function findCriuObstacles(facts: DumpFacts, options: readonly CriuOption[]): readonly CriuObstacle[] {
  const obstacles: CriuObstacle[] = [];
  const limitBytes = Number(options.find(({ name }) => name === 'ghost-limit')?.value ?? GHOST_LIMIT_BYTES);
  const totalBytes = facts.deletedFiles.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (totalBytes > limitBytes) {
    const largest = facts.deletedFiles.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
    const shown = listed(largest.map(({ path, sizeBytes }) => `${path} (${sizeBytes} bytes)`));
    obstacles.push({
      reason: 'GhostFileTooLarge',
      message:
        `the container has deleted files open that hold ${totalBytes} bytes together, more than ${limitBytes}: ${shown}; ` +
        `have it close them, or allow more with spec.criu: ["ghost-limit=${totalBytes * 2}"]`,
    });
  }
  const left = facts.deletedNames.filter(({ isCarried }) => !isCarried);
  if (left.length > 0) {
    obstacles.push({
      reason: 'LinkRemapNeeded',
      message:
        `the container has ${listed(left.map(({ path }) => path))} open, a name that was deleted in a mounted directory ` +
        'while another hard link of the file exists; have it close the file',
    });
  }
  // The root itself CRIU finds without being told.
  const lost = facts.watches.filter(({ path }) => path === undefined || (path !== '/' && !isScanPath(path)));
  if (lost.length > 0) {
    const shown = listed(lost.map(({ inode, path }) => path ?? `inode ${inode}`));
    obstacles.push({
      reason: 'InotifyUnsupported',
      message:
        `the container watches ${shown} with inotify, which has no name that CRIU could find it by; ` +
        'have it end the watch',
    });
  }
  return obstacles;
}

/** As the object's status shows them. */
export function describeOptions(options: readonly ChosenOption[]): { option: string; because: string }[] {
  return options.map((option) => ({ option: formatCriuOption(option), because: option.because }));
}

/** The object's status has room for so many. */
const MAX_SCAN_PATHS = 32;

/** The paths themselves, which CRIU finds at once; or, where they are many, directories above them, which it searches. */
function scanPaths(paths: readonly string[]): readonly string[] {
  const parts = paths.map((path) => path.split('/').slice(1));
  for (let depth = Math.max(0, ...parts.map(({ length }) => length)); depth > 0; depth--) {
    const found = new Set(parts.map((names) => `/${names.slice(0, depth).join('/')}`));
    if (found.size <= MAX_SCAN_PATHS || depth === 1) return [...found].slice(0, MAX_SCAN_PATHS);
  }
  return [];
}

const SHOWN = 3;

/** The first few. Paths are the container's: they may be of any length. */
function listed(items: readonly string[]): string {
  const shown = items.slice(0, SHOWN).map((item) => (item.length > 120 ? `${item.slice(0, 120)}…` : item));
  return items.length > SHOWN ? `${shown.join(', ')} and ${items.length - SHOWN} more` : shown.join(', ');
}
