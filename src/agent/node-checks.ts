import type { Check } from '../api/types';
import type { NodeAccess } from './ports';

/** What the shared volume says it is; undefined when it cannot be read, which the probe reports. */
export async function volumeIDOf(node: NodeAccess, checks: readonly Check[]): Promise<string | undefined> {
  return checks.some(({ reason }) => reason.startsWith('Volume')) ? undefined : node.volumeID();
}

/** What both ends need of their node: a CRIU that works on this kernel, and the shared volume. */
export async function probeNode(node: NodeAccess): Promise<Check[]> {
  const results = await Promise.all([node.probeCriu(), node.probeVolume()]);
  return results.flatMap((result) =>
    result.ok ? [] : [{ reason: result.reason, message: result.message, blocking: true }],
  );
}
