import type { ContainerMigration, Progress } from '../api/types';
import { sleptThrough, untilAborted } from '../runtime/deadline';
import type { Logger } from '../runtime/log';
import { checkpointOf } from './checkpoint-key';
import type { AgentDeps, AgentRole } from './ports';

/** How often a step that takes long tells how far it is; a shorter one never does. */
const EVERY_MS = 5_000;

/** How much of it is done. */
type Amount = Pick<Progress, 'bytes' | 'files'>;

interface Activity {
  readonly doing: Progress['doing'];
  readonly measure: () => Amount | Promise<Amount>;
}

/**
 * Does a step, and meanwhile writes into the object how far it is. The report never disturbs: one that cannot be
 * measured or written is left out, none is waited for, and none can arrive after the step's own status, because each is
 * written with the resourceVersion of an object that is read just before.
 *
 * @param step is given the same effects, which tell what they are at
 */
export async function withProgress<T>(
  migration: ContainerMigration,
  role: AgentRole,
  { deps, log }: { readonly deps: AgentDeps; readonly log: Logger },
  step: (deps: AgentDeps) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  /** The one that was begun last comes last: several may go on at once. */
  const current: Activity[] = [];
  const tell = async (): Promise<void> => {
    while (await sleptThrough(deps.clock, EVERY_MS, done.signal)) {
      const told = current.at(-1);
      if (told === undefined) continue;
      const { doing, measure } = told;
      try {
        const amount = await untilAborted(Promise.resolve(measure()), done.signal);
        const progress = { doing, ...amount, at: new Date(deps.clock.now()).toISOString() };
        await untilAborted(deps.migrations.writeProgress(migration, role, progress, done.signal), done.signal);
      } catch (error) {
        if (!done.signal.aborted) log.debug('progress not reported', { error });
      }
    }
  };
  const told = tell();
  try {
    return await step(
      telling(deps, migration, (activity) => {
        current.push(activity);
        return () => current.splice(current.indexOf(activity), 1);
      }),
    );
  } finally {
    done.abort();
    await told;
  }
}

/** The effects that may take long, each of which says what it is at until it has ended. */
function telling(deps: AgentDeps, migration: ContainerMigration, begin: (activity: Activity) => () => void): AgentDeps {
  const { driver, store, images } = deps;
  const { sizeBytes: bytes = 0, files = 0 } = migration.status.source?.checkpoint ?? {};
  const written = (): Promise<Amount> => store.measure(checkpointOf(migration));
  const all = (): Amount => ({ bytes, files });
  const base = migration.status.source?.preCopied;
  const preCopied = (): Amount => ({ bytes: base?.sizeBytes ?? 0, files: base?.files ?? 0 });
  const during = async <T>(activity: Activity, work: () => Promise<T>): Promise<T> => {
    const end = begin(activity);
    try {
      return await work();
    } finally {
      end();
    }
  };
  /** Of an image: told of by whoever moves it. */
  const counting = async <T>(
    doing: Progress['doing'],
    work: (onBytes: (total: number) => void) => Promise<T>,
  ): Promise<T> => {
    let moved = 0;
    const onBytes = (total: number): void => {
      moved = total;
    };
    return during({ doing, measure: () => ({ bytes: moved, files: 1 }) }, () => work(onBytes));
  };
  const comparing = <T>(work: (onBytes: (total: number) => void) => Promise<T>): Promise<T> => {
    let verified = 0;
    const onBytes = (total: number): void => {
      verified = total;
    };
    return during({ doing: 'Verify', measure: () => ({ bytes: verified, files }) }, () => work(onBytes));
  };
  return {
    ...deps,
    images: {
      ...images,
      pull: (reference, options) => counting('PullImage', (onBytes) => images.pull(reference, { ...options, onBytes })),
    },
    driver: {
      ...driver,
      dump: (...given) => during({ doing: 'Dump', measure: written }, () => driver.dump(...given)),
      wake: (...given) => during({ doing: 'Wake', measure: all }, () => driver.wake(...given)),
    },
    store: {
      ...store,
      saveBase: (...given) => during({ doing: 'Save', measure: written }, () => store.saveBase(...given)),
      unpackBase: (...given) => during({ doing: 'Apply', measure: preCopied }, () => store.unpackBase(...given)),
      saveWritableLayer: (...given) =>
        during({ doing: 'Save', measure: written }, () => store.saveWritableLayer(...given)),
      saveLogsAhead: (...given) => during({ doing: 'Save', measure: written }, () => store.saveLogsAhead(...given)),
      saveLogs: (...given) => during({ doing: 'Save', measure: written }, () => store.saveLogs(...given)),
      saveVolume: (...given) => during({ doing: 'Save', measure: written }, () => store.saveVolume(...given)),
      fillVolume: (...given) => during({ doing: 'Apply', measure: all }, () => store.fillVolume(...given)),
      publishManifest: (...given) =>
        during({ doing: 'Publish', measure: written }, () => store.publishManifest(...given)),
      applyWritableLayer: (...given) =>
        during({ doing: 'Apply', measure: all }, () => store.applyWritableLayer(...given)),
      placeLogs: (...given) => during({ doing: 'Apply', measure: all }, () => store.placeLogs(...given)),
      saveImage: (checkpoint, content, options) =>
        counting('SaveImage', (onBytes) => store.saveImage(checkpoint, content, { ...options, onBytes })),
      withImage: (checkpoint, expected, options, use) =>
        counting('LoadImage', (onBytes) => store.withImage(checkpoint, expected, { ...options, onBytes }, use)),
      verify: (checkpoint, digest, how) =>
        comparing((onBytes) => store.verify(checkpoint, digest, { ...how, onBytes })),
      verifyPages: (checkpoint, digest) => comparing((onBytes) => store.verifyPages(checkpoint, digest, onBytes)),
    },
  };
}
