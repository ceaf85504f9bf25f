/** The pictures of a run, as specifications of Vega-Lite. Pure. */
import type { TopLevelSpec } from 'vega-lite';
import { clientsPlot } from './plots/clients';
import { memoryPlot } from './plots/memory';
import { phasesPlot } from './plots/phases';
import { workloadPlot } from './plots/workload';
import type { BenchRun } from './result';

export interface Plot {
  /** Part of the file's name. */
  readonly id: string;
  readonly title: string;
  readonly spec: TopLevelSpec;
}

/** Those for which the run has something to show. */
export function plotsOf(run: BenchRun): Plot[] {
  const all = [
    { id: 'workload', title: 'Downtime by workload', spec: workloadPlot(run) },
    { id: 'memory', title: 'Downtime against memory', spec: memoryPlot(run) },
    { id: 'phases', title: 'Where the time goes', spec: phasesPlot(run) },
    { id: 'clients', title: 'What a client saw', spec: clientsPlot(run) },
  ];
  return all.flatMap(({ id, title, spec }) => (spec === undefined ? [] : [{ id, title, spec }]));
}
