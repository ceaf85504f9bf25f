import Ajv from 'ajv';
import { dirname } from 'node:path';
import { ReasonedError, describeError } from '../runtime/errors';
import { parseUntrustedJson } from '../runtime/untrusted-json';
import { formOf } from './digest-form';
import { MANIFEST, MAX_FILES, isApart } from './layout';

/** What a checkpoint is of, and how it was made. */
export interface ManifestMeta {
  /** How the container was frozen: `runc`. */
  readonly driver: string;
  /** Full Docker ID of the frozen container. */
  readonly containerID: string;
  readonly migrationUID: string;
  readonly attempt: number;
  readonly criuVersion?: string;
}

export interface ManifestFile {
  /** Below the checkpoint's directory, with `/`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** `sha256:…`, or `sha256-4m:…` (DigestForm). */
  readonly digest: string;
}

/** The content of `manifest.json`. */
export interface Manifest extends ManifestMeta {
  /** The oldest that can say what it says: with 1, every digest is a plain `sha256:…`. */
  readonly version: 1 | 2;
  /** Every file of the checkpoint but the manifest, sorted by path. */
  readonly files: readonly ManifestFile[];
}

/** The largest manifest that is read: what MAX_FILES entries take at 300 bytes each. */
export const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;
/** An entry has five: its braces' beginning, two commas within and one behind, and room for one in its path. */
const MAX_STRUCTURE = 5 * MAX_FILES;

const isManifest = new Ajv({ strict: false }).compile<Manifest>({
  type: 'object',
  required: ['version', 'driver', 'containerID', 'migrationUID', 'attempt', 'files'],
  additionalProperties: false,
  properties: {
    version: { enum: [1, 2] },
    driver: { type: 'string', pattern: '^[a-z]{1,32}$' },
    containerID: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    migrationUID: { type: 'string', pattern: '^[0-9a-zA-Z-]{1,64}$' },
    attempt: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    criuVersion: { type: 'string', pattern: '^[ -~]{0,64}$' },
    files: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_FILES,
      items: {
        type: 'object',
        required: ['path', 'sizeBytes', 'digest'],
        additionalProperties: false,
        properties: {
          path: { type: 'string', pattern: '^[!-~]{1,1024}$' },
          sizeBytes: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
          digest: { type: 'string', pattern: '^sha256(-4m)?:[0-9a-f]{64}$' },
        },
      },
    },
  },
});

/** The version of a manifest of these files. An agent that is not upgraded yet still reads the first. */
export function versionFor(files: readonly ManifestFile[]): Manifest['version'] {
  return files.every(({ digest }) => formOf(digest) === 'sha256') ? 1 : 2;
}

/** The text of a manifest: the same for the same content. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}

/**
 * Reads the text of a manifest. No path in it leads out of the checkpoint's directory.
 * @throws ReasonedError `CheckpointCorrupt`
 */
export function parseManifest(text: string): Manifest {
  // Before the parser makes an object of each: millions of empty ones fit into the permitted size.
  if (structureOf(text) > MAX_STRUCTURE) throw invalid(`it lists more than ${MAX_FILES} files`);
  let value: unknown;
  try {
    value = parseUntrustedJson(text);
  } catch (cause) {
    throw invalid(describeError(cause), cause);
  }
  if (!isManifest(value)) {
    throw invalid((isManifest.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ''}`.trim()).join('; '));
  }
  if (value.version < versionFor(value.files)) throw invalid('a digest is of a kind that its version does not have');
  const paths = new Set(value.files.map(({ path }) => path));
  for (const path of paths) {
    if (!isConfined(path)) throw invalid(`it lists ${JSON.stringify(path)}, which is no file of a checkpoint`);
    if (paths.has(dirname(path))) throw invalid(`it lists ${dirname(path)} as a file and as a directory`);
  }
  if (paths.size < value.files.length) throw invalid('it lists a file twice');
  return value;
}

/** How many values there can be at most: each but the first has one of these characters before it. */
function structureOf(text: string): number {
  let count = 0;
  for (const character of text) {
    if (character === ',' || character === '{' || character === '[') count++;
  }
  return count;
}

function isConfined(path: string): boolean {
  const names = path.split('/');
  if (isApart(names[0] ?? '')) return false;
  return names.every((name) => name !== '' && name !== '.' && name !== '..');
}

function invalid(what: string, cause?: unknown): ReasonedError {
  return new ReasonedError('CheckpointCorrupt', `${MANIFEST} of the checkpoint is not valid: ${what}`, { cause });
}
