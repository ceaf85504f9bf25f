import type { ContainerMigration } from '../../api/types';
import type { Clock } from '../../runtime/clock';
import type { Reconcile } from '../../runtime/controller-loop';
import type { Logger } from '../../runtime/log';
import { Recording, recorded } from '../../runtime/trace';
import type { TraceRole } from '../../trace/format';
import { checkpointOf } from '../checkpoint-key';
import type { TraceShelf } from './shelf';
import { isInWindow, nodeOf, traceOf } from './window';

/** Of more migrations at once than this, the oldest recording is given up. */
const KEPT = 32;

export interface TraceKeeperOptions {
  readonly node: string;
  readonly shelf: TraceShelf;
  /** The object as the watch last told it. */
  readonly cached: (key: string) => ContainerMigration | undefined;
  readonly clock: Clock;
}

/**
 * Records what an agent does from the controller's word to freeze until the container runs on the target, and keeps it
 * on the volume afterwards: nothing is written for it while the container stands still. A trace is a figure: one that
 * cannot be kept is not worth a failure, and an agent that was started again keeps what it has done since.
 */
export class TraceKeeper {
  readonly #options: TraceKeeperOptions;
  readonly #recordings = new Map<string, Recording>();

  constructor(options: TraceKeeperOptions) {
    this.#options = options;
  }

  /** The same reconcile, recorded where it belongs to the window. */
  during(role: TraceRole, reconcile: Reconcile): Reconcile {
    const { node, cached } = this.#options;
    return async (key, context) => {
      const migration = cached(key);
      if (migration === undefined || nodeOf(migration, role) !== node) return reconcile(key, context);
      const id = `${migration.metadata.uid}/${role}`;
      if (!isInWindow(migration)) {
        const result = await reconcile(key, context);
        await this.#keep(id, role, cached(key) ?? migration, context.log);
        return result;
      }
      const recording = this.#recordings.get(id) ?? new Recording(this.#options.clock);
      try {
        return await recorded(recording, () => reconcile(key, context));
      } finally {
        if (recording.length > 0) await this.#hold(id, role, migration, recording);
      }
    };
  }

  async #hold(id: string, role: TraceRole, migration: ContainerMigration, recording: Recording): Promise<void> {
    this.#recordings.set(id, recording);
    for (const oldest of [...this.#recordings.keys()].slice(0, -KEPT)) this.#recordings.delete(oldest);
    // What CRIU says of it goes with the checkpoint, which may be removed at the end.
    if (role === 'source') await addDumpParts(migration, recording, this.#options.shelf);
  }

  async #keep(id: string, role: TraceRole, migration: ContainerMigration, log: Logger): Promise<void> {
    const recording = this.#recordings.get(id);
    if (recording === undefined) return;
    this.#recordings.delete(id);
    const { shelf, node } = this.#options;
    try {
      await shelf.save(checkpointOf(migration), traceOf(migration, role, node, recording));
    } catch (error) {
      log.info('the trace of the freeze window could not be kept', { error });
    }
  }
}

async function addDumpParts(migration: ContainerMigration, recording: Recording, shelf: TraceShelf): Promise<void> {
  const spans = recording.spans();
  const dump = spans.findLastIndex(({ name }) => name === 'runc checkpoint');
  const isKnown = spans.some(({ within }) => within === dump);
  const offsetMs = (migration.status.source?.clock?.offsetMicroseconds ?? NaN) / 1000;
  if (dump === -1 || isKnown || Number.isNaN(offsetMs)) return;
  for (const { name, startMs, durationMs } of await shelf.dumpParts(checkpointOf(migration))) {
    recording.add(name, startMs + offsetMs, durationMs, dump);
  }
}
