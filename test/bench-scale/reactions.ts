import type { ContainerMigration } from '../../src/api/types';
import { claimHolds } from '../../src/protocol/claim';
import { decideController } from '../../src/protocol/controller/decide';
import { allWell } from './play';

interface Followed {
  mark: string;
  /** Since when the controller owes a write. */
  owedSinceMs: number | undefined;
}

/**
 * How long the controller takes to answer, as a watch sees it: from the event that leaves the next write to the
 * controller (a creation, a report of an agent) to the event that carries this write. Both come over the same watch, so
 * that what the watch itself takes is in neither.
 */
export class Reactions {
  readonly #followed = new Map<string, Followed>();
  #firstWrites: number[] = [];
  #replies: number[] = [];
  #firstWriteMs: number | undefined;

  /** A version of an object, in the order of the watch. `key` is another for every object that ever was. */
  seen(key: string, migration: ContainerMigration, atMs: number): void {
    const mark = markOf(migration);
    const followed = this.#followed.get(key);
    if (followed === undefined) {
      this.#followed.set(key, { mark, owedSinceMs: isOwed(migration, atMs) ? atMs : undefined });
      return;
    }
    if (followed.mark !== mark) {
      this.#firstWriteMs ??= atMs;
      if (followed.owedSinceMs !== undefined) {
        (followed.mark === UNTOUCHED ? this.#firstWrites : this.#replies).push(atMs - followed.owedSinceMs);
      }
      followed.mark = mark;
      followed.owedSinceMs = undefined;
    }
    if (followed.owedSinceMs === undefined && isOwed(migration, atMs)) followed.owedSinceMs = atMs;
  }

  forget(key: string): void {
    this.#followed.delete(key);
  }

  /** When the controller was first seen to write since the last `take`, on the clock of `seen`. */
  get firstWriteMs(): number | undefined {
    return this.#firstWriteMs;
  }

  /** What was measured since the last call, ms each. */
  take(): { readonly firstWrites: readonly number[]; readonly replies: readonly number[] } {
    const taken = { firstWrites: this.#firstWrites, replies: this.#replies };
    this.#firstWrites = [];
    this.#replies = [];
    this.#firstWriteMs = undefined;
    return taken;
  }
}

/** Only the controller changes it. */
function markOf({ metadata, status: { phase, decision } }: ContainerMigration): string {
  return [phase, decision?.step, decision?.revoked?.at, metadata.finalizers?.length].join(' ');
}

const UNTOUCHED = [undefined, undefined, undefined, undefined].join(' ');

/** Whether the object says that it is the controller's turn. */
function isOwed(migration: ContainerMigration, nowMs: number): boolean {
  const step = decideController(migration, allWell(nowMs));
  switch (step.do) {
    // Two writes in a row: only the first is an answer.
    case 'Admit':
      return markOf(migration) === UNTOUCHED;
    case 'PickTarget':
    case 'Advance':
    case 'Refuse':
    case 'Revoke':
    case 'Finish':
      return true;
    case 'Wait':
      return claimHolds(migration) && migration.status.phase !== 'Restoring';
    case 'Rest':
    case 'LetGo':
    case 'Acknowledge':
      return false;
  }
}
