import {
  downtimeChecks,
  estimateCheckpoint,
  predictDowntimeMs,
  roomChecks,
} from '../../../../src/agent/survey/estimate';
import { CONTAINER_FACTS } from '../../../lib/node-facts';

const MIB = 1024 ** 2;
const volume = { freeBytes: 100 * MIB, writeBytesPerSecond: 50 * MIB, readBytesPerSecond: 100 * MIB };
const estimate = (memoryMiB: number, filesMiB = 0): ReturnType<typeof estimateCheckpoint> =>
  estimateCheckpoint({ ...CONTAINER_FACTS, memoryBytes: memoryMiB * MIB, writableLayerBytes: filesMiB * MIB }, volume);

test('a checkpoint is memory, files and a little more', () => {
  const all = { ...CONTAINER_FACTS, memoryBytes: 10 * MIB, tmpfsBytes: 2 * MIB, writableLayerBytes: 3 * MIB };
  const { memoryBytes, filesBytes, checkpointBytes, size } = estimateCheckpoint(all, volume);
  expect({ memoryBytes, filesBytes, size }).toEqual({ memoryBytes: 10 * MIB, filesBytes: 5 * MIB, size: '15MiB' });
  expect(checkpointBytes - 15 * MIB).toBeLessThan(MIB);
});

test('nothing is down for less than a container without memory, and that is under a second', () => {
  expect(predictDowntimeMs(estimate(0), volume)).toBeGreaterThanOrEqual(700);
  expect(predictDowntimeMs(estimate(0), volume)).toBeLessThan(1_000);
});

test('the volume’s speed counts in both directions', () => {
  const base = predictDowntimeMs(estimate(100), { readBytesPerSecond: 1e12 });
  // 100 MiB at 50 MiB/s are two seconds, at 100 MiB/s one more.
  expect(base).toBeGreaterThan(2_700);
  expect(predictDowntimeMs(estimate(100), volume) - base).toBeGreaterThanOrEqual(1_000);
  expect(predictDowntimeMs(estimate(100), volume) - base).toBeLessThan(1_010);
});

test('there must be room for the checkpoint and for what it grows by', () => {
  expect(roomChecks(estimate(70), volume)).toEqual([]);
  const [check] = roomChecks(estimate(90), volume);
  expect(check).toMatchObject({ reason: 'VolumeTooSmall', blocking: true });
  expect(check?.message).toContain('100MiB left');
});

test('the log needs room, and is written before the downtime', () => {
  const withLog = estimateCheckpoint(CONTAINER_FACTS, volume, 50 * MIB);
  expect(withLog.checkpointBytes - estimateCheckpoint(CONTAINER_FACTS, volume).checkpointBytes).toBe(50 * MIB);
  const withoutMs = predictDowntimeMs(estimate(0), volume);
  // Read at 100 MiB/s, and not written at 50 MiB/s.
  expect(predictDowntimeMs(withLog, volume) - withoutMs).toBeGreaterThanOrEqual(500);
  expect(predictDowntimeMs(withLog, volume) - withoutMs).toBeLessThan(1_000);
  expect(roomChecks(withLog, volume)).toEqual([]);
});

test('whoever has no room for the log alone is told to leave it behind', () => {
  const tooLarge = estimateCheckpoint(CONTAINER_FACTS, volume, 90 * MIB);
  expect(roomChecks(tooLarge, volume)[0]?.message).toContain('leave the log (90MiB) behind with spec.logs: Skip');
  expect(roomChecks(estimate(90), volume)[0]?.message).not.toContain('spec.logs');
});

test('a downtime is refused when it is longer than its owner accepts, with both figures', () => {
  expect(downtimeChecks(1_204, undefined)).toEqual([]);
  expect(downtimeChecks(2_000, '2s')).toEqual([]);
  const [check] = downtimeChecks(2_001, '2s');
  expect(check).toMatchObject({ reason: 'DowntimeTooLong', blocking: true });
  expect(check?.message).toMatch(/2\.001s.*spec\.maxDowntime is 2s/);
});
