import type { ContainerMigration, KeptConnections } from '../../api/types';
import type { HookAction, HookRequest } from './port';

/** What the hook on a node is told. Pure. */
export function requestOf(
  { metadata, spec, status }: ContainerMigration,
  action: HookAction,
  node: string,
  connections: KeptConnections | undefined = status.source?.keptConnections,
): HookRequest {
  const isSource = node === spec.source.nodeName;
  const { namespace, name, uid } = metadata;
  return {
    version: 1,
    action,
    migration: { namespace, name, uid },
    attempt: status.decision?.attempt ?? 1,
    role: isSource ? 'source' : 'target',
    node,
    peerNode: isSource ? spec.target.nodeName : spec.source.nodeName,
    container: status.source?.containerName ?? spec.source.container,
    addresses: spec.network?.addresses ?? [],
    ...(connections === undefined ? {} : { connections }),
  };
}
