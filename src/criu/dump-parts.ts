import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readLogEnd } from './log-file';

/** A part of CRIU's work, as its log tells it. */
export interface CriuPart {
  readonly name: string;
  /** Milliseconds since the epoch, by the clock of the file system that the log lies on. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** Lines of CRIU's log (4.2) at which a part of a dump begins; each lasts until the next one that is there. */
const BEGINNINGS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\) Dumping processes \(pid/, 'criu freezes'],
  [/Running network-lock scripts/, 'criu locks the network'],
  [/\) Dumping task \(pid/, 'criu dumps processes'],
  [/Running network-unlock scripts/, 'criu unlocks the network'],
  [/\) Unfreezing tasks into/, 'criu lets go'],
];

/**
 * The parts of a dump, from the work directory in which CRIU left its log: the log was last written when CRIU ended, and
 * says how long after its beginning each line was. None when there is no such log.
 */
export async function dumpPartsOf(work: string): Promise<readonly CriuPart[]> {
  const path = join(work, 'dump.log');
  const text = await readLogEnd(path);
  return dumpParts(text, (await stat(path)).mtimeMs);
}

/** @param endMs when the log was last written */
export function dumpParts(log: string, endMs: number): readonly CriuPart[] {
  const lines = [...log.matchAll(/^\((\d+\.\d+)\).*$/gm)].map(([line, seconds]) => ({
    line,
    ms: Number(seconds) * 1000,
  }));
  const last = lines.at(-1)?.ms;
  if (last === undefined) return [];
  const startMs = endMs - last;
  const begun = BEGINNINGS.flatMap(([pattern, name]) => {
    const first = lines.find(({ line }) => pattern.test(line));
    return first === undefined ? [] : [{ name, atMs: first.ms }];
  }).sort((one, other) => one.atMs - other.atMs);
  const parts = begun.map(({ name, atMs }, index) => ({
    name,
    startMs: startMs + atMs,
    durationMs: (begun[index + 1]?.atMs ?? last) - atMs,
  }));
  return [{ name: 'criu', startMs, durationMs: last }, ...parts];
}
