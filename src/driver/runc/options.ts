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
  /** A process in the network of the node itself. */
  readonly nodePid: number | 'self';
  /** Sends a signal to every process of the container with this first one. Throws `ContainerProcessesUnknown`. */
  readonly signalAll: (pid: number, signal: NodeJS.Signals) => Promise<void>;
  /**
   * How long a dump of an earlier life may take to end by itself, ms; default 15 s. A CRIU that is killed while its
   * parasite is in a process takes that process along: killed 115 ms into a dump, it left the container dead of SIGTRAP
   * (measured, CRIU 4.2.1). So it is only killed when it hangs.
   */
  readonly dumpGraceMs?: number;
}

/** What every driver acts on beneath Docker: the same for the one that wakes up through Docker's own API. */
export type BeneathDocker = Omit<RuncDriverOptions, 'engine' | 'wrapperPath'>;
