import type { DockerCheckpoints } from '../../docker/checkpoints';
import type { ContainerEngine } from '../../docker/engine';
import type { RuncDriverOptions } from '../runc/options';
import type { ConfigSwap } from './config-swap';

/** What the docker driver acts on: what is beneath Docker as well, for what Docker's API cannot mend. */
export interface DockerDriverOptions extends Omit<RuncDriverOptions, 'engine' | 'wrapperPath'> {
  readonly engine: Pick<ContainerEngine, 'info' | 'inspect' | 'kill'>;
  readonly checkpoints: DockerCheckpoints;
  /** The one configuration of CRIU on the node, for containers that name none of their own. */
  readonly swap: ConfigSwap;
}

/** The name under which Docker knows our checkpoint, on the source and on the target: each container has one. */
export const CHECKPOINT_NAME = 'transship';
