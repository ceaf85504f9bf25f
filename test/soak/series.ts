import { parseMetrics } from '../lib/prometheus-text';
import { FIGURES } from './figures';
import type { Figure } from './figures';
import type { Point, Trend } from './trend';

/** What one figure of one process did. */
export interface Finding {
  readonly process: string;
  readonly figure: Figure;
  /** Of the life that was watched for longest. */
  readonly points: readonly Point[];
  readonly trend: Trend | undefined;
}

/** One life of a process: a restart begins another. */
interface Life {
  readonly startedAt: number;
  readonly points: ReadonlyMap<Figure, Point[]>;
}

/** The readings of all processes. */
export class Series {
  readonly #lives = new Map<string, Life[]>();

  /** Takes what /metrics of a process said. */
  add(process: string, atSeconds: number, text: string): void {
    const lines = parseMetrics(text);
    const startedAt = lines.find(({ name }) => name === 'process_start_time_seconds')?.value;
    if (startedAt === undefined) throw new Error(`${process} does not say when it started`);
    const lives = this.#lives.get(process) ?? [];
    this.#lives.set(process, lives);
    let life = lives.at(-1);
    if (life?.startedAt !== startedAt) {
      life = { startedAt, points: new Map(FIGURES.map((figure) => [figure, []])) };
      lives.push(life);
    }
    for (const [figure, points] of life.points) points.push({ atSeconds, value: figure.read(lines) });
  }

  /** Every reading as a line of CSV: process, when it started, figure, when it was read, value. */
  csv(): string {
    const lines: string[] = [];
    for (const [process, lives] of this.#lives) {
      for (const { startedAt, points } of lives) {
        for (const [{ name }, readings] of points) {
          for (const { atSeconds, value } of readings) {
            lines.push([process, startedAt, name, atSeconds.toFixed(1), value].join(','));
          }
        }
      }
    }
    return `${lines.join('\n')}\n`;
  }

  /** How often the processes were seen to start again. */
  get restarts(): number {
    return [...this.#lives.values()].reduce((sum, lives) => sum + lives.length - 1, 0);
  }

  /** Every life is judged; told is one that grew, else the longest. */
  findings(): Finding[] {
    return [...this.#lives].flatMap(([process, lives]) =>
      FIGURES.map((figure) => {
        const candidates = lives
          .map((life) => life.points.get(figure) ?? [])
          .sort((a, b) => b.length - a.length)
          .map((points) => ({ process, figure, points, trend: figure.judge(points, figure.tolerance) }));
        const [longest] = candidates;
        if (longest === undefined) throw new Error(`${process} was never seen`);
        return candidates.find(({ trend }) => trend?.grew === true) ?? longest;
      }),
    );
  }
}
