import { join } from 'node:path';
import { dumpPartsOf } from '../../criu/dump-parts';
import type { CriuPart } from '../../criu/dump-parts';
import { checkpointPaths } from '../../store/layout';
import type { CheckpointKey } from '../../store/layout';
import type { TraceOwner } from '../../store/trace-files';
import { removeTraceFiles, writeTraceFile } from '../../store/trace-files';
import type { Trace } from '../../trace/format';
import { formatTrace } from '../../trace/format';
import type { VolumeAccess } from '../volume-access';

/** A figure is not waited for longer. */
const TIMEOUT_MS = 10_000;

/** Where traces are kept. Every method answers in time or rejects. */
export interface TraceShelf {
  /** In place of what this node has kept of the migration before. */
  save(checkpoint: CheckpointKey, trace: Trace): Promise<void>;
  /** What CRIU itself says of the dump that this node made, by the volume's clock; nothing when that cannot be read. */
  dumpParts(checkpoint: CheckpointKey): Promise<readonly CriuPart[]>;
  /** Removes what this node has kept of migrations that are gone. */
  tidy(isThere: (owner: TraceOwner) => boolean): Promise<void>;
}

/** The traces on the shared volume. */
export function createTraceShelf(root: string, node: string, volume: VolumeAccess): TraceShelf {
  return {
    save: (checkpoint, trace) =>
      volume.within(TIMEOUT_MS, () => writeTraceFile(root, checkpoint, { node, role: trace.role }, formatTrace(trace))),
    dumpParts: (checkpoint) =>
      volume.within(TIMEOUT_MS, () => dumpPartsOf(join(checkpointPaths(root, checkpoint).work, node))).catch(() => []),
    tidy: (isThere) => volume.within(TIMEOUT_MS, (signal) => removeTraceFiles(root, node, isThere, signal)),
  };
}
