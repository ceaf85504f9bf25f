import { appendFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from './clock';
import { hasCode } from './errors';

/** Is awaited at every boundary that a process comes to; a boundary is `<object>.<method>.before` or `….after`. */
export type Gate = (boundary: string) => Promise<void>;

/** The names of the methods that return no promise: they are passed through, for there is nothing to wait in. */
type SyncMethod<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => infer R ? (R extends Promise<unknown> ? never : K) : never;
}[keyof T];

/** The environment variable that names the directory. Only a test harness sets it; no manifest does. */
export const BREAKPOINTS_VARIABLE = 'TRANSSHIP_BREAKPOINTS';
/** How long a process waits at a boundary for a harness that may have died. */
export const HOLD_MS = 120_000;
/** How often it looks whether it may go on. */
const LOOK_MS = 5;
/** The file in which every boundary that is reached is noted, when it is there. */
const RECORD = 'record';
const REACHED = '.reached';

/**
 * A gate that a test harness opens and closes with files (docs/adr/0006-breakpoints.md). The file `<boundary>` or
 * `<boundary>#<n>` in the directory stops the process the n-th time it comes there: the file is renamed to
 * `<boundary>.reached`, and the process waits until that is gone. Without a directory there is no gate.
 */
export function createGate(directory: string | undefined, clock: Clock): Gate | undefined {
  if (directory === undefined) return undefined;
  return async (boundary) => {
    const names = await namesIn(directory);
    if (names.includes(RECORD)) await appendFile(join(directory, RECORD), `${boundary}\n`);
    const armed = names.find((name) => parseBreakpoint(name)?.boundary === boundary);
    if (armed === undefined) return;
    const occurrence = parseBreakpoint(armed)?.occurrence ?? 1;
    const next = occurrence > 1 ? `${boundary}#${occurrence - 1}` : `${boundary}${REACHED}`;
    // Of two workers of one process that come here at once, one finds the file gone: it goes on.
    if (!(await renamed(join(directory, armed), join(directory, next))) || occurrence > 1) return;
    const deadline = clock.monotonic() + HOLD_MS;
    while ((await namesIn(directory)).includes(next) && clock.monotonic() < deadline) await clock.sleep(LOOK_MS);
  };
}

/** What the name of a file in the directory asks for; undefined for a name that asks for nothing. */
export function parseBreakpoint(name: string): { boundary: string; occurrence: number } | undefined {
  const [, boundary, occurrence = '1'] = /^([\w-]+\.\w+\.(?:before|after))(?:#([1-9]\d*))?$/.exec(name) ?? [];
  return boundary === undefined ? undefined : { boundary, occurrence: Number(occurrence) };
}

/**
 * The object with the gate before and after each of its asynchronous methods; the object itself without a gate.
 * @param name what its boundaries are called: `engine` gives `engine.pause.before`
 * @param sync its other methods; the compiler asks for every one
 */
export function withBreakpoints<T extends object>(
  name: string,
  object: T,
  gate: Gate | undefined,
  sync: Readonly<Record<SyncMethod<T>, 'sync'>>,
): T {
  if (gate === undefined) return object;
  return new Proxy(object, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || typeof property === 'symbol') return value;
      const call = value as (...args: unknown[]) => unknown;
      // Bound to the object behind the proxy: private fields are not the proxy's.
      if (property in sync) return call.bind(target);
      return async (...args: unknown[]): Promise<unknown> => {
        await gate(`${name}.${property}.before`);
        try {
          return await call.apply(target, args);
        } finally {
          // Also when it failed: what follows a failure can be interrupted as well.
          await gate(`${name}.${property}.after`);
        }
      };
    },
  });
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
