import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import type { FileDigest } from '../store/digest';
import { followPages } from '../store/follow-pages';
import { IMAGES } from '../store/layout';

/** Of more dumps than this at once, the oldest are read once more: what was given up is never asked for again. */
const KEPT = 32;

/** The digests of what dumps of this agent's have written, by the directory of the checkpoint. A life that ends loses them. */
export class PageFollowers {
  readonly #followers = new Map<string, Promise<ReadonlyMap<string, FileDigest>>>();

  constructor(private readonly clock: Clock) {}

  /**
   * Does a dump into the directory of a checkpoint, and follows it. The digests of a dump that failed are forgotten. A
   * volume that does not answer keeps nobody waiting here, but whoever asks for the digests.
   */
  async during<T>(directory: string, dump: () => Promise<T>): Promise<T> {
    const done = new AbortController();
    const digests = followPages(join(directory, IMAGES), done.signal, this.clock).catch(
      // What could not be followed is read later, and said then.
      () => new Map<string, FileDigest>(),
    );
    try {
      const result = await dump();
      this.#followers.set(directory, digests);
      for (const oldest of [...this.#followers.keys()].slice(0, -KEPT)) this.#followers.delete(oldest);
      return result;
    } catch (error) {
      this.forget(directory);
      throw error;
    } finally {
      done.abort();
    }
  }

  /** By their paths below the checkpoint's directory; none when nobody has followed its dump. */
  async digests(directory: string): Promise<ReadonlyMap<string, FileDigest>> {
    const found = (await this.#followers.get(directory)) ?? new Map<string, FileDigest>();
    return new Map([...found].map(([name, digest]) => [join(IMAGES, name), digest]));
  }

  /** The checkpoint is complete, or begun anew. */
  forget(directory: string): void {
    this.#followers.delete(directory);
  }
}
