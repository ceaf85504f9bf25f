import { Writable } from 'node:stream';
import { createLogger as createWinstonLogger, format } from 'winston';
import { ReasonedError } from './errors';

/** From the most to the least talkative. */
export type LogLevel = (typeof LEVELS)[number];

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Where winston keeps the finished line of an entry (its package triple-beam). */
const MESSAGE = Symbol.for('message');

/** What is known besides the constant message. Errors among the values are written with reason, message and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: the message is constant, everything that varies is a field. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  level: LogLevel;
  /** The program: `controller`, `agent`. */
  component: string;
  /** The node the program runs on, where there is one. */
  node?: string;
  /** Where the lines go; stdout when absent. */
  stream?: NodeJS.WritableStream;
}

/** One JSON object per line, with an ISO 8601 timestamp in UTC. */
export function createLogger(options: LoggerOptions): Logger {
  const sink = createWinstonLogger({ level: options.level, format: format.combine(format.timestamp(), format.json()) });
  sink.pipe(lineWriter(options.stream ?? process.stdout));
  const base = { component: options.component, ...(options.node === undefined ? {} : { node: options.node }) };
  const at = (fields: LogFields): Logger => {
    const writer =
      (level: LogLevel) =>
      (message: string, more: LogFields = {}): void => {
        if (LEVELS.indexOf(level) < LEVELS.indexOf(options.level)) return;
        // The reserved names come last: a field can never forge the level or the message of a line.
        sink.write({ ...serialiseErrors({ ...fields, ...more }, options.level === 'debug'), level, message });
      };
    return {
      debug: writer('debug'),
      info: writer('info'),
      warn: writer('warn'),
      error: writer('error'),
      child: (more) => at({ ...fields, ...more }),
    };
  };
  return at(base);
}

/** Writes what winston's format made of each entry. */
function lineWriter(output: NodeJS.WritableStream): Writable {
  return new Writable({
    objectMode: true,
    write: (entry: Record<symbol, unknown>, _encoding, done) => {
      output.write(`${String(entry[MESSAGE])}\n`);
      done();
    },
  });
}

function serialiseErrors(fields: LogFields, withStack: boolean): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? serialiseError(value, withStack) : value,
    ]),
  );
}

function serialiseError(error: Error, withStack: boolean): LogFields {
  const causes = causesOf(error);
  return {
    message: error.message,
    ...(error instanceof ReasonedError ? { reason: error.reason } : { name: error.name }),
    ...(causes.length === 0 ? {} : { causes }),
    ...(error instanceof ReasonedError && error.logTail !== undefined ? { logTail: error.logTail } : {}),
    ...(withStack ? { stack: error.stack } : {}),
  };
}

/** The messages of the chain of causes, outermost first. A chain that bites its own tail ends there. */
function causesOf(error: Error): string[] {
  const seen = new Set<unknown>([error]);
  const messages: string[] = [];
  let cause: unknown = error.cause;
  while (cause !== undefined && cause !== null && !seen.has(cause)) {
    seen.add(cause);
    messages.push(cause instanceof Error ? cause.message : JSON.stringify(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return messages;
}
