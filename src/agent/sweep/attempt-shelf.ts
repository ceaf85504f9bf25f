import { join } from 'node:path';
import type { Clock } from '../../runtime/clock';
import { withDeadline } from '../../runtime/deadline';
import type { AttemptDirectory } from '../../store/attempts';
import { findAttempts } from '../../store/attempts';
import { removeDirectory } from '../../store/files';
import { measureDirectory } from '../../store/measure';
import type { VolumeAccess } from '../volume-access';
import { VOLUME_TIMEOUT_MS } from '../volume-access';

const MEASURE_MS = 30_000;

/** The checkpoints of all migrations, as a sweep sees them. Every method answers in time or rejects. */
export interface AttemptShelf {
  /** Where the volume is mounted. */
  readonly root: string;
  find(): Promise<readonly AttemptDirectory[]>;
  sizeBytes(attempt: AttemptDirectory): Promise<number>;
  /** Removes the attempt, and the directories above it that become empty by that. */
  remove(attempt: AttemptDirectory): Promise<void>;
}

export function createAttemptShelf(root: string, volume: VolumeAccess, clock: Clock): AttemptShelf {
  const pathOf = ({ namespace, name, uidPrefix, attempt }: AttemptDirectory): string =>
    join(root, namespace, `${name}-${uidPrefix}`, String(attempt));
  return {
    root,
    find: () =>
      volume.within(VOLUME_TIMEOUT_MS, async (signal) => {
        const found: AttemptDirectory[] = [];
        for await (const attempt of findAttempts(root, { clock, signal })) found.push(attempt);
        return found;
      }),
    sizeBytes: async (attempt) => {
      // Not one of the accesses whose end others wait for: it only reads, cannot be cut short, and is only a figure.
      const limit = { clock, ms: MEASURE_MS, what: 'measuring a checkpoint' };
      return (await withDeadline(limit, () => measureDirectory(pathOf(attempt)))).bytes;
    },
    remove: (attempt) => volume.within(VOLUME_TIMEOUT_MS, () => removeDirectory(root, pathOf(attempt))),
  };
}
