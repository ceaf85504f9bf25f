import Ajv from 'ajv';
import { ReasonedError, describeError } from '../runtime/errors';
import { parseUntrustedJson } from '../runtime/untrusted-json';
import { MANIFEST, WORK } from './layout';

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
  /** `sha256:…` */
  readonly digest: string;
}

/** The content of `manifest.json`. */
export interface Manifest extends ManifestMeta {
  readonly version: 1;
  /** Every file of the checkpoint but the manifest, sorted by path. */
  readonly files: readonly ManifestFile[];
}

/** The largest manifest that is read: what MAX_FILES entries take. */
export const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;
const MAX_FILES = 100_000;

const isManifest = new Ajv({ strict: false }).compile<Manifest>({
  type: 'object',
  required: ['version', 'driver', 'containerID', 'migrationUID', 'attempt', 'files'],
  additionalProperties: false,
  properties: {
    version: { const: 1 },
    driver: { type: 'string', pattern: '^[a-z]{1,32}$' },
    containerID: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    migrationUID: { type: 'string', minLength: 1, maxLength: 64 },
    attempt: { type: 'integer', minimum: 1 },
    criuVersion: { type: 'string', maxLength: 64 },
    files: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_FILES,
      items: {
        type: 'object',
        required: ['path', 'sizeBytes', 'digest'],
        additionalProperties: false,
        properties: {
          path: { type: 'string', minLength: 1, maxLength: 1024 },
          sizeBytes: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
          digest: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
        },
      },
    },
  },
});

/** The text of a manifest: the same for the same content. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}

/**
 * Reads the text of a manifest. No path in it leads out of the checkpoint's directory.
 * @throws ReasonedError `CheckpointCorrupt`
 */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = parseUntrustedJson(text);
  } catch (cause) {
    throw invalid(describeError(cause), cause);
  }
  if (!isManifest(value)) {
    throw invalid((isManifest.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ''}`.trim()).join('; '));
  }
  const paths = value.files.map(({ path }) => path);
  const stray = paths.find((path) => !isConfined(path));
  if (stray !== undefined) throw invalid(`it lists ${JSON.stringify(stray)}, which is no file of a checkpoint`);
  if (new Set(paths).size < paths.length) throw invalid('it lists a file twice');
  return value;
}

function isConfined(path: string): boolean {
  const names = path.split('/');
  if (names[0] === MANIFEST || names[0] === WORK || path.includes('\0')) return false;
  return names.every((name) => name !== '' && name !== '.' && name !== '..');
}

function invalid(what: string, cause?: unknown): ReasonedError {
  return new ReasonedError('CheckpointCorrupt', `${MANIFEST} of the checkpoint is not valid: ${what}`, { cause });
}
