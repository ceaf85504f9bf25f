import { rm } from 'node:fs/promises';
import { ReasonedError } from '../../runtime/errors';
import { driverNamed } from '../chosen-driver';
import { MIGRATION_LABEL } from '../created-container';
import type { JournalEntry } from '../ports';
import { thaw } from '../source/thaw';
import type { CreatedContainer, Find, Reservation } from './finds';
import type { SweepWorld } from './look';
import type { Verdict } from './decide';
import { removeDirectories } from '../volumes/remove-directories';
import { endProcess } from './working-processes';

/** The verdicts that change something. */
export type Deed = Extract<Verdict, { do: 'Remove' | 'Thaw' | 'GivePolicyBack' }>;

/**
 * Does what was decided of a find whose object is gone. Looks again first: the find was made before the API server was
 * asked, and a step may have ended in between.
 */
export async function settle(find: Find, deed: Deed, world: SweepWorld): Promise<void> {
  switch (find.kind) {
    case 'container':
      return settleContainer(find, world);
    case 'reservation':
      return world.journal.exclusively(() => settleReservation(find, deed, world));
    case 'marker':
      return world.files.removeMarker(find.containerID);
    case 'config':
      return world.files.removeConfig(find.migrationUID);
    case 'scrap':
      return rm(find.path, { recursive: true, force: true });
    case 'volumes':
      return settleVolumes(find.migrationUID, world);
    case 'directories':
      return settleDirectories(find.migrationUID, world);
    case 'process':
      return endProcess(find, world.shelf.root, world.clock);
    case 'attempt':
      return world.shelf.remove(find.attempt);
  }
}

async function settleContainer(
  { id, migrationUID, driver: name, state }: CreatedContainer,
  { engine, ...drivers }: SweepWorld,
): Promise<void> {
  const driver = driverNamed(name, drivers);
  if (state === 'created') {
    await driver.disarm(id, migrationUID);
    const now = await engine.inspect(id);
    // Without force: one that has come to run after all is refused, and stays.
    if (now?.state === 'created') await engine.remove(id, { force: false, volumes: true });
  }
  await driver.forget(id, migrationUID);
}

/** One that somebody else's container has mounted is theirs by now; one that ours still has is for the next sweep. */
async function settleVolumes(migrationUID: string, { engine, dockerVolumes, volumeLedger }: SweepWorld): Promise<void> {
  if (!(await volumeLedger.has(migrationUID))) return;
  const label = { [MIGRATION_LABEL]: migrationUID };
  if ((await engine.list(label)).length > 0) return;
  for (const name of await dockerVolumes.list(label)) {
    if ((await dockerVolumes.usersOf(name)).length === 0) await dockerVolumes.remove(name);
  }
  await volumeLedger.forget(migrationUID);
}

/** Files that a container may have changed since are its owner's: only the note of them goes. */
async function settleDirectories(migrationUID: string, world: SweepWorld): Promise<void> {
  if ((await world.engine.list({ [MIGRATION_LABEL]: migrationUID })).length > 0) return;
  await removeDirectories(migrationUID, world, ({ files }) => files !== 'all');
}

async function settleReservation({ containerID, entry }: Reservation, deed: Deed, world: SweepWorld): Promise<void> {
  const { engine, driver, journal } = world;
  if (!isSame(await journal.read(containerID), entry)) return;
  const addresses = await takeAddressesBack(entry, world);
  if (deed.do === 'Thaw') await wakeUp(containerID, entry, world);
  if (deed.do === 'GivePolicyBack') {
    const container = await engine.inspect(containerID);
    // Somebody has unpaused it: the stop that the dump left in its processes is taken back.
    if (container?.state === 'running' && entry.freezeStartedAt !== undefined) await driver.letRun(container);
    const { restartPolicy: noted } = entry;
    // Another policy than none is one that its owner has set since.
    if (container?.restartPolicy.name === 'no' && noted !== undefined && noted.name !== 'no') {
      await engine.setRestartPolicy(containerID, noted);
    }
  }
  // It runs all the same; the hook is asked again by the next sweep.
  if (addresses !== undefined) throw addresses;
  await journal.release(containerID);
}

/**
 * The addresses that the node was about to give up, unless a target may have them by now.
 * @returns what the hook failed of
 */
async function takeAddressesBack(
  { addressesGivenUp, reportedAt }: JournalEntry,
  { moveHooks }: SweepWorld,
): Promise<ReasonedError | undefined> {
  if (addressesGivenUp === undefined || reportedAt !== undefined) return undefined;
  try {
    await moveHooks.run(addressesGivenUp.moveHook, addressesGivenUp.request);
    return undefined;
  } catch (error) {
    if (error instanceof ReasonedError) return error;
    throw error;
  }
}

async function wakeUp(containerID: string, { restartPolicy }: JournalEntry, world: SweepWorld): Promise<void> {
  const container = await world.engine.inspect(containerID);
  if (container === undefined) return;
  await thaw(container, restartPolicy === undefined ? {} : { restartPolicy }, world);
  const now = await world.engine.inspect(containerID);
  if (now?.state === 'paused') {
    throw new ReasonedError('OriginalNotAwake', `container ${container.name} is paused still after unpause`);
  }
}

const isSame = (now: JournalEntry | undefined, then: JournalEntry): boolean =>
  JSON.stringify(now) === JSON.stringify(then);
