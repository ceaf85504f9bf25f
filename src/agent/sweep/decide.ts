import type { CreatedContainer, Find, Reservation } from './finds';
import type { Owner } from './owners';

/** What becomes of a find. `because` says why, for the log. */
export type Verdict =
  /** Nothing; `soon` when it may be left over in a moment. */
  | { readonly do: 'Leave'; readonly because: string; readonly soon: boolean }
  /** Its object exists: those who work for it look again. */
  | { readonly do: 'Remind'; readonly key: string }
  /** Somebody has to look at it: said once in a while. */
  | { readonly do: 'Tell'; readonly because: string }
  /** Take away what was made. */
  | { readonly do: 'Remove'; readonly because: string }
  /** Wake the original up, which the migration has frozen, with its restart policy. */
  | { readonly do: 'Thaw'; readonly because: string }
  /** Give a container its restart policy back, which was switched off for the freeze. */
  | { readonly do: 'GivePolicyBack'; readonly because: string };

export interface SweepLimits {
  /** How long a wake-up that an earlier life of the agent began may still go on in Docker, ms. */
  readonly wakeMs: number;
  /** How long a file may be there that is only there for a moment, ms. */
  readonly scrapMs: number;
  /** How long a configuration of CRIU may be in use for the dump of a container that an earlier migration woke up, ms. */
  readonly configMs: number;
  /** How long nobody must have touched an unfinished checkpoint, ms. */
  readonly attemptMs: number;
}

/**
 * What to do with something that a migration left on this node. Pure. What belongs to an object that exists is left to
 * the reconcilers, whatever it is.
 *
 * @param node name of this node
 */
export function judge(find: Find, owner: Owner, limits: SweepLimits, node: string): Verdict {
  if (owner.is === 'there') return { do: 'Remind', key: owner.key };
  if (owner.is === 'busy') return leaveForNow('this agent works on it');
  switch (find.kind) {
    case 'container':
      return judgeContainer(find, limits);
    case 'reservation':
      return judgeReservation(find);
    case 'marker':
      return remove('its container is gone');
    case 'config':
      return find.ageMs < limits.configMs ? leave('CRIU may be reading it') : remove('its migration is gone');
    case 'scrap':
      return find.ageMs < limits.scrapMs
        ? leaveForNow('it is being made or removed')
        : remove('whoever made it has ended');
    case 'volumes':
      return remove('they were made for a container of a migration that is gone, which has never run');
    case 'directories':
      return remove('the migration they were made for is gone; those that a container may have run with stay');
    case 'process':
      return remove('the migration it works for is gone');
    case 'attempt': {
      const { hasManifest, ageMs, usedByNodes } = find.attempt;
      if (hasManifest) return tell('a checkpoint whose migration is gone: perhaps the last copy');
      if (usedByNodes.some((name) => name !== node)) return leave('another node worked on it');
      return ageMs < limits.attemptMs
        ? leave('it was touched lately')
        : remove('a checkpoint that was never finished, and its migration is gone');
    }
  }
}

const leave = (because: string): Verdict => ({ do: 'Leave', because, soon: false });
const leaveForNow = (because: string): Verdict => ({ do: 'Leave', because, soon: true });
const remove = (because: string): Verdict => ({ do: 'Remove', because });
const tell = (because: string): Verdict => ({ do: 'Tell', because });

/** Only one that was never started is nobody's: anything else has run, and with it somebody's work. */
function judgeContainer({ state, wake, markerAgeMs }: CreatedContainer, { wakeMs }: SweepLimits): Verdict {
  // Docker calls it created until the start has ended; an earlier life of the agent may have asked for one.
  const mayBeStarting = wake !== 'none' && wake !== 'failed';
  if (state === 'created') {
    if (mayBeStarting && (markerAgeMs ?? 0) < wakeMs) return leaveForNow('it may be waking up');
    return remove('it was created for a migration that is gone, and never started');
  }
  if (markerAgeMs === undefined) return leave('it has run: it is its owner’s');
  return remove('its migration is gone, and with it the need for the marker of its wake-up; the container stays');
}

function judgeReservation({ entry, container }: Reservation): Verdict {
  const touched = entry.freezeStartedAt !== undefined;
  const reported = entry.reportedAt !== undefined;
  switch (container) {
    case 'gone':
      return remove('its container is gone');
    case 'running':
    case 'restarting':
      return { do: 'GivePolicyBack', because: 'its migration is gone, and its container runs' };
    case 'paused':
      if (!touched) return remove('its migration is gone, and somebody else has paused its container');
      return reported
        ? tell('its container is frozen, its migration is gone, and the target may have woken a copy up')
        : { do: 'Thaw', because: 'its migration is gone, and no target can have claimed its checkpoint' };
    case 'created':
    case 'exited':
    case 'removing':
    case 'dead':
      // With its policy Docker would start it again some day, beside a copy on the target.
      return reported
        ? remove('its migration is gone, and its container has ended')
        : { do: 'GivePolicyBack', because: 'its migration is gone, and its container has ended' };
  }
}
