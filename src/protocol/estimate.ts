import type { Estimate, Status } from '../api/types';

/** What both agents predicted, in one place; nothing as long as the source has not looked. */
export function estimateOf({ source, target }: Status): { estimate?: Estimate } {
  if (source?.estimate === undefined) return {};
  const { checkpointBytes, size } = source.estimate;
  const downtime = target?.estimate?.downtime;
  return { estimate: { checkpointBytes, size, ...(downtime === undefined ? {} : { downtime }) } };
}
