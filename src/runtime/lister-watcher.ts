/** An object as the server told it; `value` is what the parser made of it. */
export interface Versioned<T> {
  /** `namespace/name` or `name`, see object-key. */
  readonly key: string;
  /** Opaque; differs whenever the object differs. */
  readonly resourceVersion: string;
  readonly parsed: Parsed<T>;
}

/** One object that cannot be read must not hide the others, so a failed parse is a value. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error };

export interface ListResult<T> {
  readonly items: readonly Versioned<T>[];
  /** Where a watch continues from. */
  readonly resourceVersion: string;
}

export type WatchEvent<T> =
  | { readonly type: 'changed' | 'deleted'; readonly object: Versioned<T> }
  /** Nothing happened, but the watch continues from here next time. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export interface WatchOptions {
  /** The server ends the watch cleanly after this time. */
  readonly timeoutMs: number;
  /** Ends the watch at once: the iteration rejects. */
  readonly signal: AbortSignal;
}

/** Where an informer learns of the objects of one kind. */
export interface ListerWatcher<T> {
  list(signal: AbortSignal): Promise<ListResult<T>>;
  /** Ends when the server ends it; rejects with ResourceExpiredError when `resourceVersion` is too old. */
  watch(resourceVersion: string, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
}

/** The server has forgotten what happened since that resource version (HTTP 410): only a new list helps. */
export class ResourceExpiredError extends Error {
  override readonly name = 'ResourceExpiredError';
}
