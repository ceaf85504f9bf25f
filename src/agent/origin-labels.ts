import type { ContainerMigration } from '../api/types';
import { keyOf } from '../api/types';
import type { Origin } from '../docker/origin';
import { ORIGIN_LABELS } from '../docker/origin';

/**
 * The labels that say where a container came from; docs/identity.md tells of each.
 *
 * @param origin what the container was before; of one that an older agent described nothing is known
 * @param nodeName the node on which it is created: on the source again, it has not moved
 */
export function originLabels(
  { metadata, spec, status: { source } }: ContainerMigration,
  origin: Origin | undefined,
  { nodeName, nowMs }: { readonly nodeName: string; readonly nowMs: number },
): Readonly<Record<string, string>> {
  const { createdAt, restarts = 0, moves = 0 } = origin ?? {};
  const moved = nodeName === spec.source.nodeName ? 0 : 1;
  return {
    'transship.dev/migration': keyOf({ metadata }),
    'transship.dev/from-node': spec.source.nodeName,
    'transship.dev/from-container': source?.containerID ?? '',
    'transship.dev/moved-at': new Date(nowMs).toISOString(),
    [ORIGIN_LABELS.moves]: String(moves + moved),
    [ORIGIN_LABELS.restarts]: String(restarts),
    ...(createdAt === undefined ? {} : { [ORIGIN_LABELS.createdAt]: createdAt }),
  };
}
