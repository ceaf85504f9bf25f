/** What differs between two readings of a container. Pure. */
import type { Reading } from './case';

const MAX_SHOWN = 5;
const MAX_LENGTH = 160;

/** A sentence for everything that is not as it must be after the move; nothing below `differs` is looked at. */
export function compare(before: Reading, after: Reading, differs: readonly string[] = []): string[] {
  const found = differences(before.same, after.same).filter(
    ({ path }) => !differs.some((prefix) => path.startsWith(prefix)),
  );
  const said = found.map(({ path, was, is }) => `${path}: ${shown(was)} before, ${shown(is)} after`);
  for (const [name, was] of Object.entries(before.grows ?? {})) {
    const is = after.grows?.[name];
    if (is === undefined || is <= was)
      said.push(`${name}: ${was} before, ${is ?? 'nothing'} after: it has not gone on`);
  }
  return said.length > MAX_SHOWN ? [...said.slice(0, MAX_SHOWN), `and ${said.length - MAX_SHOWN} more`] : said;
}

interface Difference {
  readonly path: string;
  readonly was: unknown;
  readonly is: unknown;
}

function differences(was: unknown, is: unknown, path = ''): Difference[] {
  if (!isObject(was) || !isObject(is)) return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ path, was, is }];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names.flatMap((name) => differences(was[name], is[name], path === '' ? name : `${path}.${name}`));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}
