import { createHash } from 'node:crypto';
import type { ContainerMigration, SourceStatus, Status, TargetStatus } from '../../src/api/types';
import type { NodeReport } from '../../src/api/types';
import type { SourceStep, SourceView } from '../../src/protocol/source';
import type { TargetStep, TargetView } from '../../src/protocol/target';

/** A digest as long as a real one, another for every object. */
const hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const digestOf = (text: string): string => `sha256:${hex(text)}`;

/** As long as that of a usual server. */
const FEATURES = Array.from({ length: 96 }, (_none, index) => `feature_${index}`);
const NODE: NodeReport = {
  machine: 'x86_64',
  kernel: '6.1.0-32-amd64',
  docker: '28.5.1',
  criu: '4.1.1',
  runc: '1.3.2',
  cpuFeatures: FEATURES,
};
const CHECK = {
  reason: 'ConnectionsNone',
  message: 'no connection is open; what the benchmark writes is as long as a usual remark of the preflight',
  blocking: false,
};

/** What the simulated source agent finds: always the world as the step before has left it. */
export function sourceView({ status }: ContainerMigration): SourceView {
  const published = status.source?.checkpoint !== undefined;
  return {
    original: published ? 'paused' : 'running',
    journal: status.source?.restartPolicy === undefined ? 'untouched' : published ? 'dumped' : 'reserved',
    checkpoint: published ? 'published' : 'none',
    replacement: 'none',
    outOfService: false,
  };
}

/** The same on the target. */
export const targetView = (): TargetView => ({ container: 'created', outOfService: false });

/** The status of the source after a step went well, with the fields that a real agent writes. */
export function sourceAfter(
  step: SourceStep['do'],
  { metadata, spec, status }: ContainerMigration,
  at: string,
): SourceStatus | undefined {
  const { uid, name, namespace } = metadata;
  const before: SourceStatus = status.source ?? { nodeName: spec.source.nodeName, state: 'Pending' };
  switch (step) {
    case 'Preflight':
      return {
        ...before,
        state: 'Preflighted',
        containerID: hex(uid),
        containerName: spec.source.container,
        startedAt: at,
        imageID: digestOf('image'),
        imageName: 'registry.example/looper:1',
        networks: ['bridge'],
        volumeID: hex('volume').slice(0, 32),
        checks: [CHECK],
        node: NODE,
        needs: { networks: [{ name: 'bridge', driver: 'bridge' }] },
        estimate: {
          memoryBytes: 4 << 20,
          filesBytes: 1 << 20,
          checkpointBytes: 5 << 20,
          size: '5.0MiB',
          writeBytesPerSecond: 2e8,
        },
      };
    case 'Prepare':
      return {
        ...before,
        state: 'Prepared',
        description: { digest: digestOf(uid), sizeBytes: 4_096 },
        preCopied: { digest: digestOf(`base ${uid}`), sizeBytes: 1 << 20, size: '1.0MiB', files: 12 },
        restartPolicy: { name: 'unless-stopped', maximumRetryCount: 0 },
        clock: { offsetMicroseconds: 250, errorMicroseconds: 4_000 },
      };
    case 'Freeze':
    case 'Adopt': {
      const path = `${namespace}/${name}-${uid.slice(0, 8)}/1`;
      const digest = digestOf(`checkpoint ${uid}`);
      return {
        ...before,
        state: 'Published',
        checkpoint: { path, sizeBytes: 5 << 20, size: '5.0MiB', files: 31, digest, driver: 'runc' },
        freezeStartedAt: at,
        frozenAt: at,
        dumpedAt: at,
        publishedAt: at,
      };
    }
    case 'Release':
      return { ...before, state: 'Released', releasedAt: at, lastRanAt: at };
    case 'Wake':
    case 'Undo':
      return { ...before, state: 'RolledBack' };
    case 'Wait':
    case 'Look':
    case 'Fail':
    case 'Restore':
    case 'ReportLost':
      return undefined;
  }
}

/** The status of the target after a step went well, with the fields that a real agent writes. */
export function targetAfter(
  step: TargetStep['do'],
  { metadata, spec, status }: ContainerMigration,
  at: string,
): TargetStatus | undefined {
  const before: TargetStatus = status.target ?? { nodeName: spec.target.nodeName, state: 'Pending' };
  switch (step) {
    case 'Preflight':
      return {
        ...before,
        state: 'Preflighted',
        image: 'Present',
        checks: [CHECK],
        node: NODE,
        estimate: { readBytesPerSecond: 3e8, downtime: '0.3s' },
      };
    case 'Prepare':
      return {
        ...before,
        state: 'Prepared',
        containerID: hex(`target ${metadata.uid}`),
        containerName: spec.source.container,
        clock: { offsetMicroseconds: -100, errorMicroseconds: 4_000 },
      };
    case 'Claim':
      return { ...before, state: 'Claimed', seenAt: at, verifiedAt: at, claimedAt: at };
    case 'Wake': {
      const tree = [1, 7, 8].map((pid) => ({ pid, ppid: pid === 1 ? 0 : 1, command: 'looper', threads: 1 }));
      const restore = { processes: 3, threads: 3, found: 3, criu: { restore: '0.06s', pagesRestored: 1_024 }, tree };
      return { ...before, state: 'Restored', wakeStartedAt: at, resumedAt: at, startedAt: at, restore };
    }
    case 'Settle':
      return { ...before, state: 'Settled' };
    case 'Withdraw':
      return { ...before, state: 'Withdrawn' };
    case 'Wait':
    case 'Look':
    case 'GiveBack':
    case 'Complete':
    case 'Lose':
      return undefined;
  }
}

/** The parts of a status by who writes them. */
export function partsOf({ source, target, ...controller }: Status): {
  readonly controller: Omit<Status, 'source' | 'target'>;
  readonly source: SourceStatus | undefined;
  readonly target: TargetStatus | undefined;
} {
  return { controller, source, target };
}
