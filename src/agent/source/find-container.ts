import type { ContainerEngine, ContainerInfo, ContainerSummary } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';

/**
 * The container that `spec.source.container` means: an exact name, an exact ID, or the beginning of exactly one ID.
 * Docker's own look-up guesses where a name is also the beginning of an ID, so it is done here.
 *
 * @throws ReasonedError ContainerNotFound, ContainerAmbiguous
 */
export async function findContainer(engine: ContainerEngine, reference: string, node: string): Promise<ContainerInfo> {
  const id = resolve(await engine.list(), reference, node).id;
  const info = await engine.inspect(id);
  if (info === undefined) throw notFound(reference, node);
  return info;
}

/** Pure part of findContainer. */
export function resolve(containers: readonly ContainerSummary[], reference: string, node: string): ContainerSummary {
  const exact = containers.find(({ id, names }) => id === reference || names.includes(reference));
  if (exact !== undefined) return exact;
  const [first, ...others] = containers.filter(({ id }) => id.startsWith(reference));
  if (first === undefined) throw notFound(reference, node);
  if (others.length > 0) {
    const candidates = [first, ...others].map(({ id, names }) => `${id.slice(0, 12)} (${names.join(', ')})`);
    throw new ReasonedError(
      'ContainerAmbiguous',
      `${reference} is the beginning of ${candidates.length} container IDs on ${node}: ${candidates.join(', ')}; write more of the ID, or the name`,
    );
  }
  return first;
}

function notFound(reference: string, node: string): ReasonedError {
  return new ReasonedError(
    'ContainerNotFound',
    `there is no container ${reference} on ${node}; \`docker ps\` on that node lists those that run`,
  );
}
