/** A moment between two steps of a move. */
export interface Mark {
  /** The step that ends here; of the first mark: what begins. */
  readonly name: string;
  /** By any clock, as long as it is one. */
  readonly atMs: number;
}

/** How long each step took, in ms: from the mark before to its own. */
export function phasesOf(marks: readonly Mark[]): Record<string, number> {
  return Object.fromEntries(
    marks.slice(1).map(({ name, atMs }, index) => [name, round(atMs - (marks[index]?.atMs ?? 0))]),
  );
}

/** From the first mark to the last, in ms. */
export function spanOf(marks: readonly Mark[]): number {
  return round((marks.at(-1)?.atMs ?? 0) - (marks[0]?.atMs ?? 0));
}

/** To a tenth: no figure of the benchmark is better than that. */
export const round = (ms: number): number => Math.round(ms * 10) / 10;

/** Notes the moments of a move as it goes on. */
export class Stopwatch {
  readonly marks: Mark[] = [{ name: 'begin', atMs: performance.now() }];

  /** Runs a step and marks its end. */
  async step<T>(name: string, act: () => Promise<T>): Promise<T> {
    const result = await act();
    this.marks.push({ name, atMs: performance.now() });
    return result;
  }
}

/** Reads lines of `name seconds.microseconds`, as a shell script prints them. */
export function readMarks(text: string): Mark[] {
  return [...text.matchAll(/^(\w+) (\d+\.\d+)$/gm)].map(([, name = '', at]) => ({ name, atMs: Number(at) * 1000 }));
}
