import { ReasonedError } from '../runtime/errors';
import type { ListerWatcher, ListResult, Parsed, Versioned, WatchEvent, WatchOptions } from '../runtime/lister-watcher';
import { ResourceExpiredError } from '../runtime/lister-watcher';
import { errorOfStatus, isGone, isNotFound } from './errors';
import { asRecord, keyOf, metadataOf } from './object-meta';
import type { KubeTransport } from './transport';
import { APPLY_PATCH, MERGE_PATCH } from './transport';

/** One kind of object and how to read it. */
export interface ResourceType<T> {
  /** `v1` or `group/version`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** The name in paths: `configmaps`. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Checks what the server sent; throws when it is not a T. */
  parse(value: unknown): T;
}

/** Which objects to list or watch. */
export interface Selection {
  /** All namespaces when absent. */
  readonly namespace?: string;
}

export interface ApplyOptions {
  /** Who owns the fields: what this manager applied before and leaves out now is removed. */
  readonly fieldManager: string;
  /** Rejects with a conflict when the object has another version by now. */
  readonly resourceVersion?: string | undefined;
  /** Rejects with a conflict when another object lives under the name by now. */
  readonly uid?: string | undefined;
  /** Takes over fields that others own. Default true, as for every controller. */
  readonly force?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How many objects one page of a list has. */
const PAGE_SIZE = 500;

/**
 * The objects of one kind. For a kind that lives in no namespace the namespace is ''. Rejects with KubeError; with
 * ReasonedError `ObjectUnreadable` when a single object that was asked for cannot be parsed.
 */
export class ResourceClient<T> {
  readonly #transport: KubeTransport;
  readonly #type: ResourceType<T>;

  constructor(transport: KubeTransport, type: ResourceType<T>) {
    this.#transport = transport;
    this.#type = type;
  }

  async get(namespace: string, name: string, signal?: AbortSignal): Promise<T> {
    return this.#read(await this.#transport.request({ method: 'GET', path: this.#path(namespace, name), signal }));
  }

  /** As get, but undefined when there is no such object. */
  async find(namespace: string, name: string, signal?: AbortSignal): Promise<T | undefined> {
    try {
      return await this.get(namespace, name, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** All selected objects, the unreadable ones as failures, fetched page by page. */
  async list(selection: Selection = {}, signal?: AbortSignal): Promise<ListResult<T>> {
    const items: Versioned<T>[] = [];
    let page: string | undefined;
    for (;;) {
      const answer = asRecord(
        await this.#transport.request({
          method: 'GET',
          path: this.#path(selection.namespace ?? ''),
          query: { limit: PAGE_SIZE, continue: page },
          signal,
        }),
      );
      if (Array.isArray(answer['items'])) for (const item of answer['items']) items.push(this.#versioned(item));
      const { resourceVersion, continue: next } = asRecord(answer['metadata']);
      page = typeof next === 'string' && next !== '' ? next : undefined;
      if (page === undefined) return { items, resourceVersion: String(resourceVersion) };
    }
  }

  /** What an informer of the selected objects needs. */
  listerWatcher(selection: Selection = {}): ListerWatcher<T> {
    return {
      list: (signal) => expireOnGone(() => this.list(selection, signal)),
      watch: (resourceVersion, options) => this.#watch(selection, resourceVersion, options),
    };
  }

  async create(namespace: string, body: object, signal?: AbortSignal): Promise<T> {
    const typed = { apiVersion: this.#type.apiVersion, kind: this.#type.kind, ...body };
    return this.#read(
      await this.#transport.request({ method: 'POST', path: this.#path(namespace), body: typed, signal }),
    );
  }

  /** Server-side apply of the main resource: `body` has spec, labels… and need not repeat the coordinates. */
  async apply(namespace: string, name: string, body: object, options: ApplyOptions): Promise<T> {
    return this.#apply(this.#path(namespace, name), namespace, name, body, options);
  }

  /** Server-side apply of the status alone. */
  async applyStatus(namespace: string, name: string, status: object, options: ApplyOptions): Promise<T> {
    return this.#apply(`${this.#path(namespace, name)}/status`, namespace, name, { status }, options);
  }

  /** JSON merge patch of the main resource. With a resource version, rejects with a conflict when it is another. */
  async mergePatch(
    namespace: string,
    name: string,
    patch: object,
    options: { resourceVersion?: string | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    const { resourceVersion } = options;
    const metadata = { ...asRecord(asRecord(patch)['metadata']), ...(resourceVersion ? { resourceVersion } : {}) };
    return this.#read(
      await this.#transport.request({
        method: 'PATCH',
        path: this.#path(namespace, name),
        body: { ...patch, metadata },
        contentType: MERGE_PATCH,
        signal: options.signal,
      }),
    );
  }

  /** Deletes the object; one that is gone already is no error. */
  async delete(namespace: string, name: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#transport.request({ method: 'DELETE', path: this.#path(namespace, name), signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #apply(path: string, namespace: string, name: string, body: object, options: ApplyOptions): Promise<T> {
    const metadata = {
      ...asRecord(asRecord(body)['metadata']),
      name,
      ...(this.#type.namespaced ? { namespace } : {}),
      ...(options.resourceVersion === undefined ? {} : { resourceVersion: options.resourceVersion }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
    };
    return this.#read(
      await this.#transport.request({
        method: 'PATCH',
        path,
        query: { fieldManager: options.fieldManager, force: options.force ?? true },
        body: { ...body, apiVersion: this.#type.apiVersion, kind: this.#type.kind, metadata },
        contentType: APPLY_PATCH,
        signal: options.signal,
      }),
    );
  }

  async *#watch(
    selection: Selection,
    resourceVersion: string,
    { timeoutMs, signal }: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const path = this.#path(selection.namespace ?? '');
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds: Math.ceil(timeoutMs / 1_000),
    };
    try {
      for await (const line of this.#transport.stream({ method: 'GET', path, query, signal })) {
        yield this.#event(path, asRecord(line));
      }
    } catch (error) {
      throw expired(error) ?? error;
    }
  }

  #event(path: string, { type, object }: Record<string, unknown>): WatchEvent<T> {
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        return { type: 'changed', object: this.#versioned(object) };
      case 'DELETED':
        return { type: 'deleted', object: this.#versioned(object) };
      case 'BOOKMARK':
        return { type: 'bookmark', resourceVersion: metadataOf(object).resourceVersion };
      default:
        throw errorOfStatus(`watch ${path}`, object);
    }
  }

  #versioned(value: unknown): Versioned<T> {
    return { key: keyOf(value), resourceVersion: metadataOf(value).resourceVersion, parsed: this.#parse(value) };
  }

  #parse(value: unknown): Parsed<T> {
    try {
      // The items of a list carry neither.
      const { apiVersion, kind } = this.#type;
      return { ok: true, value: this.#type.parse({ apiVersion, kind, ...asRecord(value) }) };
    } catch (cause) {
      const message = `the ${this.#type.kind} ${keyOf(value)} is not what the schema promises`;
      return { ok: false, error: new ReasonedError('ObjectUnreadable', message, { cause }) };
    }
  }

  #read(value: unknown): T {
    const parsed = this.#parse(value);
    if (parsed.ok) return parsed.value;
    throw parsed.error;
  }

  #path(namespace: string, name?: string): string {
    const { apiVersion, namespaced, plural } = this.#type;
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const scope = namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
    return `${root}${scope}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
  }
}

function expired(error: unknown): ResourceExpiredError | undefined {
  return isGone(error) ? new ResourceExpiredError('the resource version is too old', { cause: error }) : undefined;
}

async function expireOnGone<R>(call: () => Promise<R>): Promise<R> {
  try {
    return await call();
  } catch (error) {
    throw expired(error) ?? error;
  }
}
