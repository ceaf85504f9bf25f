import type { Check } from '../api/types';
import { describeError, ReasonedError } from '../runtime/errors';
import type { NodeAccess } from './ports';

/** What the shared volume says it is; undefined when it cannot be read, which the probe reports. */
export async function volumeIDOf(node: NodeAccess, checks: readonly Check[]): Promise<string | undefined> {
  return checks.some(({ reason }) => reason.startsWith('Volume')) ? undefined : node.volumeID();
}

/** What both ends need of their node: a CRIU that works on this kernel, and the shared volume. */
export async function probeNode(node: NodeAccess): Promise<Check[]> {
  const results = await Promise.all([node.probeCriu(), node.probeVolume()]);
  return results.flatMap((result) => (result.ok ? [] : [blocking(result.reason, result.message)]));
}

/** Something that must be mended before the container can move. */
export function blocking(reason: string, message: string): Check {
  return { reason, message, blocking: true };
}

/** A named failure of a look is a refusal with its name; anything else is an error of ours and is thrown. */
export function refusal(error: unknown): Check {
  if (!(error instanceof ReasonedError)) throw error;
  return blocking(error.reason, describeError(error));
}

/** What the look finds, or why it could not look. */
export async function findings(look: () => Promise<readonly Check[]>): Promise<Check[]> {
  try {
    return [...(await look())];
  } catch (error) {
    return [refusal(error)];
  }
}
