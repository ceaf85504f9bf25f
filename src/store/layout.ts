import { join } from 'node:path';
import { TerminalError } from '../runtime/errors';

/** Which checkpoint: of which object, and of which of its attempts. */
export interface CheckpointKey {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** From 1. */
  readonly attempt: number;
}

/** Where the parts of one checkpoint lie. All are absolute but `relative`. */
export interface CheckpointPaths {
  /** The checkpoint's own directory. */
  readonly directory: string;
  /** The same, below the root of the volume: what the object's status says. */
  readonly relative: string;
  /** Directory of all attempts of the migration: what is removed at the end. */
  readonly migration: string;
  /** Directory of CRIU's images. */
  readonly images: string;
  /** Archive of the files that the container changed; absent when it changed none. Listed in the manifest when there. */
  readonly writableLayer: string;
  /** Directory of the container's log files; absent when there are none. Listed in the manifest when there. */
  readonly logs: string;
  /** Archive of the container's image, when the target lacks it; written before the freeze, and in no manifest. */
  readonly imageArchive: string;
  /** Directory of what was copied before the freeze; absent when that did not pay. */
  readonly base: string;
  /** File of the portable description of the container. */
  readonly description: string;
  /** File that lists all others; written last. */
  readonly manifest: string;
  /** Directory of the logs and statistics of CRIU, one directory for each node; not part of the checkpoint. */
  readonly work: string;
}

export const IMAGES = 'images';
const DESCRIPTION = 'container.json';
export const WRITABLE_LAYER = 'rootfs.tar';
export const LOGS = 'logs';
/** Directory of the archives of Docker volumes; absent when none is carried. */
export const VOLUMES = 'volumes';
/** What lies in a checkpoint's directory and is not part of the checkpoint: its manifest, the logs, the image, and the base. */
export const IMAGE_ARCHIVE = 'image.tar';
/** Directory of what was copied before the freeze, with a manifest of its own (docs/adr/0009-precopy.md). */
export const BASE = 'base';
export const MANIFEST = 'manifest.json';
export const WORK = 'work';
/** Names of this prefix are not finished files: they are renamed when they are. */
export const UNFINISHED = '.new-';
/** What an NFS client makes of a file that is removed while a process has it open. */
const SILLY_RENAMED = '.nfs';

/** True for the names at the top of a checkpoint's directory that are not part of the checkpoint. */
export function isApart(name: string): boolean {
  const known = [MANIFEST, WORK, IMAGE_ARCHIVE, BASE].includes(name);
  return known || name.startsWith(UNFINISHED) || name.startsWith(SILLY_RENAMED);
}

/** More is no checkpoint: CRIU writes a handful of files for each process and one for each thread. */
export const MAX_FILES = 100_000;
/** Directory below the root for what belongs to the volume itself. No namespace begins with a dot. */
export const VOLUME_DIRECTORY = '.transship';

const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
const NAMESPACE = new RegExp(`^${LABEL}$`);
const OBJECT_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
const NODE_NAME = OBJECT_NAME;
const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Leaves room for `-<uid8>` within the 255 bytes that a file system allows a name. */
const MAX_NAME_LENGTH = 246;

/**
 * Where a checkpoint lies below the root of the volume: `<namespace>/<name>-<first 8 of the uid>/<attempt>`. The uid
 * keeps an object that was deleted and made anew from meeting the remains of its predecessor.
 * @throws TerminalError `CheckpointPathInvalid` for a name that is none of Kubernetes: nothing can lead out of the root.
 */
export function checkpointPaths(root: string, key: CheckpointKey): CheckpointPaths {
  check(NAMESPACE.test(key.namespace), `namespace ${quote(key.namespace)}`);
  check(OBJECT_NAME.test(key.name) && key.name.length <= MAX_NAME_LENGTH, `object name ${quote(key.name)}`);
  check(UID.test(key.uid), `uid ${quote(key.uid)}`);
  check(Number.isSafeInteger(key.attempt) && key.attempt >= 1, `attempt ${key.attempt}`);
  const ofMigration = join(key.namespace, `${key.name}-${key.uid.slice(0, 8)}`);
  const relative = join(ofMigration, String(key.attempt));
  const directory = join(root, relative);
  return {
    directory,
    relative,
    migration: join(root, ofMigration),
    images: join(directory, IMAGES),
    writableLayer: join(directory, WRITABLE_LAYER),
    logs: join(directory, LOGS),
    imageArchive: join(directory, IMAGE_ARCHIVE),
    base: join(directory, BASE),
    description: join(directory, DESCRIPTION),
    manifest: join(directory, MANIFEST),
    work: join(directory, WORK),
  };
}

/**
 * What one node writes to try the volume out: `<root>/.transship/<kind>/<node>`.
 * @throws TerminalError `CheckpointPathInvalid` for a node name that is none of Kubernetes.
 */
export function nodePath(root: string, kind: 'probe' | 'clock' | 'speed', node: string): string {
  check(NODE_NAME.test(node) && node.length <= 253, `node name ${quote(node)}`);
  return join(root, VOLUME_DIRECTORY, kind, node);
}

/** The namespace of that directory of the volume; undefined when it is none of ours. */
export function parseNamespace(directory: string): string | undefined {
  return NAMESPACE.test(directory) ? directory : undefined;
}

/** The object of that directory of a namespace; undefined when it is none of ours. */
export function parseMigrationName(directory: string): { name: string; uidPrefix: string } | undefined {
  const [, name = '', uidPrefix = ''] = /^(.+)-([0-9a-f]{8})$/.exec(directory) ?? [];
  return OBJECT_NAME.test(name) && name.length <= MAX_NAME_LENGTH ? { name, uidPrefix } : undefined;
}

/** The number of that directory of an object; undefined when it is none. */
export function parseAttemptName(directory: string): number | undefined {
  const attempt = Number(directory);
  return /^[1-9][0-9]*$/.test(directory) && Number.isSafeInteger(attempt) ? attempt : undefined;
}

function check(valid: boolean, what: string): void {
  if (!valid) throw new TerminalError('CheckpointPathInvalid', `the ${what} cannot be part of a path on the volume`);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
