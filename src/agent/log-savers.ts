import { join } from 'node:path';
import type { FileDigest } from '../store/digest';
import { LOGS } from '../store/layout';
import { LogSaver } from '../store/save-logs';

/** Of more checkpoints than this at once, the oldest begins anew: what was given up is never asked for again. */
const KEPT = 32;

/** How far the logs of checkpoints that are being made have been copied, by the directory of the checkpoint. */
export class LogSavers {
  readonly #savers = new Map<string, LogSaver>();

  /** The one of this checkpoint; a new one when there is none. */
  of(directory: string): LogSaver {
    const saver = this.#savers.get(directory) ?? new LogSaver();
    this.#savers.set(directory, saver);
    for (const oldest of [...this.#savers.keys()].slice(0, -KEPT)) this.#savers.delete(oldest);
    return saver;
  }

  /** Digests of the log files that were copied, by their paths below the checkpoint's directory. */
  digests(directory: string): ReadonlyMap<string, FileDigest> {
    const found = this.#savers.get(directory)?.digests() ?? new Map<string, FileDigest>();
    return new Map([...found].map(([name, digest]) => [join(LOGS, name), digest]));
  }

  /** The checkpoint is complete. */
  forget(directory: string): void {
    this.#savers.delete(directory);
  }
}
