import { messagesOf } from './image';
import { readFields } from './protobuf';

/** A hard link that CRIU looks for at the restore, because the file's own name was deleted. */
export interface LinkRemap {
  /** The deleted name, from the container's root. */
  readonly path: string;
  /** The link that must be there: `link_remap.<number>` beside it. */
  readonly link: string;
}

/** Field numbers of CRIU's images/fdinfo.proto (FileEntry), regfile.proto and remap-file-path.proto. */
const FILE_TYPE_FIELD = 1;
const FILE_REGULAR_FIELD = 3;
const REGULAR_TYPE = 1;
const REGULAR_ID_FIELD = 1;
const REGULAR_NAME_FIELD = 6;
const ORIGINAL_ID_FIELD = 1;
const REMAP_ID_FIELD = 2;
const REMAP_TYPE_FIELD = 3;
const LINKED_TYPE = 0;

/**
 * The links that a dump with `link-remap` relies on.
 * @param files the image files.img
 * @param remaps the image remap-fpath.img; empty when there is none
 * @returns undefined when they are not what CRIU writes
 */
export function parseLinkRemaps(files: Uint8Array, remaps: Uint8Array): readonly LinkRemap[] | undefined {
  const links = readMessages(remaps)?.filter((fields) => (fields.get(REMAP_TYPE_FIELD) ?? LINKED_TYPE) === LINKED_TYPE);
  const entries = readMessages(files);
  if (links === undefined || entries === undefined) return undefined;
  const names = new Map<unknown, string>();
  for (const entry of entries) {
    const regular = entry.get(FILE_REGULAR_FIELD);
    if (entry.get(FILE_TYPE_FIELD) !== REGULAR_TYPE || !(regular instanceof Uint8Array)) continue;
    const fields = readFields(regular);
    const name = fields?.get(REGULAR_NAME_FIELD);
    if (name instanceof Uint8Array) names.set(fields?.get(REGULAR_ID_FIELD), Buffer.from(name).toString('utf8'));
  }
  const found = links.map((fields) => ({
    path: names.get(fields.get(ORIGINAL_ID_FIELD)) ?? '',
    link: names.get(fields.get(REMAP_ID_FIELD)) ?? '',
  }));
  return found.every(({ path, link }) => path.startsWith('/') && isRemapName(link)) ? found : undefined;
}

/** True for the absolute path of a link as CRIU names them, without steps upwards. */
export function isRemapName(path: string): boolean {
  return /^\/(?:.*\/)?link_remap\.[0-9]+$/.test(path) && !path.split('/').includes('..');
}

/** The messages of an image. */
function readMessages(image: Uint8Array): ReadonlyMap<number, number | Uint8Array>[] | undefined {
  const messages: ReadonlyMap<number, number | Uint8Array>[] = [];
  for (const message of messagesOf(image) ?? [undefined]) {
    const fields = message === undefined ? undefined : readFields(message);
    if (fields === undefined) return undefined;
    messages.push(fields);
  }
  return messages;
}
