import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { sleptThrough } from '../runtime/deadline';
import { DIGEST_BYTES, PIECE_BYTES, formFor, takePieces } from './digest-form';
import type { DigestWorkers } from './digest-workers';
import { digestWorkers } from './digest-workers';
import { IMAGES } from './layout';
import { isPageImage } from './page-images';
import { withOwnFile } from './regular-file';

/** How often is looked what has been written since. */
const LOOK_MS = 20;
/** What is under way when the dump ends is given up: at most 32 MiB, 20 ms of work. */
const PIECES_AT_ONCE = 8;

/** The digests of a file's first pieces, one after the other. */
export interface PiecesAhead {
  /** Of the file: another one by its name has other contents. */
  readonly inode: number;
  readonly digests: Uint8Array;
}

export interface FollowOptions {
  readonly clock: Clock;
  /** Aborted when nothing more will be written. */
  readonly signal: AbortSignal;
  readonly workers?: DigestWorkers;
}

/**
 * Takes the digests of CRIU's page images while CRIU writes them: it keeps one CPU busy, and only ever adds to them. That
 * is not taken on trust: should it change what it has written, the target finds that the digest is another one.
 */
export class PagesAhead {
  readonly #files = new Map<string, PiecesAhead>();

  /** By the paths of the files below the checkpoint's directory. */
  get pieces(): ReadonlyMap<string, PiecesAhead> {
    return this.#files;
  }

  /**
   * Until the signal is aborted. What is there then is a beginning; whoever needs all takes the rest.
   * @param directory of the checkpoint
   * @throws ReasonedError `NotARegularFile`, `DigestNotTaken`; the error of a file call
   */
  async follow(directory: string, { clock, signal, workers = digestWorkers }: FollowOptions): Promise<void> {
    this.#files.clear();
    while (await sleptThrough(clock, LOOK_MS, signal)) {
      for (const name of await readdir(join(directory, IMAGES))) {
        const path = join(IMAGES, basename(name));
        if (!isPageImage({ path })) continue;
        await withOwnFile(join(directory, path), (file, stats) => this.#goOn(path, file, stats, signal, workers));
      }
    }
  }

  async #goOn(
    path: string,
    file: FileHandle,
    stats: Stats,
    signal: AbortSignal,
    workers: DigestWorkers,
  ): Promise<void> {
    const known = this.#files.get(path);
    let digests = known?.inode === stats.ino ? known.digests : new Uint8Array();
    for (;;) {
      const { size } = await file.stat();
      const from = digests.length / DIGEST_BYTES;
      const to = Math.min(Math.floor(size / PIECE_BYTES), from + PIECES_AT_ONCE);
      // One CPU is CRIU's.
      const which = { start: from * PIECE_BYTES, end: to * PIECE_BYTES, threads: 1 };
      if (formFor(size) === 'sha256' || to <= from || signal.aborted) return;
      const more = await takePieces(file, which, { signal, workers });
      if (more === undefined) return;
      digests = Buffer.concat([digests, more]);
      this.#files.set(path, { inode: stats.ino, digests });
    }
  }
}
