import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, ReasonedError } from '../runtime/errors';

/**
 * What the source agent notes on its node about a container that it is about to freeze: the reservation (one migration
 * at a time), and the times that must survive the agent's death. Lies on a tmpfs: after a reboot the paused container
 * is gone as well.
 */
export interface JournalEntry {
  readonly migrationUID: string;
  readonly migration: string;
  readonly freezeStartedAt?: string;
  readonly frozenAt?: string;
  readonly dumpedAt?: string;
  readonly publishedAt?: string;
}

/** The journal of one node, a file per container. */
export class Journal {
  readonly #directory: string;

  constructor(runDirectory: string) {
    this.#directory = join(runDirectory, 'source');
  }

  async read(containerID: string): Promise<JournalEntry | undefined> {
    try {
      return parseEntry(await readFile(this.#path(containerID), 'utf8'));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /**
   * Reserves the container for a migration; to reserve it again for the same one is well.
   * @throws ReasonedError MigrationInProgress when another migration has it
   */
  async reserve(containerID: string, entry: JournalEntry): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const temporary = `${this.#path(containerID)}.${randomUUID()}`;
    await writeFile(temporary, JSON.stringify(entry), { mode: 0o600 });
    try {
      // A link appears at once and complete, and only where there is none: of two migrations exactly one gets it.
      await link(temporary, this.#path(containerID));
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      const holder = await this.read(containerID);
      if (holder?.migrationUID === entry.migrationUID) return;
      throw inProgress(holder?.migration ?? 'another migration');
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Adds to the entry of a reserved container. */
  async note(containerID: string, more: Partial<JournalEntry>): Promise<JournalEntry> {
    const entry = await this.read(containerID);
    if (entry === undefined)
      throw new ReasonedError('JournalLost', `the node's journal has no entry for container ${containerID}`);
    const next = { ...entry, ...more };
    const temporary = `${this.#path(containerID)}.new`;
    await writeFile(temporary, JSON.stringify(next), { mode: 0o600 });
    await rename(temporary, this.#path(containerID));
    return next;
  }

  async release(containerID: string): Promise<void> {
    await rm(this.#path(containerID), { force: true });
  }

  #path(containerID: string): string {
    if (!/^[0-9a-f]{64}$/.test(containerID))
      throw new ReasonedError('ContainerIDInvalid', `not a container ID: ${containerID}`);
    return join(this.#directory, `${containerID}.json`);
  }
}

/** The refusal of a container that another migration is moving. */
export function inProgress(holder: string): ReasonedError {
  return new ReasonedError(
    'MigrationInProgress',
    `the container is being moved by ${holder} already; wait for its end or delete it`,
  );
}

function parseEntry(text: string): JournalEntry {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('migrationUID' in value) || !('migration' in value)) {
    throw new ReasonedError(
      'JournalCorrupt',
      "an entry of the node's journal cannot be read; see <run directory>/source",
    );
  }
  return value as JournalEntry;
}
