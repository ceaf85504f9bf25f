import type { LogFields, Logger, LogLevel } from '../../src/runtime/log';

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines for the test to look at. */
export function recordingLogger(): Logger & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  return Object.assign(loggerInto(lines, {}), { lines });
}

function loggerInto(lines: LogLine[], fields: LogFields): Logger {
  const write =
    (level: LogLevel) =>
    (message: string, more: LogFields = {}): void => {
      lines.push({ level, message, fields: { ...fields, ...more } });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => loggerInto(lines, { ...fields, ...more }),
  };
}
