import { parseUntrustedJson } from '../runtime/untrusted-json';
import { digestOf } from './digest';
import { invalid, isZero, paxSize, readTarHeader, TAR_BLOCK_BYTES } from './tar-headers';

/** The names in an archive that `docker save` makes of an image's ID; what else is there is no such archive. */
const DIRECTORIES = ['.', './', 'blobs/', 'blobs/sha256/'];
const FILES = /^(manifest\.json|index\.json|oci-layout|blobs\/sha256\/[0-9a-f]{64})$/;
const MANIFEST = 'manifest.json';
const MAX_ENTRIES = 10_000;
/** Of a document that is read: an image's configuration is some kB. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;
const MAX_PAX_BYTES = 64 * 1024;

interface Entry {
  readonly name: string;
  /** Its bytes so far, when they are read. */
  readonly pieces: Buffer[] | undefined;
  /** Still to come, with the padding. */
  left: number;
  padding: number;
}

/**
 * Looks at an archive while it passes by: whether it is whole, and holds exactly the one image that is expected and no
 * name for it. Docker loads whatever an archive holds, gives it all names that stand there, and takes them away from
 * the images that have them; and when a save fails in its middle, Docker ends the archive as if all were well.
 */
export class ImageArchiveCheck {
  readonly #config: string;
  readonly #imageID: string;
  readonly #seen = new Set<string>();
  readonly #documents = new Map<string, Buffer>();
  #block: Buffer[] = [];
  #blockBytes = 0;
  #entry: Entry | undefined;
  #sizeOfNext: number | undefined;
  #zeroBlocks = 0;

  /** @param imageID `sha256:…` */
  constructor(imageID: string) {
    this.#imageID = imageID;
    this.#config = `blobs/sha256/${imageID.replace(/^sha256:/, '')}`;
  }

  /** The next bytes of the archive. @throws ReasonedError ImageArchiveInvalid */
  push(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0;) rest = this.#entry === undefined ? this.#header(rest) : this.#body(rest);
  }

  /** There are no more. @throws ReasonedError ImageArchiveInvalid */
  finish(): void {
    if (this.#entry !== undefined || this.#blockBytes > 0 || this.#zeroBlocks < 2) throw invalid('it is cut off');
    const manifest = this.#documents.get(MANIFEST);
    const config = this.#documents.get(this.#config);
    if (manifest === undefined) throw invalid('it has no manifest.json');
    if (config === undefined || digestOf(config) !== this.#imageID) throw invalid(`it does not hold ${this.#imageID}`);
    const layers = readManifest(manifest, this.#config);
    const missing = layers.find((layer) => !FILES.test(layer) || !this.#seen.has(layer));
    if (missing !== undefined) throw invalid('a layer of the image is missing');
  }

  #header(bytes: Buffer): Buffer {
    const wanted = TAR_BLOCK_BYTES - this.#blockBytes;
    const part = bytes.subarray(0, wanted);
    this.#block.push(Buffer.from(part));
    this.#blockBytes += part.length;
    if (this.#blockBytes === TAR_BLOCK_BYTES) {
      const block = Buffer.concat(this.#block);
      this.#block = [];
      this.#blockBytes = 0;
      this.#begin(block);
    }
    return bytes.subarray(part.length);
  }

  #begin(block: Buffer): void {
    if (isZero(block)) {
      this.#zeroBlocks++;
      return;
    }
    if (this.#zeroBlocks > 0) throw invalid('something follows its end');
    const { name, type, sizeBytes } = readTarHeader(block);
    const size = this.#sizeOfNext ?? sizeBytes;
    if (type === 'x') {
      if (this.#sizeOfNext !== undefined || size > MAX_PAX_BYTES) throw invalid('a pax header is in the wrong place');
      this.#open('', size, true);
      return;
    }
    this.#sizeOfNext = undefined;
    if (type === '5' && DIRECTORIES.includes(name) && size === 0) return;
    if (type !== '0' || !FILES.test(name)) throw invalid(`it holds ${JSON.stringify(name.slice(0, 100))}`);
    if (this.#seen.has(name) || this.#seen.size >= MAX_ENTRIES) throw invalid(`it holds ${name} twice, or too much`);
    this.#seen.add(name);
    const isRead = name === MANIFEST || name === this.#config;
    if (isRead && size > MAX_DOCUMENT_BYTES) throw invalid(`${name} is too large`);
    this.#open(name, size, isRead);
  }

  #open(name: string, size: number, isRead: boolean): void {
    const padding = (TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
    this.#entry = { name, pieces: isRead ? [] : undefined, left: size, padding };
    if (size === 0) this.#close(this.#entry);
  }

  #body(bytes: Buffer): Buffer {
    const entry = this.#entry;
    if (entry === undefined) throw new TypeError('there is no entry');
    const content = bytes.subarray(0, entry.left);
    if (content.length > 0) entry.pieces?.push(Buffer.from(content));
    entry.left -= content.length;
    const padding = bytes.subarray(content.length, content.length + entry.padding);
    if (entry.left === 0) {
      entry.padding -= padding.length;
      if (entry.padding === 0) this.#close(entry);
      return bytes.subarray(content.length + padding.length);
    }
    return bytes.subarray(content.length);
  }

  #close({ name, pieces }: Entry): void {
    this.#entry = undefined;
    if (pieces === undefined) return;
    const content = Buffer.concat(pieces);
    if (name === '') this.#sizeOfNext = paxSize(content);
    else this.#documents.set(name, content);
  }
}

/** Exactly so: Docker takes `repotags` for `RepoTags`. */
const MANIFEST_FIELDS = ['Config', 'RepoTags', 'Layers', 'LayerSources'];

/** The layers of the one image of the manifest. */
function readManifest(manifest: Buffer, config: string): readonly string[] {
  let images: unknown;
  try {
    images = parseUntrustedJson(manifest.toString('utf8'));
  } catch {
    throw invalid('its manifest.json cannot be read');
  }
  const [image] = Array.isArray(images) && images.length === 1 ? (images as unknown[]) : [];
  if (typeof image !== 'object' || image === null) throw invalid('it does not hold exactly one image');
  const strange = Object.keys(image).find((field) => !MANIFEST_FIELDS.includes(field));
  if (strange !== undefined) throw invalid(`its manifest.json has a field ${JSON.stringify(strange.slice(0, 100))}`);
  const { Config, RepoTags, Layers } = image as Readonly<Record<string, unknown>>;
  if (Config !== config) throw invalid('it holds another image');
  const isNameless = (RepoTags ?? null) === null || (Array.isArray(RepoTags) && RepoTags.length === 0);
  if (!isNameless) throw invalid('it holds names, which would be taken away from the images that have them');
  if (!Array.isArray(Layers) || !Layers.every((layer) => typeof layer === 'string'))
    throw invalid('its manifest.json names no layers');
  return Layers;
}
