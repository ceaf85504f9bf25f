import type { NodeName } from './lab-docker';
import { onNode } from './lab-node';

/** Works when it is called by hand, as the preflight does, and fails when runc calls it. */
const BROKEN_FOR_RUNC = '#!/bin/sh\n[ "$1" = swrk ] && exit 1\nexec /usr/sbin/criu.away "$@"\n';

/** Every dump and restore on this node fails meanwhile. */
export async function withBrokenCriu(node: NodeName, work: () => Promise<void>): Promise<void> {
  onNode(
    node,
    `mv /usr/sbin/criu /usr/sbin/criu.away; printf '%s' '${BROKEN_FOR_RUNC}' > /usr/sbin/criu; chmod 755 /usr/sbin/criu`,
  );
  try {
    await work();
  } finally {
    onNode(node, 'mv /usr/sbin/criu.away /usr/sbin/criu');
  }
}
