/** What a case of the conformance suite is. A case says what it needs; test/conformance/run-case.ts does it. */
import type { ContainerMigration } from '../../src/api/types';
import type { NodeName } from '../lib/lab-docker';

/** Where a case's container is at the moment. */
export interface Place {
  readonly node: NodeName;
  /** The container's name. */
  readonly name: string;
  /** At which the node answers from outside. */
  readonly address: string;
}

/** What was found out about a container at one moment. */
export interface Reading {
  /** The same after the move as before. */
  readonly same: Readonly<Record<string, unknown>>;
  /** Greater after the move: what began anew would begin at 0. */
  readonly grows?: Readonly<Record<string, number>>;
}

export type Look = (place: Place) => Promise<Reading>;

/** What of this kind of machine decides whether a case can be run. */
export interface Machine {
  /** Without it CRIU cannot dump what does not run as root. */
  readonly hasSysResource: boolean;
  /** Major version of its Docker. */
  readonly docker: number;
}

export type Expectation =
  | { readonly kind: 'moved' }
  /** Its end, with this reason; the container runs on where it was. */
  | { readonly kind: 'refused'; readonly phase: 'Failed' | 'RolledBack'; readonly reason: string };

/** Something that goes on during the move, such as a client. */
export interface Beside {
  /** Ends it, and returns what was wrong, and a remark for the report. */
  stop(): Promise<{ readonly violations: readonly string[]; readonly remark?: string }>;
}

/** What every case has, also one that cannot be run. */
export interface Title {
  /** Names the container too. */
  readonly id: string;
  /** What the container has or is. */
  readonly title: string;
  /** Where the case comes from: the measurements it repeats, or a real server. */
  readonly origin: 'features' | 'connections' | 'server';
}

export interface Case extends Title {
  /** In one sentence, what must be the same after the move as before it, or what must be said of a refusal. */
  readonly states: string;
  /** Part of `make test`. */
  readonly fast?: true;
  /** Of `docker run --detach --name NAME`: options, image, command. */
  readonly run: readonly string[];
  /** More of the migration's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Default: moved. */
  readonly expected?: Expectation | ((machine: Machine) => Expectation);
  /** Why it cannot be moved on such a machine, and as what it is refused there; it is then listed as not run. */
  readonly unmovable?: (machine: Machine) => { readonly why: string; readonly reason: string } | undefined;
  /** What must be there on both nodes before the container is. */
  readonly setUp?: () => Promise<void>;
  readonly tearDown?: () => Promise<void>;
  /** Returns once the container has all that it shall be moved with. Default: it has written a line `ready`. */
  readonly ready?: (place: Place) => Promise<void>;
  /** Default: its own answers (witness.ts). */
  readonly look?: Look;
  /** Begins it between the first look and the move. */
  readonly beside?: (place: Place) => Promise<Beside>;
  /** What is looked at from outside in every case and differs here on purpose: beginnings of paths. */
  readonly differs?: readonly string[];
  /** What else must be so at the end. Returns what is not. */
  readonly judge?: (migration: ContainerMigration, place: Place) => Promise<readonly string[]>;
}

/** A case that cannot be run here, whatever the machine is found to be. */
export interface NotRunCase extends Title {
  readonly notRun: string;
}

/** Cases of one kind, with the heading that they have in the report. */
export interface Group {
  readonly heading: string;
  readonly cases: readonly (Case | NotRunCase)[];
}

/** Cases under a heading. */
export const group = (heading: string, cases: readonly (Case | NotRunCase)[]): Group => ({ heading, cases });

/** What became of a case. */
export interface CaseResult extends Title {
  readonly heading: string;
  readonly states: string;
  readonly outcome: 'passed' | 'failed' | 'refused' | 'not run';
  /** Why it failed, was refused or was not run; a remark when it passed. */
  readonly why?: string;
  /** As the object has it: from the first process that stood still to the last that ran. */
  readonly downtime?: string;
  readonly tookMs: number;
}
