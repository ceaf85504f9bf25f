import type { Latency } from './statistics';

/** Requests to the API server by verb. */
export type Requests = Readonly<Record<string, number>>;

/** CPU time of the processes that share the machine, in seconds per second: 1 is one core. */
export type Shares = Readonly<Record<'controller' | 'simulation' | 'kube-apiserver' | 'etcd', number>>;

/** A controller that has nothing to do. */
export interface Idle {
  readonly seconds: number;
  readonly cpuSecondsPerMinute: number;
  /** The lowest reading. */
  readonly residentBytes: number;
  /** In use after all garbage was collected, at the end. */
  readonly heapBytes: number;
  readonly requestsPerMinute: Requests;
}

/** The mix of objects in the API server. */
export interface Mix {
  readonly finished: number;
  /** Not admitted, because an agent does not report. */
  readonly waiting: number;
  /** Admitted, and at a step that takes long. */
  readonly inFlight: number;
}

/** What was measured with so many objects, the controller being started anew. */
export interface GrowthPoint {
  readonly objects: number;
  readonly mix: Mix;
  /** From the start of the process to its first write to an object that was there before; leader election included. */
  readonly firstReactionMs: number;
  /** From the start of the process until every object was visited and none waits to be. */
  readonly caughtUpMs: number;
  /** Of the controller, from its start until then. */
  readonly caughtUpCpuSeconds: number;
  readonly idle: Idle;
}

/** What becomes of the objects that come in: they are admitted and no more, or migrate to the end. */
export type LoadKind = 'admission' | 'migration';

/** What was measured while objects came in. */
export interface Load {
  readonly kind: LoadKind;
  readonly objectsBefore: number;
  /** What all together took when so many were created at once, per second. */
  readonly capacityPerSecond: number;
  readonly offeredPerSecond: number;
  readonly seconds: number;
  readonly created: number;
  readonly createdPerSecond: number;
  /** Of those that were created, how many came as far as they should. */
  readonly done: number;
  /** From the last creation until they had. */
  readonly drainMs: number;
  /** From the creation to the controller's first write, and from an agent's write to the controller's reply to it. */
  readonly firstWrite: Latency;
  readonly reply: Latency;
  readonly shares: Shares;
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Of the controller, from the first creation to the end of the last migration. */
  readonly requests: Requests;
  /** What the API server was asked to write for one migration: the controller, Events included, and both agents. */
  readonly writesPerMigration: { readonly controller: number; readonly agents: number };
  /** Guarded writes that came too late, of the agents and of the controller. */
  readonly conflicts: { readonly controller: number; readonly agents: number };
  /** How late the simulation's own event loop was: what it sees is late by as much. */
  readonly simulationDelayP99Ms: number;
}

/** One controller, measured. */
export interface Measured {
  readonly growth: readonly GrowthPoint[];
  readonly loads: readonly Load[];
}

/** The whole run. */
export interface Run {
  readonly startedAt: string;
  readonly machine: {
    readonly cores: number;
    readonly model: string;
    readonly kernel: string;
    readonly node: string;
    /** Over the last minute before the run: what else the machine had to do. */
    readonly loadAverage: number;
  };
  readonly apiServer: string;
  readonly commit: string;
  readonly measured: Measured;
  /** Another build of the controller, measured in the same run at the last point only. */
  readonly before?: Measured;
}
