import type { NodeName } from '../../lib/lab-docker';
import type { Case } from '../cases';
import type { Sample } from '../result';

/** The containers of one case, which are to move together. */
export interface Job {
  readonly one: Case;
  readonly names: readonly string[];
  /** For `docker run` and its like, after `--name`: options, image and command. */
  readonly run: readonly string[];
}

/** What a way says of a move itself, with an entry for each container. */
export type Moved = Pick<Sample, 'frozenMs' | 'phasesMs' | 'bytes' | 'apiWrites'>;

/** One way to bring running containers from node-a to node-b. A sample is taken by calling the methods in their order. */
export interface Way {
  /** Stable: results of different runs are compared by it. */
  readonly id: string;
  readonly title: string;
  /** It begins the containers anew on the target. */
  readonly fresh: boolean;
  /** Why it cannot do the case; undefined when it can. */
  unfit(one: Case): string | undefined;
  /** Starts the containers on node-a, and does what may be done before the move begins. */
  prepare(job: Job): Promise<void>;
  /** Moves them. Throws when one does not arrive. */
  move(job: Job): Promise<Moved>;
  /** What a container has printed on the node. */
  log(node: NodeName, name: string): Promise<string>;
  /** Takes away what a move, or one that broke off, has left of them. */
  clear(job: Job): Promise<void>;
}
