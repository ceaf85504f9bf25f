import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import { isNotFound } from './errors';
import { asRecord } from './object-meta';
import type { ResourceType } from './resource-client';
import { ResourceClient } from './resource-client';
import type { KubeTransport } from './transport';

/** The object an Event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventToRecord {
  readonly regarding: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, as the reasons of conditions. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorderOptions {
  transport: KubeTransport;
  clock: Clock;
  log: Logger;
  /** Shown as the source of the Event. */
  component: string;
  /** The node the component runs on, where there is one. */
  host?: string;
}

/** Beyond this many the oldest wait is over: Events are a courtesy and must not fill the memory. */
const MAX_QUEUED = 200;
/** How long the same Event is counted up instead of made anew. */
const AGGREGATION_MS = 10 * 60_000;
/** How many Events are remembered for counting up. */
const MAX_REMEMBERED = 1_000;
/** The API server refuses longer messages. */
const MAX_MESSAGE_CHARACTERS = 1_000;

const EVENTS: ResourceType<Record<string, unknown>> = {
  apiVersion: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  parse: asRecord,
};

interface Written {
  name: string;
  count: number;
  firstMs: number;
}

/**
 * Writes core/v1 Events in the background. `record` never throws and never waits; what cannot be written is logged.
 * The same reason and message on the same object within ten minutes counts up one Event, as `kubectl describe` shows.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #events: ResourceClient<Record<string, unknown>>;
  readonly #queue: EventToRecord[] = [];
  readonly #written = new Map<string, Written>();
  #worker: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#events = new ResourceClient(options.transport, EVENTS);
  }

  record(event: EventToRecord): void {
    if (this.#queue.length >= MAX_QUEUED) {
      const dropped = this.#queue.shift();
      this.#options.log.warn('too many events wait, dropping the oldest', { reason: dropped?.reason });
    }
    this.#queue.push(event);
    this.#worker ??= this.#writeAll();
  }

  /** Resolves when everything recorded so far is written or given up. */
  async flush(): Promise<void> {
    await this.#worker;
  }

  async #writeAll(): Promise<void> {
    // The caller's own work goes first.
    await Promise.resolve();
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      try {
        await this.#write(event);
      } catch (error) {
        this.#options.log.warn('event not written', { error, reason: event.reason, regarding: event.regarding });
      }
    }
    this.#worker = undefined;
  }

  async #write(event: EventToRecord): Promise<void> {
    const { namespace, uid, name } = event.regarding;
    const nowMs = this.#options.clock.now();
    const identity = JSON.stringify([namespace, name, uid, event.type, event.reason, event.message]);
    const written = this.#written.get(identity);
    if (written !== undefined && nowMs - written.firstMs < AGGREGATION_MS) {
      if (await this.#countUp(event, written, nowMs)) return;
    }
    const made = { name: `${name}.${nowMs.toString(16)}${randomSuffix()}`, count: 1, firstMs: nowMs };
    await this.#events.create(eventNamespace(event), this.#body(event, made));
    this.#remember(identity, made);
  }

  /** False when the Event has expired on the server meanwhile. */
  async #countUp(event: EventToRecord, written: Written, nowMs: number): Promise<boolean> {
    const count = written.count + 1;
    try {
      const patch = { count, lastTimestamp: formatTime(nowMs) };
      await this.#events.mergePatch(eventNamespace(event), written.name, patch);
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    written.count = count;
    return true;
  }

  #remember(identity: string, made: Written): void {
    this.#written.delete(identity);
    this.#written.set(identity, made);
    const oldest = this.#written.keys().next();
    if (this.#written.size > MAX_REMEMBERED && oldest.done !== true) this.#written.delete(oldest.value);
  }

  #body({ regarding, type, reason, message }: EventToRecord, made: Written): object {
    const { component, host } = this.#options;
    const { namespace, ...rest } = regarding;
    const time = formatTime(made.firstMs);
    return {
      metadata: { name: made.name },
      involvedObject: namespace === '' ? rest : regarding,
      type,
      reason,
      message: message.slice(0, MAX_MESSAGE_CHARACTERS),
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
  }
}

/** Events on objects that live in no namespace are kept in `default`. */
function eventNamespace({ regarding }: EventToRecord): string {
  return regarding.namespace === '' ? 'default' : regarding.namespace;
}

/** Two recorders may write about one object in the same millisecond. */
function randomSuffix(): string {
  return Math.floor(Math.random() * 0x1_0000)
    .toString(16)
    .padStart(4, '0');
}

/** A metav1.Time has whole seconds. */
function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
