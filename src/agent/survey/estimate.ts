import type { Check, SourceEstimate } from '../../api/types';
import { formatDuration, parseDuration } from '../../protocol/duration';
import { formatBytes } from '../../runtime/format-bytes';
import type { VolumeSpeed } from '../../store/volume-speed';
import { blocking } from '../node-checks';
import type { ContainerFacts } from './facts';

/** CRIU's images of a container without any memory of its own, and the manifest: measured, 190 KiB for busybox. */
const BASE_BYTES = 192 * 1024;
/**
 * What a move takes however small the container: pausing, CRIU's walk through mounts and namespaces, the claim, Docker's
 * start with its network. Measured in the lab: 0.6 to 0.9 s, two thirds of it on the target.
 */
const BASE_MS = 700;
/**
 * What each byte takes besides the volume: CRIU copies it out of a process and into one again, and each side takes its
 * digest. About 4 s for a GiB on the lab's processors; the volume's part is measured.
 */
const NANOSECONDS_PER_BYTE = 4;
/** The container runs on until it is frozen, and what it has then is written. */
const GROWTH = 1.25;

/**
 * What the source can predict of the checkpoint. Pure.
 * @param logBytes of the log that is carried
 */
export function estimateCheckpoint(
  container: ContainerFacts,
  { writeBytesPerSecond }: VolumeSpeed,
  logBytes = 0,
): SourceEstimate {
  const { memoryBytes } = container;
  const filesBytes = container.tmpfsBytes + container.writableLayerBytes;
  const checkpointBytes = BASE_BYTES + memoryBytes + filesBytes + logBytes;
  return {
    memoryBytes,
    filesBytes,
    logBytes,
    checkpointBytes,
    size: formatBytes(checkpointBytes),
    writeBytesPerSecond,
  };
}

/**
 * The downtime in ms, from the first process that stands still to the last that runs again: a fixed part, writing to
 * the volume on the source, reading from it on the target, and what the processors do with every byte. The log is
 * written before it. Pure.
 */
export function predictDowntimeMs(
  { checkpointBytes, logBytes = 0, writeBytesPerSecond }: SourceEstimate,
  { readBytesPerSecond }: Pick<VolumeSpeed, 'readBytesPerSecond'>,
): number {
  const secondsOnVolume = (checkpointBytes - logBytes) / writeBytesPerSecond + checkpointBytes / readBytesPerSecond;
  return Math.round(BASE_MS + secondsOnVolume * 1_000 + (checkpointBytes * NANOSECONDS_PER_BYTE) / 1_000_000);
}

/** Whether the checkpoint has room on the volume. */
export function roomChecks({ checkpointBytes, logBytes = 0 }: SourceEstimate, { freeBytes }: VolumeSpeed): Check[] {
  const neededBytes = checkpointBytes * GROWTH;
  if (freeBytes >= neededBytes) return [];
  const needs = `the checkpoint needs about ${formatBytes(neededBytes)} on the shared volume, which has ${formatBytes(freeBytes)} left`;
  const cure =
    freeBytes >= neededBytes - logBytes * GROWTH
      ? `make room on it, or leave the log (${formatBytes(logBytes)}) behind with spec.logs: Skip`
      : 'make room on it';
  return [blocking('VolumeTooSmall', `${needs}; ${cure}`)];
}

/** Whether the downtime is what the owner accepts. @param maxDowntime `spec.maxDowntime` */
export function downtimeChecks(predictedMs: number, maxDowntime: string | undefined): Check[] {
  if (maxDowntime === undefined || predictedMs <= parseDuration(maxDowntime)) return [];
  return [
    blocking(
      'DowntimeTooLong',
      `the predicted downtime is ${formatDuration(predictedMs)}, and spec.maxDowntime is ${maxDowntime}; ` +
        'accept a longer one, move the container when it has less memory, or use a faster volume',
    ),
  ];
}
