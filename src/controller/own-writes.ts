/** What is asked of an object to know its versions apart. */
interface VersionedObject {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
}

/** The newest version of an object that was written here. */
interface OwnWrite<T> {
  readonly written: T;
  /** The versions that it followed upon: a cache that has one of them has not caught up. Versions have no order. */
  readonly older: ReadonlySet<string>;
}

/**
 * What this process wrote, until its cache has it as well: after a write the watch tells of it some milliseconds later,
 * and who decides by the cache meanwhile decides the same once more, for a write that is refused.
 */
export class OwnWrites<T extends VersionedObject> {
  readonly #writes = new Map<string, OwnWrite<T>>();

  /** Notes a write that succeeded: it was decided on `before`, and the API server answered with `written`. */
  note(key: string, before: T, written: T): void {
    const { resourceVersion } = before.metadata;
    // A write that changes nothing makes no new version.
    if (written.metadata.resourceVersion === resourceVersion) return;
    const last = this.#writes.get(key);
    const older = last?.written.metadata.resourceVersion === resourceVersion ? last.older : [];
    this.#writes.set(key, { written, older: new Set([...older, resourceVersion]) });
  }

  /** The object as it was last seen: in the cache, or in the answer to a write that the cache does not have yet. */
  newest(key: string, cached: T | undefined): T | undefined {
    const own = this.#writes.get(key);
    if (own === undefined) return cached;
    const isBehind =
      cached?.metadata.uid === own.written.metadata.uid && own.older.has(cached.metadata.resourceVersion);
    if (isBehind) return own.written;
    this.#writes.delete(key);
    return cached;
  }
}
