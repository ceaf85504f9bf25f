import type { DockerCheckpoints } from '../docker/checkpoints';
import type { ContainerEngine } from '../docker/engine';
import { ConfigSwap, NODE_CRIU_CONFIG } from '../driver/docker/config-swap';
import { createDockerDriver } from '../driver/docker/docker-driver';
import { endHungRestores } from '../driver/docker/end-hung';
import type { Driver } from '../driver/driver';
import { signalAll } from '../driver/processes';
import { createRuncLeftovers } from '../driver/runc/leftovers';
import type { RuncDriverOptions } from '../driver/runc/options';
import { createRuncDriver } from '../driver/runc/runc-driver';
import type { Drivers } from './chosen-driver';
import { withVolumeDeadlines } from './driver-deadlines';
import type { VolumeAccess } from './volume-access';

/** What a wake-up may take beyond its deadline: Docker cleans up. */
const GRACE_MS = 60_000;

/** What both drivers of a node act on. */
export interface DriversOptions extends Omit<RuncDriverOptions, 'signalAll' | 'engine'> {
  readonly engine: ContainerEngine;
  readonly checkpoints: DockerCheckpoints;
  readonly volume: VolumeAccess;
}

/** The drivers of a real node, which share the one configuration that CRIU has there. */
export function createDrivers({ volume, checkpoints, ...options }: DriversOptions): Drivers & {
  /** Mends what earlier lives of the agent have left. */
  tidy(wakeMs: number): Promise<void>;
} {
  const { runDir, clock, nodePid } = options;
  // An agent in a pod has files of its own there.
  const swap = new ConfigSwap(nodePid === 'self' ? NODE_CRIU_CONFIG : `/proc/${nodePid}/root${NODE_CRIU_CONFIG}`);
  const beneath = { ...options, signalAll };
  const runc = withSharedConfig(createRuncDriver(beneath), swap);
  const docker = createDockerDriver({ ...beneath, checkpoints, swap });
  return {
    driver: withVolumeDeadlines(runc, volume),
    dockerDriver: withVolumeDeadlines(docker, volume),
    tidy: async (wakeMs) => {
      await swap.recover();
      await endHungRestores({ runDir, files: createRuncLeftovers(runDir, clock) }, wakeMs + GRACE_MS);
    },
  };
}

/** A dump by `runc` would be told what is meant for another container, were the configuration swapped just then. */
function withSharedConfig(driver: Driver, { lock }: ConfigSwap): Driver {
  return { ...driver, dump: (...given) => lock.shared(() => driver.dump(...given)) };
}
