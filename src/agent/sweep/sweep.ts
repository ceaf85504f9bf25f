import type { Clock } from '../../runtime/clock';
import type { Logger } from '../../runtime/log';
import type { AttemptFind, Find } from './finds';
import { settle } from './act';
import type { SweepLimits } from './decide';
import { judge } from './decide';
import type { SweepWorld } from './look';
import { look } from './look';
import type { Identity } from './owners';
import { ownerOf } from './owners';

export interface SweepOptions {
  readonly world: SweepWorld;
  /** Name of this node. */
  readonly node: string;
  readonly limits: SweepLimits;
  /** Every ContainerMigration that the API server has just now, past every cache. Rejects when it cannot be asked. */
  readonly objects: () => Promise<readonly Identity[]>;
  /** UIDs of the objects that a reconcile works for just now. */
  readonly busy: () => readonly string[];
  /** Has those look again who work for the object of that key. */
  readonly remind: (key: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a person has to do is not said more often. */
const TELL_EVERY_MS = 3_600_000;

/** Looks through the node and the volume once, and settles what belongs to no object any more. */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #toldAtMs = new Map<string, number>();

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /**
   * @returns true when everything was looked at and settled; false when something is to be looked at again soon
   */
  async run(): Promise<boolean> {
    const { world, objects, busy, remind, limits, node, log } = this.#options;
    const { finds, complete } = await look(world, log);
    if (finds.length === 0) return complete;
    // Asked after the looking: an object was there before anything was made for it.
    const existing = await objects();
    let done = complete;
    const kept: AttemptFind[] = [];
    for (const find of finds) {
      const verdict = judge(find, ownerOf(find, existing, busy()), limits, node);
      switch (verdict.do) {
        case 'Remind':
          remind(verdict.key);
          break;
        case 'Leave':
          done &&= !verdict.soon;
          log.debug('leftover left alone', { find, because: verdict.because });
          break;
        case 'Tell':
          if (find.kind === 'attempt') kept.push(find);
          else this.#tell(find, verdict.because);
          break;
        case 'Remove':
        case 'Thaw':
        case 'GivePolicyBack':
          try {
            await settle(find, verdict, world);
            log.info('leftover settled', { deed: verdict.do, because: verdict.because, find });
          } catch (error) {
            done = false;
            log.warn('leftover could not be settled, will try again', { because: verdict.because, find, error });
          }
          break;
      }
    }
    await this.#tellKept(kept);
    return done;
  }

  #tell(find: Find, because: string): void {
    if (find.kind !== 'reservation' || !this.#isDue(find.containerID)) return;
    const id = find.containerID.slice(0, 12);
    this.#options.log.error('a container stands frozen, and its migration is gone', {
      containerID: find.containerID,
      migration: find.entry.migration,
      migrationUID: find.entry.migrationUID,
      because,
      todo:
        `look whether the target node runs a copy of it (docker ps --filter label=transship.dev/migration-uid=${find.entry.migrationUID}); ` +
        `if it does, \`docker rm -f ${id}\` on this node; if it does not and never will, \`docker unpause ${id}\`: within minutes the agent lets it run on`,
    });
  }

  /** Nobody asks for them any more, and they may be large and hold secrets; but each may be the last copy. */
  async #tellKept(kept: readonly AttemptFind[]): Promise<void> {
    const { world, node, log } = this.#options;
    const ours = kept.filter(({ attempt }) => attempt.usedByNodes.includes(node));
    if (ours.length === 0 || !this.#isDue(`${ours.length} kept`)) return;
    let bytes = 0;
    for (const { attempt } of ours) bytes += await world.shelf.sizeBytes(attempt);
    log.info('checkpoints of migrations that are gone are kept on the volume', { checkpoints: ours.length, bytes });
  }

  #isDue(what: string): boolean {
    const nowMs = this.#options.clock.monotonic();
    const toldAtMs = this.#toldAtMs.get(what);
    if (toldAtMs !== undefined && nowMs - toldAtMs < TELL_EVERY_MS) return false;
    for (const [told, atMs] of this.#toldAtMs) if (nowMs - atMs >= TELL_EVERY_MS) this.#toldAtMs.delete(told);
    this.#toldAtMs.set(what, nowMs);
    return true;
  }
}
