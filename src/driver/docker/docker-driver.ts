import type { Driver } from '../driver';
import { stepsBeneathDocker } from '../runc/beneath-docker';
import { dumpContainer } from '../runc/freeze';
import { killRestore } from '../runc/kill-restore';
import { dropLinks } from '../runc/link-remaps';
import { armMarker, emptyMarker, readWakeState, removeMarker } from '../runc/marker';
import { CRIU_CONFIG_ANNOTATION, criuConfigPath } from '../runc/paths';
import { proveRestore } from '../runc/prove';
import { findFreezeProblems, findWakeProblems, NOT_LAZY } from './checks';
import { restoreConfig } from './criu-config';
import { dockerDumper } from './freeze';
import type { DockerDriverOptions } from './options';
import { placeCheckpoint, removeCheckpoint } from './place';
import { unmountYards } from './unmount-yards';
import { wakeContainer, wakeStateOf } from './wake';

/** Docker brings it itself, under this name, and lets nobody else have it. */
const RUNTIME = 'runc';

/**
 * The driver that freezes and wakes up through Docker's own API, for nodes where nothing may be installed
 * (docs/driver-docker.md). Around both it does what driver `runc` does, whose markers it has.
 */
export function createDockerDriver(options: DockerDriverOptions): Driver {
  const { runDir } = options;
  return {
    name: 'docker',
    ...stepsBeneathDocker(options),
    checkFreeze: (container, wishes) => findFreezeProblems(container, wishes, options),
    checkWake: (engine, container) => Promise.resolve(findWakeProblems(engine, container)),
    // Docker makes the container's network before CRIU makes its sockets.
    checkAddresses: () => Promise.resolve([]),
    checkLazy: () => Promise.resolve([NOT_LAZY]),
    dump: (container, target, limits) => dumpContainer(container, target, limits, options, dockerDumper(options)),
    createOptions: (migrationUID) => ({
      runtime: RUNTIME,
      annotations: { [CRIU_CONFIG_ANNOTATION]: criuConfigPath(runDir, migrationUID) },
    }),
    arm: async (containerID, migrationUID, checkpoint, { criuOptions = [], signal } = {}) => {
      // Of a restore that failed, as long as the marker knows its work directory.
      if ((await readWakeState(runDir, containerID)) === 'failed') await unmountYards(containerID, options);
      await placeCheckpoint(containerID, checkpoint.images, options);
      await armMarker(runDir, containerID, migrationUID, checkpoint, {
        criuOptions,
        config: (marker) => restoreConfig(marker, criuOptions),
        ...(signal === undefined ? {} : { signal }),
      });
    },
    wakeState: (containerID) => wakeStateOf(containerID, options),
    wake: (containerID, { timeoutMs }) => wakeContainer(containerID, timeoutMs, options),
    // All of it, before the processes run.
    memory: () => Promise.resolve({ state: 'complete' }),
    prove: (container) => proveRestore(container, options),
    disarm: async (containerID, migrationUID) => {
      await killRestore(containerID, options);
      await unmountYards(containerID, options);
      if ((await readWakeState(runDir, containerID)) === 'resumed')
        await removeMarker(runDir, containerID, migrationUID);
      else await emptyMarker(runDir, containerID);
      // Now, for nothing tells Docker's copies from those of others when the container is gone.
      await removeCheckpoint(containerID, options);
    },
    forget: async (containerID, migrationUID) => {
      await removeMarker(runDir, containerID, migrationUID);
      await removeCheckpoint(containerID, options);
    },
    killFrozen: async (container) => {
      await dropLinks(container, options);
      await options.signalAll(container.pid, 'SIGKILL');
    },
  };
}
