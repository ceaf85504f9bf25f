import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../runtime/errors';
import type { VolumeLedger } from '../ports';

const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The ledger as a directory with an empty file per migration. */
export class FileVolumeLedger implements VolumeLedger {
  readonly #directory: string;

  constructor(runDirectory: string) {
    this.#directory = join(runDirectory, 'volumes');
  }

  async note(migrationUID: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFile(this.#path(migrationUID), '', { mode: 0o600 });
  }

  async has(migrationUID: string): Promise<boolean> {
    try {
      return (await stat(this.#path(migrationUID))).isFile();
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    }
  }

  async forget(migrationUID: string): Promise<void> {
    await rm(this.#path(migrationUID), { force: true });
  }

  async list(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#directory)).filter((name) => UID.test(name));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  #path(migrationUID: string): string {
    if (!UID.test(migrationUID)) throw new TypeError('not the UID of an object');
    return join(this.#directory, migrationUID);
  }
}
