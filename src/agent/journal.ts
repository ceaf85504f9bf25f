import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, ReasonedError } from '../runtime/errors';
import type { Journal, JournalEntry, JournalTimes } from './ports';

const ENTRY_SUFFIX = '.json';
const ENTRY_NAME = /^[0-9a-f]{64}\.json$/;

/** The journal as a directory with a file per container. */
export class FileJournal implements Journal {
  readonly #directory: string;
  #last: Promise<unknown> = Promise.resolve();

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

  /** Everything that lies in the journal's directory, for a sweep: containers with an entry, and the paths of the rest. */
  async list(): Promise<{ readonly containerIDs: readonly string[]; readonly others: readonly string[] }> {
    const names = await readdir(this.#directory).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
    const isEntry = (name: string): boolean => ENTRY_NAME.test(name);
    return {
      containerIDs: names.filter(isEntry).map((name) => name.slice(0, -ENTRY_SUFFIX.length)),
      others: names.filter((name) => !isEntry(name)).map((name) => join(this.#directory, name)),
    };
  }

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

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async note(containerID: string, migrationUID: string, times: JournalTimes): Promise<JournalEntry> {
    const entry = await this.#own(containerID, migrationUID);
    return this.#replace(containerID, { ...entry, ...times });
  }

  async begin(containerID: string, migrationUID: string, times: JournalTimes): Promise<JournalEntry> {
    const { migration, restartPolicy } = await this.#own(containerID, migrationUID);
    const kept = { migrationUID, migration, ...(restartPolicy === undefined ? {} : { restartPolicy }) };
    return this.#replace(containerID, { ...kept, ...times });
  }

  async #own(containerID: string, migrationUID: string): Promise<JournalEntry> {
    const entry = await this.read(containerID);
    if (entry === undefined)
      throw new ReasonedError('JournalLost', `the node's journal has no entry for container ${containerID}`);
    if (entry.migrationUID !== migrationUID) throw inProgress(entry.migration);
    return entry;
  }

  async #replace(containerID: string, entry: JournalEntry): Promise<JournalEntry> {
    const temporary = `${this.#path(containerID)}.new`;
    await writeFile(temporary, JSON.stringify(entry), { mode: 0o600 });
    await rename(temporary, this.#path(containerID));
    return entry;
  }

  async release(containerID: string): Promise<void> {
    await rm(this.#path(containerID), { force: true });
  }

  #path(containerID: string): string {
    if (!/^[0-9a-f]{64}$/.test(containerID))
      throw new ReasonedError('ContainerIDInvalid', `not a container ID: ${containerID}`);
    return join(this.#directory, `${containerID}${ENTRY_SUFFIX}`);
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
  const corrupt =
    'an entry of the journal below <run directory>/source cannot be read; remove it when nothing is being moved';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ReasonedError('JournalCorrupt', corrupt, { cause });
  }
  if (typeof value === 'object' && value !== null && 'migrationUID' in value && 'migration' in value) {
    return value as JournalEntry;
  }
  throw new ReasonedError('JournalCorrupt', corrupt);
}
