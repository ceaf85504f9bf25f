import type { ContainerMigration } from '../api/types';
import { requireAsSeen } from '../docker/as-seen';
import type { PortableDescription } from '../docker/description';
import { parseDescription, toCreateBody } from '../docker/description';
import type { ContainerInfo } from '../docker/engine';
import type { Driver } from '../driver/driver';
import { ReasonedError } from '../runtime/errors';
import { checkpointOf } from './checkpoint-key';
import { originLabels } from './origin-labels';
import type { AgentDeps } from './ports';

/** On every container that a migration created: which migration. How a restarted agent finds its own work again. */
export const MIGRATION_LABEL = 'transship.dev/migration-uid';

/**
 * The container that this migration created on this node. Anybody can set a label: it must have been created for the
 * wake-up too, and be the one that is known as soon as one is.
 *
 * @param knownID what the object's status names, when it names one
 */
export async function findCreated(
  { metadata: { uid } }: ContainerMigration,
  knownID: string | undefined,
  { engine, driver }: Pick<AgentDeps, 'engine' | 'driver'>,
): Promise<ContainerInfo | undefined> {
  const isOurs = (container: ContainerInfo | undefined): container is ContainerInfo =>
    container?.labels[MIGRATION_LABEL] === uid && wasCreatedFor(uid, container, driver);
  const known = knownID === undefined ? undefined : await engine.inspect(knownID);
  if (isOurs(known)) return known;
  // One that was created and not reported yet; or created anew, after a wake-up that failed.
  for (const { id } of await engine.list({ [MIGRATION_LABEL]: uid })) {
    const container = await engine.inspect(id);
    if (isOurs(container)) return container;
  }
  return undefined;
}

/** Whether a container has what those have that this driver is to wake up for this migration. */
export function wasCreatedFor(
  uid: string,
  container: Pick<ContainerInfo, 'runtime' | 'annotations'>,
  driver: Pick<Driver, 'createOptions'>,
): boolean {
  const { runtime, annotations } = driver.createOptions(uid);
  const has = ([name, value]: [string, string]): boolean => container.annotations[name] === value;
  return container.runtime === runtime && Object.entries(annotations).every(has);
}

/**
 * The description that the source published, which asks for nothing that the preflight did not see.
 * @throws ReasonedError DescriptionMissing, DescriptionCorrupt, DescriptionInvalid
 */
export async function readDescription(
  migration: ContainerMigration,
  { store }: Pick<AgentDeps, 'store'>,
): Promise<PortableDescription> {
  const { source } = migration.status;
  if (source?.description === undefined)
    throw new ReasonedError('DescriptionMissing', 'the source has described nothing');
  const description = parseDescription(await store.readDescription(checkpointOf(migration), source.description));
  requireAsSeen(description, source);
  return description;
}

/**
 * Creates the container from the description that the source published; not started.
 * @returns its full ID
 * @throws ReasonedError DescriptionMissing, DescriptionCorrupt, DescriptionInvalid, NameTaken, ImageMissing
 */
export async function createFromDescription(
  migration: ContainerMigration,
  name: string,
  { store, driver, engine, node, clock }: Pick<AgentDeps, 'store' | 'driver' | 'engine' | 'node' | 'clock'>,
): Promise<string> {
  const description = await readDescription(migration, { store });
  const { runtime, annotations } = driver.createOptions(migration.metadata.uid);
  const where = { nodeName: node.name, nowMs: clock.now() };
  const labels = { [MIGRATION_LABEL]: migration.metadata.uid, ...originLabels(migration, description.origin, where) };
  const image = await imageReference(description, engine);
  return engine.create(name, toCreateBody(description, { runtime, labels, annotations, image }));
}

/**
 * What Docker shall show as the container's image: the name that its owner wrote, when it means the very same image here.
 * A name may mean another one a moment later: who goes on with the container has to look (`requireImage`).
 */
async function imageReference(
  { imageName, imageID }: PortableDescription,
  engine: Pick<AgentDeps['engine'], 'findImage'>,
): Promise<string> {
  return (await engine.findImage(imageName))?.id === imageID ? imageName : imageID;
}

/**
 * Looks that a container which this migration created was made from the original's very same image.
 * @throws ReasonedError ImageDiffers
 */
export function requireImage({ status: { source } }: ContainerMigration, { name, imageID }: ContainerInfo): void {
  if (imageID === source?.imageID) return;
  throw new ReasonedError(
    'ImageDiffers',
    `container ${name} was created from the image ${imageID} instead of ${source?.imageID ?? 'none'}: the name of the image ` +
      'was given to another one at that moment; try again',
  );
}

/**
 * Removes a container that this migration created, whatever it does: from then on nothing of it runs here, and nothing
 * will. Rejects when that cannot be made sure of, and is tried again.
 *
 * @throws ReasonedError TargetNotCleaned
 */
export async function removeCreated(
  migration: ContainerMigration,
  knownID: string | undefined,
  deps: Pick<AgentDeps, 'engine' | 'driver' | 'node'>,
): Promise<void> {
  const { driver, engine, node } = deps;
  const { uid } = migration.metadata;
  const container = await findCreated(migration, knownID, deps);
  if (container !== undefined) {
    await driver.disarm(container.id, uid);
    await engine.remove(container.id, { force: true });
    if ((await findCreated(migration, container.id, deps)) !== undefined) {
      throw new ReasonedError('TargetNotCleaned', `container ${container.name} on ${node.name} could not be removed`);
    }
  }
  for (const id of new Set([container?.id, knownID])) if (id !== undefined) await driver.forget(id, uid);
}
