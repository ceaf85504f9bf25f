import type { Driver } from '../driver';
import { stepsBeneathDocker } from './beneath-docker';
import { findAddressProblems, findFreezeProblems, findLazyProblems, findWakeProblems } from './checks';
import { dumpContainer } from './freeze';
import { killRestore } from './kill-restore';
import { dropLinks } from './link-remaps';
import { armMarker, emptyMarker, readWakeState, removeMarker } from './marker';
import type { RuncDriverOptions } from './options';
import { endPageServer, readLazyMemory } from './page-server';
import { CRIU_CONFIG_ANNOTATION, criuConfigPath, networkScriptOf, WRAPPER_RUNTIME } from './paths';
import { proveRestore } from './prove';
import { wakeContainer } from './wake';

/** The driver that freezes beneath Docker with runc and wakes up through the OCI runtime wrapper (docs/wrapper.md). */
export function createRuncDriver(options: RuncDriverOptions): Driver {
  const { runDir } = options;
  return {
    name: 'runc',
    ...stepsBeneathDocker(options),
    checkFreeze: (container) => findFreezeProblems(container, options),
    checkWake: (engine) => findWakeProblems(engine, options),
    checkAddresses: (engine) => findAddressProblems(engine, options),
    checkLazy: (engine) => findLazyProblems(engine, options),
    dump: (container, target, limits) => dumpContainer(container, target, limits, options),
    createOptions: (migrationUID) => ({
      runtime: WRAPPER_RUNTIME,
      annotations: { [CRIU_CONFIG_ANNOTATION]: criuConfigPath(runDir, migrationUID) },
    }),
    arm: (containerID, migrationUID, checkpoint, settings) =>
      armMarker(runDir, containerID, migrationUID, checkpoint, {
        ...settings,
        networkScript: networkScriptOf(options.wrapperPath),
      }),
    wakeState: (containerID) => readWakeState(runDir, containerID),
    wake: (containerID, { timeoutMs }) => wakeContainer(containerID, timeoutMs, options),
    memory: (containerID) => readLazyMemory(containerID, options),
    prove: (container) => proveRestore(container, options),
    disarm: async (containerID, migrationUID) => {
      await killRestore(containerID, options);
      if ((await readWakeState(runDir, containerID)) === 'resumed')
        await removeMarker(runDir, containerID, migrationUID);
      else {
        // One that no restore ever spoke to would wait for it for ever.
        await endPageServer(containerID, options);
        await emptyMarker(runDir, containerID);
      }
    },
    forget: (containerID, migrationUID) => removeMarker(runDir, containerID, migrationUID),
    killFrozen: async (container) => {
      // Its files may be kept.
      await dropLinks(container, options);
      await options.signalAll(container.pid, 'SIGKILL');
    },
  };
}
