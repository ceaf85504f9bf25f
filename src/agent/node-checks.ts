import type { Check } from '../api/types';
import { describeError, ReasonedError } from '../runtime/errors';
import type { NodeAccess } from './ports';
import { isTransient } from './transient';

/** What the shared volume says it is; undefined when it cannot be read, which the probe reports. */
export async function volumeIDOf(node: NodeAccess, checks: readonly Check[]): Promise<string | undefined> {
  return checks.some(({ reason }) => reason.startsWith('Volume')) ? undefined : node.volumeID();
}

/** A volume with one of these will be well again without anybody doing anything; the others are for a person to mend. */
const HICCUPS = ['VolumeHung', 'VolumeStale', 'VolumeIOError'];

/**
 * What both ends need of their node: a CRIU that works on this kernel, and the shared volume.
 * @throws ReasonedError for what may pass: the look is tried again
 */
export async function probeNode(node: NodeAccess): Promise<Check[]> {
  const results = await Promise.all([node.probeCriu(), node.probeVolume()]);
  return results.flatMap((result) => {
    if (result.ok) return [];
    if (HICCUPS.includes(result.reason)) throw new ReasonedError(result.reason, result.message);
    return [blocking(result.reason, result.message)];
  });
}

/** Something that must be mended before the container can move. */
export function blocking(reason: string, message: string): Check {
  return { reason, message, blocking: true };
}

/**
 * A named failure of a look is a refusal with its name. What may pass by itself is thrown, for the look to be tried
 * again; and so is an error of ours.
 */
export function refusal(error: unknown): Check {
  if (!(error instanceof ReasonedError) || isTransient(error)) throw error;
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
