import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReasonedError } from '../../runtime/errors';
import { hasCode } from '../system-error';
import { ConfigLock } from './config-lock';

/** What runc hands on to CRIU for every container that names no configuration of its own. */
export const NODE_CRIU_CONFIG = '/etc/criu/runc.conf';

/** Files of the node, as `NodeFiles` of the agent has them. */
export interface ConfigFiles {
  look(path: string): Promise<{ readonly kind: string; readonly realPath: string; readonly text: string | undefined }>;
  writeBeside(path: string, text: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** What is noted while the configuration is ours: how it was, and how to know ours. */
interface Note {
  readonly path: string;
  /** Null when there was no such file. */
  readonly former: string | null;
  readonly ours: string;
}

/**
 * The node's configuration of CRIU, which is another one for a moment. What it was is noted on a tmpfs before: whoever
 * comes next after a crash puts it back. What somebody else has written meanwhile is left alone.
 */
export class ConfigSwap {
  readonly lock = new ConfigLock();
  readonly #files: ConfigFiles;
  readonly #note: string;
  readonly #path: string;

  /** @param runDirectory /run/transship, which a reboot clears: a crash of the node leaves our configuration behind */
  constructor(files: ConfigFiles, runDirectory: string, path = NODE_CRIU_CONFIG) {
    this.#files = files;
    this.#note = join(runDirectory, 'criu-swap.json');
    this.#path = path;
  }

  /** Why the file cannot be swapped; undefined when it can. Changes nothing. */
  async problem(): Promise<string | undefined> {
    const { kind } = await this.#files.look(this.#path);
    return kind === 'regular' || kind === 'missing' ? undefined : `${this.#path} is no regular file`;
  }

  /**
   * Runs the work while CRIU is configured so, alone.
   * @param work may give the configuration back before its end, as soon as it has been read
   * @throws ReasonedError CriuConfigUnusable, NodeFileFailed, or what the work throws
   */
  during<T>(config: string, work: (giveBack: () => Promise<void>) => Promise<T>): Promise<T> {
    return this.lock.alone(async () => {
      await this.#putBack();
      await this.#swap(config);
      let given: Promise<void> | undefined;
      const giveBack = (): Promise<void> => (given ??= this.#putBack());
      let result: T;
      try {
        result = await work(giveBack);
      } catch (error) {
        // What it failed of counts; what is left is put back by the next one or by the sweep.
        await giveBack().catch(() => undefined);
        throw error;
      }
      await giveBack().catch(() => undefined);
      return result;
    });
  }

  /** Puts back what an earlier life of the agent has left swapped. Idempotent. */
  recover(): Promise<void> {
    return this.lock.alone(() => this.#putBack());
  }

  async #swap(ours: string): Promise<void> {
    const { kind, realPath, text } = await this.#files.look(this.#path);
    if (kind !== 'regular' && kind !== 'missing') {
      throw new ReasonedError('CriuConfigUnusable', `${this.#path} is no regular file: remove it`);
    }
    const note: Note = { path: realPath, former: text ?? null, ours };
    await mkdir(dirname(this.#note), { recursive: true, mode: 0o700 });
    await writeFile(`${this.#note}.new`, JSON.stringify(note), { mode: 0o600 });
    await rename(`${this.#note}.new`, this.#note);
    await this.#files.rename(await this.#files.writeBeside(realPath, ours), realPath);
  }

  async #putBack(): Promise<void> {
    const note = await this.#read();
    if (note === undefined) return;
    const { path, former, ours } = note;
    const { text } = await this.#files.look(path);
    if (text === ours) {
      if (former === null) await this.#files.remove(path);
      else await this.#files.rename(await this.#files.writeBeside(path, former), path);
    }
    await rm(this.#note, { force: true });
  }

  async #read(): Promise<Note | undefined> {
    try {
      // Ours, and there as a whole or not at all.
      return JSON.parse(await readFile(this.#note, 'utf8')) as Note;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }
}
