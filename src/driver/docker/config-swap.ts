import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ReasonedError } from '../../runtime/errors';
import { hasCode } from '../system-error';
import { ConfigLock } from './config-lock';

/** What runc hands on to CRIU for every container that names no configuration of its own. */
export const NODE_CRIU_CONFIG = '/etc/criu/runc.conf';

/** How ours is known, also by an agent that starts after a crash of the node. A comment, for CRIU and for people. */
const MARK = '# transship: for one dump; what was here before lies beside it, and comes back\n';

/**
 * The node's configuration of CRIU, which is another one for a moment. What was there is put aside by a rename, and comes
 * back by one, whatever crashes in between: whoever comes next does it. What somebody else has written meanwhile stays.
 */
export class ConfigSwap {
  readonly lock = new ConfigLock();
  readonly #path: string;
  readonly #aside: string;
  readonly #beside: string;
  /** This life of the agent has the file, and puts it back itself. */
  #isBusy = false;

  /** @param path as the agent sees the file of the node: an agent in a pod has another `/etc` */
  constructor(path: string) {
    const name = basename(path);
    this.#path = path;
    this.#aside = join(dirname(path), `.${name}.transship-former`);
    this.#beside = join(dirname(path), `.${name}.transship-new`);
  }

  /** Why the file cannot be swapped; undefined when it can. Changes nothing. */
  async problem(): Promise<string | undefined> {
    const kind = await kindOf(this.#path);
    return kind === 'other' ? `${NODE_CRIU_CONFIG} is no regular file` : undefined;
  }

  /**
   * Runs the work while CRIU is configured so, alone.
   * @param work may give the configuration back before its end, as soon as it has been read
   * @throws ReasonedError CriuConfigUnusable, or what the work throws
   */
  during<T>(config: string, work: (giveBack: () => Promise<void>) => Promise<T>): Promise<T> {
    return this.lock.alone(async () => {
      this.#isBusy = true;
      let given: Promise<void> | undefined;
      const giveBack = (): Promise<void> => (given ??= this.#putBack());
      try {
        await this.#putBack();
        await this.#swap(config);
        return await work(giveBack);
      } finally {
        // What the work came to counts; what is left is put back by the next one or by the sweep.
        await giveBack().catch(() => undefined);
        this.#isBusy = false;
      }
    });
  }

  /** Puts back what an earlier life of the agent has left swapped. Idempotent; keeps no dump waiting for nothing. */
  async recover(): Promise<void> {
    if (this.#isBusy || !(await this.#isLeft())) return;
    await this.lock.alone(() => this.#putBack());
  }

  /** Whether something of ours lies there. */
  async #isLeft(): Promise<boolean> {
    const [text, ...kinds] = await Promise.all([readIfThere(this.#path), kindOf(this.#aside), kindOf(this.#beside)]);
    return text?.startsWith(MARK) === true || kinds.some((kind) => kind !== 'missing');
  }

  async #swap(config: string): Promise<void> {
    const problem = await this.problem();
    if (problem !== undefined) throw new ReasonedError('CriuConfigUnusable', `${problem}: remove it`);
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o755 });
    await writeFile(this.#beside, MARK + config, { mode: 0o600 });
    await moveIfThere(this.#path, this.#aside);
    await rename(this.#beside, this.#path);
  }

  async #putBack(): Promise<void> {
    const text = await readIfThere(this.#path);
    const isOurs = text?.startsWith(MARK) === true;
    if (text === undefined || isOurs) {
      const cameBack = await moveIfThere(this.#aside, this.#path);
      if (isOurs && !cameBack) await rm(this.#path, { force: true });
    } else await rm(this.#aside, { force: true });
    await rm(this.#beside, { force: true });
  }
}

async function kindOf(path: string): Promise<'regular' | 'missing' | 'other'> {
  try {
    return (await lstat(path)).isFile() ? 'regular' : 'other';
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'missing';
    throw error;
  }
}

/** Undefined also for what is no file. */
async function readIfThere(path: string): Promise<string | undefined> {
  return (await kindOf(path)) === 'regular' ? readFile(path, 'utf8') : undefined;
}

async function moveIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
