import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { inLab } from '../lib/chaos-lab';
import type { CaseResult } from './run-case';

/** How far each of the lab's logs had been written when a case began. */
export type LogPositions = ReadonlyMap<string, number>;

export function logPositions(): LogPositions {
  const directory = inLab('log');
  return new Map(
    readdirSync(directory)
      .filter((name) => name.endsWith('.log') && !name.startsWith('step-'))
      .map((name) => [name, statSync(join(directory, name)).size]),
  );
}

/** Puts what a person needs to find the cause of a violation into a directory. */
export function keepCase(directory: string, result: CaseResult, begun: LogPositions): void {
  mkdirSync(directory, { recursive: true });
  const { migration, sampler, evidence, verdict } = result;
  writeFileSync(
    join(directory, 'verdict.json'),
    JSON.stringify({ ...verdict, cell: result.cell, fault: result.injected }, null, 2),
  );
  writeFileSync(join(directory, 'migration.yaml'), stringify(withoutManagers(migration)));
  writeFileSync(join(directory, 'evidence.json'), JSON.stringify({ ...evidence, copies: undefined }, null, 2));
  const { copies, ...seen } = sampler;
  writeFileSync(
    join(directory, 'sampler.json'),
    JSON.stringify({ ...seen, copies: copies.map(({ node, id, changes }) => ({ node, id, changes })) }, null, 2),
  );
  for (const { node, id, count } of copies) writeFileSync(join(directory, `count-${node}-${id.slice(0, 12)}`), count);
  keepLogs(directory, begun);
}

/** What the lab's services have logged since. */
export function keepLogs(directory: string, begun: LogPositions): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, position] of begun) {
    const text = readFileSync(inLab('log', name)).subarray(position);
    if (text.length > 0) writeFileSync(join(directory, name), text);
  }
}

/** Without who wrote which field, which is most of the text. */
function withoutManagers(migration: CaseResult['migration']): object {
  return { ...migration, metadata: { ...migration?.metadata, managedFields: undefined } };
}
