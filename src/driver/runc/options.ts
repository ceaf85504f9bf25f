import type { ContainerEngine } from '../../docker/engine';
import type { Clock } from '../../runtime/clock';
import type { CommandRunner } from '../../runtime/exec';

/** What the runc driver acts on. */
export interface RuncDriverOptions {
  readonly run: CommandRunner;
  readonly clock: Clock;
  readonly engine: Pick<ContainerEngine, 'start'>;
  /** Docker's exec root: /var/run/docker. */
  readonly execRoot: string;
  /** /run/transship: the wrapper looks for its markers there. */
  readonly runDir: string;
  /** Where the OCI runtime wrapper is installed on the node. */
  readonly wrapperPath: string;
}
