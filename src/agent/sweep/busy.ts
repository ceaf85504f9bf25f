import type { Reconcile } from '../../runtime/controller-loop';

/**
 * Which objects this agent works for just now. A step may go on after its object is gone; what it works on is nobody's
 * leftover until it has ended.
 */
export class Busy {
  readonly #uidOf: (key: string) => string | undefined;
  readonly #working = new Set<{ readonly uid: string }>();

  /** @param uidOf the object that the cache has under that key, which is the one that a reconcile begins with */
  constructor(uidOf: (key: string) => string | undefined) {
    this.#uidOf = uidOf;
  }

  /** The same reconcile, which is known while it runs. */
  during(reconcile: Reconcile): Reconcile {
    return async (key, context) => {
      const work = { uid: this.#uidOf(key) ?? '' };
      this.#working.add(work);
      try {
        return await reconcile(key, context);
      } finally {
        this.#working.delete(work);
      }
    };
  }

  /** The UIDs of the objects. */
  uids(): readonly string[] {
    return [...this.#working].map(({ uid }) => uid);
  }
}
