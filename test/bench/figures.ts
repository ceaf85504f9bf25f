import type { Group } from './cases';
import type { BenchRun, Sample } from './result';
import type { Summary } from './statistics';
import { summarize } from './statistics';

/** What a run says of one case and one way; a summary is absent when nothing of it was measured. */
export interface Figure {
  readonly case: string;
  readonly way: string;
  /** Samples that do not count, with why. */
  readonly failed: readonly Sample[];
  /** Longest gap that the program itself saw, ms; of several containers each counts. */
  readonly app: Summary | undefined;
  readonly client: Summary | undefined;
  readonly frozen: Summary | undefined;
  readonly bytes: Summary | undefined;
  readonly apiWrites: Summary | undefined;
  /** Median of each phase, ms, in their order. */
  readonly phases: Readonly<Record<string, number>>;
}

/** The measured samples, without those that warmed the lab up. */
export function figureOf(run: BenchRun, caseId: string, wayId: string): Figure {
  const samples = run.samples.filter((sample) => sample.case === caseId && sample.way === wayId && sample.round > 0);
  const good = samples.filter(({ error }) => error === undefined);
  const phases = good.flatMap(({ phasesMs }) => phasesMs);
  const names = Object.keys(phases[0] ?? {});
  return {
    case: caseId,
    way: wayId,
    failed: samples.filter(({ error }) => error !== undefined),
    app: summarize(good.flatMap(({ appGapMs }) => appGapMs)),
    client: summarize(good.flatMap(({ clientGapMs }) => clientGapMs ?? [])),
    frozen: summarize(good.flatMap(({ frozenMs }) => frozenMs)),
    bytes: summarize(good.map(({ bytes }) => bytes)),
    apiWrites: summarize(good.flatMap(({ apiWrites }) => (apiWrites ? [apiWrites.objects + apiWrites.events] : []))),
    phases: Object.fromEntries(
      names.map((name) => [name, summarize(phases.map((each) => each[name] ?? 0))?.median ?? 0]),
    ),
  };
}

/** Every case with every way of which anything was tried, in the order of the run's lists. */
export function allFigures(run: BenchRun): Figure[] {
  return run.cases
    .flatMap(({ id }) => run.ways.map((way) => figureOf(run, id, way.id)))
    .filter(({ app, failed }) => app !== undefined || failed.length > 0);
}

/** The cases of a table or a plot. */
export const casesIn = (run: BenchRun, group: Group): BenchRun['cases'] =>
  run.cases.filter(({ groups }) => groups.includes(group));

/** The median gap of the program, ms. */
export const medianOf = (run: BenchRun, caseId: string, wayId: string): number | undefined =>
  figureOf(run, caseId, wayId).app?.median;
