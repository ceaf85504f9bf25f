import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/runtime/clock';
import { systemClock } from '../../src/runtime/clock';
import type { CommandRunner } from '../../src/runtime/exec';
import { createCommandRunner } from '../../src/runtime/exec';
import type { Pace } from '../../src/runtime/pace';
import { readBaseIndex, saveBase, unpackBase } from '../../src/store/base';
import type { BaseIndex } from '../../src/store/base-index';
import { applyDifference, saveDifference } from '../../src/store/difference';
import { readMembers } from '../../src/store/tar-members';
import { TreeEditor } from './tree-editor';

const ARCHIVE = 'rootfs.tar';
const META = { driver: 'runc', containerID: 'c'.repeat(64), migrationUID: 'uid', attempt: 1 };
const TOLD = { reason: 'WritableLayerNotApplied', message: 'for the test', clock: systemClock, timeoutMs: 20_000 };
const LIMITS = { timeoutMs: 20_000, signal: new AbortController().signal };
const real = createCommandRunner(systemClock);

/**
 * The node's programs, on a file system that is said to be of this type, whatever it is; nothing is written back, for
 * which all that the machine does would be waited for.
 */
export function onFileSystem(type: string): CommandRunner {
  return {
    run: (file, args, options) =>
      file === 'stat' || file === 'sync'
        ? Promise.resolve({ exitCode: 0, signal: null, stdout: `${type}\n`, stderr: '', durationMs: 1 })
        : real.run(file, args, options),
  };
}

/** A clock that is ahead: with a minute nothing counts as changed just before. */
export function ahead(ms: number): Clock {
  return Object.assign(Object.create(systemClock) as Clock, { now: () => systemClock.now() + ms });
}

/** A tree on a source, a checkpoint, and a tree on a target, each a directory of a test's own. */
export class PreCopiedTree {
  readonly source: TreeEditor;
  readonly target: TreeEditor;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    for (const name of ['source', 'target', 'checkpoint']) {
      rmSync(this.at(name), { recursive: true, force: true });
      mkdirSync(this.at(name), { mode: 0o755 });
    }
    this.source = new TreeEditor(this.at('source'));
    this.target = new TreeEditor(this.at('target'));
    // Large enough to be worth it, and takes no room.
    this.source.write('large', '');
    this.source.truncate('large', 8 * 1024 * 1024);
  }

  at(...names: string[]): string {
    return join(this.#directory, ...names);
  }

  /** As the source does it in Prepare; the digest of the base, if one was made. */
  async copy({
    clock = ahead(60_000),
    run = onFileSystem('xfs'),
    pace,
  }: { clock?: Clock; run?: CommandRunner; pace?: Pace } = {}): Promise<string | undefined> {
    const saved = await saveBase(run, this.#place(), [this.#tree('source')], META, {
      ...{ ...LIMITS, clock },
      ...(pace === undefined ? {} : { pace }),
    });
    return saved?.digest;
  }

  /** As the target does it in Prepare. */
  unpack(digest = ''): Promise<void> {
    const options = { ...LIMITS, clock: systemClock, expected: META };
    return unpackBase(real, this.#place(), digest, [this.#tree('target')], options);
  }

  index(digest = ''): Promise<BaseIndex | undefined> {
    return readBaseIndex(this.#place(), digest, ARCHIVE);
  }

  /** As the source does it in the freeze. */
  async differ(digest = ''): Promise<boolean> {
    const index = await this.index(digest);
    if (index === undefined) throw new Error('there is no index');
    const options = { ...TOLD, scratch: this.at('checkpoint') };
    return saveDifference(real, this.at('checkpoint'), this.#tree('source'), index, options);
  }

  /** As the target does it after the claim. */
  apply(): Promise<void> {
    return applyDifference(real, this.at('checkpoint'), this.#tree('target'), TOLD);
  }

  /** What the archive of the difference holds. */
  async packed(): Promise<string[]> {
    const members = await readMembers(this.at('checkpoint', ARCHIVE));
    return members.map(({ path }) => path).sort();
  }

  /** What the list of gone files holds. */
  gone(): string[] {
    return readFileSync(this.at('checkpoint', 'rootfs.gone'), 'utf8').split('\0').slice(0, -1);
  }

  #place(): { root: string; base: string } {
    return { root: this.#directory, base: this.at('checkpoint', 'base') };
  }

  #tree(name: string): { archive: string; directory: string } {
    return { archive: ARCHIVE, directory: this.at(name) };
  }
}
