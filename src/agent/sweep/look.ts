import { lstat } from 'node:fs/promises';
import type { DriverFiles, DriverLeftovers } from '../../driver/runc/leftovers';
import type { Logger } from '../../runtime/log';
import { MIGRATION_LABEL, wasCreatedFor } from '../created-container';
import type { FileJournal } from '../journal';
import type { AgentDeps } from '../ports';
import type { AttemptShelf } from './attempt-shelf';
import type { CreatedContainer, Find, Reservation } from './finds';
import { findWorkingProcesses } from './working-processes';

/** What a sweep looks through and acts on. */
export interface SweepWorld extends Pick<
  AgentDeps,
  | 'engine'
  | 'driver'
  | 'dockerDriver'
  | 'clock'
  | 'dockerVolumes'
  | 'volumeLedger'
  | 'mountFiles'
  | 'hostDirectories'
  | 'directoryNotes'
  | 'moveHooks'
> {
  readonly journal: Pick<FileJournal, 'list' | 'read' | 'exclusively' | 'release'>;
  readonly files: DriverLeftovers;
  readonly shelf: AttemptShelf;
}

/** A UID as Kubernetes makes them: whoever wrote the label may have written anything. */
const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Everything that this node has of migrations, present ones as well. A place that cannot be looked at does not keep the
 * others from it.
 * @returns `complete` false when some place could not be looked at
 */
export async function look(world: SweepWorld, log: Logger): Promise<{ finds: readonly Find[]; complete: boolean }> {
  const finds: Find[] = [];
  let complete = true;
  const tryTo = async (place: string, find: () => Promise<readonly Find[]>): Promise<void> => {
    try {
      finds.push(...(await find()));
    } catch (error) {
      complete = false;
      log.warn('cannot look for leftovers', { place, error });
    }
  };
  await tryTo('journal', () => findReservations(world, log));
  await tryTo('docker', async () => findContainers(world, await world.files.find()));
  // After the containers that have them mounted.
  await tryTo('volumes', async () =>
    (await world.volumeLedger.list()).map((migrationUID) => ({ kind: 'volumes', migrationUID })),
  );
  await tryTo('directories', async () =>
    (await world.directoryNotes.list()).map((migrationUID) => ({ kind: 'directories', migrationUID })),
  );
  // After the journal: a dump that is found there is ended in an orderly way, with its container.
  await tryTo('processes', () => Promise.resolve(findWorkingProcesses(world.shelf.root)));
  await tryTo('volume', async () => (await world.shelf.find()).map((attempt) => ({ kind: 'attempt', attempt })));
  return { finds, complete };
}

async function findReservations({ journal, engine, clock }: SweepWorld, log: Logger): Promise<Find[]> {
  const finds: Find[] = [];
  const { containerIDs, others } = await journal.list();
  for (const containerID of containerIDs) {
    const entry = await journal.read(containerID).catch((error: unknown) => {
      // One that cannot be read must not hide the others.
      log.error('an entry of the journal cannot be judged', { containerID, error });
      return undefined;
    });
    if (entry === undefined) continue;
    const container = (await engine.inspect(containerID))?.state ?? 'gone';
    finds.push({ kind: 'reservation', containerID, entry, container } satisfies Reservation);
  }
  for (const path of others) {
    const changedAtMs = await lstat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (changedAtMs !== undefined) finds.push({ kind: 'scrap', path, ageMs: clock.now() - changedAtMs });
  }
  return finds;
}

async function findContainers({ engine, driver, dockerDriver }: SweepWorld, files: DriverFiles): Promise<Find[]> {
  const finds: Find[] = [
    ...files.configs.map((config) => ({ kind: 'config', ...config }) as const),
    ...files.scraps.map((scrap) => ({ kind: 'scrap', ...scrap }) as const),
  ];
  const present = await engine.list();
  // Listed after the markers: whose container is not among them by now will never have one.
  const known = new Set(present.map(({ id }) => id));
  for (const { containerID } of files.markers) {
    if (!known.has(containerID)) finds.push({ kind: 'marker', containerID });
  }
  for (const { id, labels } of present) {
    const migrationUID = labels[MIGRATION_LABEL];
    if (migrationUID === undefined || !UID.test(migrationUID)) continue;
    const container = await engine.inspect(id);
    if (container === undefined) continue;
    const by = [driver, dockerDriver].find((one) => wasCreatedFor(migrationUID, container, one));
    if (by === undefined) continue;
    const marker = files.markers.find(({ containerID }) => containerID === id);
    finds.push({
      kind: 'container',
      id,
      name: container.name,
      migrationUID,
      driver: by.name,
      state: container.state,
      wake: marker?.wake ?? 'none',
      markerAgeMs: marker?.ageMs,
    } satisfies CreatedContainer);
  }
  return finds;
}
