/** What a run of `make bench` has measured, as it lies in docs/benchmarks/*.json. All times are in milliseconds. */
import Ajv from 'ajv';
import type { Case } from './cases';
import schema from './result.schema.json';

/** A client's request: when it was sent, counted from the beginning of the move, and how long the answer took; null: none came. */
export type Probe = readonly [sentMs: number, answeredMs: number | null];

/** One move of one case by one way. Lists have one entry for each container that moved. */
export interface Sample {
  readonly case: string;
  readonly way: string;
  /** From 1; 0 warmed the lab up and is in no figure. */
  readonly round: number;
  /** When it began, RFC 3339. */
  readonly at: string;
  /** Load average of the last minute just before. */
  readonly load: number;
  /** Why it does not count; absent when the very same processes went on (or, of a cold start, new ones began). */
  readonly error?: string;
  /** The longest time in which the program itself did not count. */
  readonly appGapMs: readonly number[];
  /** The longest time in which no client got an answer; more than 15 s: it was watched no longer. */
  readonly clientGapMs?: number;
  /** Of the connections that were open before the move, how many were never closed. */
  readonly connectionsKept?: number;
  /** From the first call that stops a process to the moment at which the way knows that it runs again. */
  readonly frozenMs: readonly number[];
  /** How long each step of the way took, in their order. */
  readonly phasesMs: readonly Readonly<Record<string, number>>[];
  /** What all containers of the case took up on the shared volume, bytes. */
  readonly bytes: number;
  /** Requests other than GET to the API server about these migrations, and their Events. */
  readonly apiWrites?: { readonly objects: number; readonly events: number };
  /** What a client saw; of one sample of each case and way. */
  readonly probes?: readonly Probe[];
}

/** Where it ran. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** `Docker 28.5.2`, … */
  readonly versions: readonly string[];
  /**
   * How long new memory took before the run, on average for a GiB: that was free until then, and the same right after it.
   * Older results lack it, and those of a run that could not touch any.
   */
  readonly newMemory?: {
    readonly touchedMiB: number;
    readonly msPerGiB: { readonly before: number; readonly after: number };
  };
}

export interface BenchRun {
  readonly format: 'transship-bench/1';
  readonly profile: string;
  readonly quick: boolean;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Of the repository; ends with `+` when files were changed. */
  readonly commit: string;
  readonly machine: Machine;
  /** Load averages of 1, 5 and 15 minutes. */
  readonly load: { readonly start: readonly number[]; readonly end: readonly number[] };
  /** Share of the CPUs' time, 0 to 1, in which they were idle in the 5 s before the run. Older results lack it. */
  readonly idle?: number;
  /** Of the cases that have no fewer. */
  readonly rounds: number;
  readonly cases: readonly Pick<Case, 'id' | 'title' | 'groups' | 'workload' | 'parallel'>[];
  readonly ways: readonly { readonly id: string; readonly title: string }[];
  readonly samples: readonly Sample[];
  /** Which way cannot do which case, and why. */
  readonly notRun: readonly { readonly case: string; readonly way: string; readonly why: string }[];
}

const validate = new Ajv({ allErrors: true }).compile<BenchRun>(schema);

/** Throws with what is wrong when it is not the text of a run. */
export function parseRun(text: string): BenchRun {
  const read: unknown = JSON.parse(text);
  if (validate(read)) return read;
  const [first] = validate.errors ?? [];
  throw new Error(`not a result of make bench: ${first?.instancePath ?? ''} ${first?.message ?? ''}`);
}

/** One value a line would be long, one line for all unreadable: a sample, a case and the like has a line. */
export function printRun(run: BenchRun): string {
  const fields = Object.entries(run).map(([key, value]: [string, unknown]) => {
    const printed = Array.isArray(value)
      ? `[\n${value.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n')}\n  ]`
      : JSON.stringify(value);
    return `  ${JSON.stringify(key)}: ${printed}`;
  });
  return `{\n${fields.join(',\n')}\n}\n`;
}
