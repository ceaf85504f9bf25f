import { markdownTable } from '../chaos/report';
import { allFigures, medianOf } from './figures';
import { spanText } from './page';
import type { BenchRun } from './result';

/** The way against which both runs are held: the least that the steps cost on the machine at that time. */
const FLOOR = 'script';

/**
 * Two runs side by side: the median gap of the program in each, their ratio, and in each the ratio to the bare script of
 * the same run, in which the speed of the machine cancels out.
 */
export function compareRuns(one: BenchRun, other: BenchRun): string {
  const rows = allFigures(one).flatMap((figure) => {
    const [first, second] = [figure.app?.median, medianOf(other, figure.case, figure.way)];
    if (first === undefined || second === undefined) return [];
    const floors = [one, other].map((run) => {
      const [gap, floor] = [medianOf(run, figure.case, figure.way), medianOf(run, figure.case, FLOOR)];
      return gap === undefined || floor === undefined ? '' : `${(gap / floor).toFixed(2)} ×`;
    });
    return [
      [figure.case, figure.way, spanText(first), spanText(second), `${(second / first).toFixed(2)} ×`, ...floors],
    ];
  });
  const header = ['case', 'way', 'first', 'second', 'second / first', `first / ${FLOOR}`, `second / ${FLOOR}`];
  return [`first: ${nameOf(one)}`, `second: ${nameOf(other)}`, '', markdownTable([header, ...rows])].join('\n');
}

const nameOf = ({ profile, commit, startedAt }: BenchRun): string => `${profile}, ${commit}, ${startedAt.slice(0, 10)}`;
