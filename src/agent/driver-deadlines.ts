import type { Driver } from '../driver/driver';
import type { VolumeAccess } from './volume-access';
import { VOLUME_TIMEOUT_MS } from './volume-access';

/**
 * The driver, with a deadline around what it does on the shared volume besides CRIU's own work: it empties and makes
 * directories there.
 */
export function withVolumeDeadlines(driver: Driver, volume: VolumeAccess): Driver {
  return {
    ...driver,
    prepareDump: (container, target, options) =>
      volume.within(
        VOLUME_TIMEOUT_MS,
        (signal) => driver.prepareDump(container, target, { ...options, signal }),
        options?.signal,
      ),
    dump: (container, target, options) =>
      volume.within(
        options.timeoutMs + VOLUME_TIMEOUT_MS,
        (signal) => driver.dump(container, target, { ...options, signal }),
        options.signal,
      ),
    arm: (containerID, migrationUID, checkpoint, options) =>
      volume.within(VOLUME_TIMEOUT_MS, (signal) =>
        driver.arm(containerID, migrationUID, checkpoint, { ...options, signal }),
      ),
    prove: (container) => volume.within(VOLUME_TIMEOUT_MS, () => driver.prove(container)),
  };
}
