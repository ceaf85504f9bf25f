/** The page and the pictures of a directory, made of the JSON files in it and nothing else. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageOf } from './page';
import { plotsOf } from './plots';
import type { BenchRun } from './result';
import { parseRun } from './result';
import { svgOf } from './svg';

/** Reads the runs of a directory, the current Docker first. */
export function runsIn(directory: string): BenchRun[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  const runs = files.map((name) => parseRun(readFileSync(join(directory, name), 'utf8')));
  return runs.toSorted((one, other) => other.profile.localeCompare(one.profile));
}

const fileOf = ({ profile }: BenchRun, plot: string): string => `${profile}-${plot}.svg`;

/** Writes README.md and the SVG files; returns their names. */
export async function render(directory: string): Promise<string[]> {
  mkdirSync(directory, { recursive: true });
  const runs = runsIn(directory);
  const written: string[] = [];
  for (const run of runs) {
    for (const { id, spec } of plotsOf(run)) {
      writeFileSync(join(directory, fileOf(run, id)), await svgOf(spec));
      written.push(fileOf(run, id));
    }
  }
  const page = pageOf(runs, (run) => plotsOf(run).map(({ id, title }) => ({ title, file: fileOf(run, id) })));
  writeFileSync(join(directory, 'README.md'), page);
  return [...written, 'README.md'];
}
