import { isDeepStrictEqual } from 'node:util';
import type { FormattingOptions } from 'jsonc-parser';
import { applyEdits, modify } from 'jsonc-parser';
import { isRecord, without } from '../../docker/record';
import { ReasonedError } from '../../runtime/errors';

/** An OCI runtime as the configuration of Docker's daemon names it. */
export interface RuntimeEntry {
  readonly name: string;
  /** The program on the node. */
  readonly path: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The text of a daemon.json with the entry. Every other line stays as it is; of those next to the entry, blanks may go.
 * @param text undefined when there is no file
 * @returns undefined when the entry is there already
 * @throws ReasonedError DaemonConfigInvalid, RuntimeConflict
 */
export function withRuntime(text: string | undefined, { name, path }: RuntimeEntry): string | undefined {
  const { config, runtimes } = parse(text);
  const found = runtimes?.[name];
  if (found !== undefined) {
    if (pathOf(found) === path) return undefined;
    throw conflict(name, path, found);
  }
  const wanted = { ...config, runtimes: { ...runtimes, [name]: { path } } };
  if (isBlank(text)) return `${JSON.stringify(wanted, null, 2)}\n`;
  return checked(edit(text, ['runtimes', name], { path }), wanted);
}

/**
 * The text of a daemon.json without the entry.
 * @returns undefined when it is not there
 * @throws ReasonedError DaemonConfigInvalid; RuntimeConflict when the entry is another one or the default
 */
export function withoutRuntime(text: string | undefined, { name, path }: RuntimeEntry): string | undefined {
  const { config, runtimes } = parse(text);
  const found = runtimes?.[name];
  if (text === undefined || runtimes === undefined || found === undefined) return undefined;
  if (pathOf(found) !== path) throw conflict(name, path, found);
  if (config['default-runtime'] === name) {
    throw new ReasonedError(
      'RuntimeConflict',
      `the daemon's configuration makes "${name}" the default runtime: name another one, then it can be removed`,
    );
  }
  const others = without(runtimes, (other) => other === name);
  return Object.keys(others).length === 0
    ? checked(
        edit(text, ['runtimes'], undefined),
        without(config, (other) => other === 'runtimes'),
      )
    : checked(edit(text, ['runtimes', name], undefined), { ...config, runtimes: others });
}

function isBlank(text: string | undefined): text is undefined {
  return text === undefined || text.trim() === '';
}

function parse(text: string | undefined): { config: Json; runtimes: Json | undefined } {
  if (isBlank(text)) return { config: {}, runtimes: undefined };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid('is not valid JSON', cause);
  }
  if (!isRecord(value)) throw invalid('does not hold an object');
  const { runtimes } = value;
  if (runtimes !== undefined && !isRecord(runtimes)) throw invalid('has an entry "runtimes" that is no object');
  return { config: value, runtimes };
}

function edit(text: string, at: string[], value: unknown): string {
  return applyEdits(text, modify(text, at, value, formattingOf(text)));
}

/** What the file is indented with; one in a single line stays in one. */
function formattingOf(text: string): { formattingOptions?: FormattingOptions } {
  const [, indent] = /\n([ \t]+)\S/.exec(text) ?? [];
  if (indent === undefined) return {};
  const insertSpaces = !indent.startsWith('\t');
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return { formattingOptions: { insertSpaces, tabSize: insertSpaces ? indent.length : 1, eol } };
}

/** Never a text that says anything else than what was wanted: of a file that names something twice, for one. */
function checked(text: string, wanted: Json): string {
  let result: unknown;
  try {
    result = JSON.parse(text);
  } catch (cause) {
    throw invalid('cannot be changed safely', cause);
  }
  if (!isDeepStrictEqual(result, wanted)) throw invalid('cannot be changed safely: does it hold a name twice?');
  return text;
}

function pathOf(entry: unknown): unknown {
  return isRecord(entry) ? entry['path'] : undefined;
}

function invalid(what: string, cause?: unknown): ReasonedError {
  return new ReasonedError('DaemonConfigInvalid', `the daemon's configuration file ${what}`, { cause });
}

function conflict(name: string, path: string, found: unknown): ReasonedError {
  const other = JSON.stringify(found);
  return new ReasonedError(
    'RuntimeConflict',
    `the daemon's configuration has another runtime by the name "${name}" (${other}), not ${path}: remove it, or rename it`,
  );
}
