import type { ContainerMigration } from '../api/types';
import { keyOf } from '../api/types';
import { sleptThrough } from '../runtime/deadline';
import { ReasonedError } from '../runtime/errors';
import type { AgentDeps } from './ports';
import type { WorkLimit } from './work-limit';

/** How soon work that moves a whole image sees that nobody wants it any more. */
const LOOK_MS = 1_000;

/**
 * Work that lasts while the container runs: it is ended when the migration is given up, and when it has taken as long as
 * a whole migration may. The work must end with its signal.
 * @param told what is carried, and what it is called when that takes too long
 * @throws ReasonedError NoLongerWanted, ImageTimedOut
 */
export async function whileWanted<T>(
  migration: ContainerMigration,
  { migrations, clock }: Pick<AgentDeps, 'migrations' | 'clock'>,
  work: (limit: WorkLimit) => Promise<T>,
  told: { readonly what: string; readonly timedOut: string } = { what: 'the image', timedOut: 'ImageTimedOut' },
): Promise<T> {
  const limitMs = migration.spec.activeDeadlineSeconds * 1000;
  const giveUpAt = clock.monotonic() + limitMs;
  const limit = new AbortController();
  const done = new AbortController();
  const watch = async (): Promise<void> => {
    while (!limit.signal.aborted && (await sleptThrough(clock, LOOK_MS, done.signal))) {
      if (isGivenUp(migrations.cached(keyOf(migration)))) {
        limit.abort(new ReasonedError('NoLongerWanted', `the migration was given up while ${told.what} was carried`));
      } else if (clock.monotonic() >= giveUpAt) {
        const message = `${told.what} was not carried within spec.activeDeadlineSeconds (${limitMs / 1000})`;
        limit.abort(new ReasonedError(told.timedOut, message));
      }
    }
  };
  const watched = watch();
  try {
    return await work({ signal: limit.signal, limitMs });
  } finally {
    done.abort();
    await watched;
  }
}

function isGivenUp(migration: ContainerMigration | undefined): boolean {
  if (migration === undefined) return true;
  const { metadata, spec, status } = migration;
  return status.decision?.revoked !== undefined || metadata.deletionTimestamp !== undefined || spec.cancel;
}
