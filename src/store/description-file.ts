import { dirname } from 'node:path';
import type { Clock } from '../runtime/clock';
import { systemClock } from '../runtime/clock';
import { ReasonedError, reasonOf } from '../runtime/errors';
import { requireConfined } from './confined';
import { digestOf } from './digest';
import { VISIBLE_WITHIN_MS, ensureVisible } from './files';
import type { CheckpointPaths } from './layout';
import { readAtMost, withOwnFile } from './regular-file';
import { codeOf, volumeError } from './volume-errors';

/** What the object's status says of the description. */
export interface ExpectedDescription {
  /** `sha256:…` */
  readonly digest: string;
  readonly sizeBytes: number;
}

/**
 * The description that the source wrote: exactly the bytes that the object vouches for, or nothing. It comes before the
 * manifest, so that the container can be created before the freeze (docs/adr/0002).
 * @param root of the volume: nothing on the way from it may be a symlink
 * @param options.maxBytes more is refused unread
 * @throws ReasonedError `DescriptionMissing` | `DescriptionCorrupt` | `PathNotConfined`, or with a VolumeFault as reason
 */
export async function readDescriptionFile(
  root: string,
  { description, relative }: Pick<CheckpointPaths, 'description' | 'relative'>,
  expected: ExpectedDescription,
  options: { readonly maxBytes: number; readonly clock?: Clock; readonly visibleWithinMs?: number },
): Promise<string> {
  const { maxBytes, clock = systemClock, visibleWithinMs = VISIBLE_WITHIN_MS } = options;
  const what = `container.json in ${relative}`;
  const { digest, sizeBytes } = expected;
  if (!(sizeBytes >= 0 && sizeBytes <= maxBytes)) throw corrupt(`${what} shall have ${sizeBytes} bytes`);
  let bytes: Buffer;
  try {
    await ensureVisible(description, clock, visibleWithinMs);
    await requireConfined(root, dirname(description));
    bytes = await withOwnFile(description, (file) => readAtMost(file, sizeBytes + 1));
  } catch (error) {
    if (reasonOf(error, '') === 'NotARegularFile') throw corrupt(`${what} is not a regular file of its own`, error);
    if (codeOf(error) !== 'ENOENT') throw volumeError(description, error);
    const message = `this node does not see ${what}, which the source has written; do both nodes mount the same volume?`;
    throw new ReasonedError('DescriptionMissing', message, { cause: error });
  }
  if (bytes.length === sizeBytes && digestOf(bytes) === digest) return bytes.toString('utf8');
  throw corrupt(`${what} is not what the source wrote`);
}

function corrupt(message: string, cause?: unknown): ReasonedError {
  return new ReasonedError('DescriptionCorrupt', message, { cause });
}
