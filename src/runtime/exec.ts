import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { PassThrough, pipeline } from 'node:stream';
import type { Clock } from './clock';
import { abortReason } from './clock';
import { linkAbort, onceAborted, sleptThrough } from './deadline';
import { describeError, ReasonedError } from './errors';
import { killTreeAndWait } from './process-tree';

export interface CommandOptions {
  /** When it is over, the command and everything it started is killed. */
  timeoutMs: number;
  /** The whole environment of the command; ours when absent. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Written to stdin, which is then closed; without it stdin is /dev/null. */
  input?: string | Uint8Array;
  /** How the bytes of stdout are read; with `latin1` each is a character of its own. Default `utf8`. */
  outputEncoding?: 'utf8' | 'latin1';
  /**
   * Takes stdout as it comes, which is then not kept: the command stands still while the pipe is full. When it fails,
   * the command is killed with its error. It must end with the signal.
   */
  output?: (content: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<void>;
  /** Of stdout: more kills the command. Of stderr only the end of this size is kept. Default 1 MiB. */
  maxOutputBytes?: number;
  /** Kills the command and everything it started, as the timeout does. */
  signal?: AbortSignal;
}

export interface CommandResult {
  /** Null when a signal ended the command. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/**
 * Runs programs, never through a shell. A non-zero exit code is a result, not an error. Rejects with a ReasonedError:
 * `CommandNotFound`, `CommandNotStarted`, `CommandTimedOut`, `CommandAborted`, `CommandOutputTooLarge`.
 */
export interface CommandRunner {
  run(file: string, args: readonly string[], options: CommandOptions): Promise<CommandResult>;
}

/** How long after its end the output of a command is awaited: a daemon it left behind may hold the pipes open. */
const OUTPUT_GRACE_MS = 500;
/** How long after SIGKILL the end is awaited: a process in an uninterruptible wait does not end. */
const KILL_GRACE_MS = 5_000;
const STDERR_TAIL_CHARACTERS = 4_000;

/** Runs real processes, each as the leader of a session of its own. */
export function createCommandRunner(clock: Clock): CommandRunner {
  return { run: (file, args, options) => runCommand(clock, file, args, options) };
}

async function runCommand(
  clock: Clock,
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const startedAt = clock.monotonic();
  const maxBytes = options.maxOutputBytes ?? 1_048_576;
  // Aborted, with the error to report, when the command must die.
  const kill = linkAbort(options.signal);
  const child = spawn(file, args, {
    detached: true,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const ended = endOf(child);
  const taken = options.output === undefined ? undefined : take(child.stdout, options.output, kill);
  const stdout = collect(taken === undefined ? child.stdout : null, maxBytes, options.outputEncoding, () => {
    kill.abort(new ReasonedError('CommandOutputTooLarge', `${file} wrote more than ${maxBytes} bytes to stdout`));
  });
  const stderr = collect(child.stderr, maxBytes);
  try {
    await started(child, file);
    // A command that does not read its input breaks the pipe, which is its right.
    child.stdin?.on('error', () => undefined).end(options.input);
    const timer = new AbortController();
    void sleptThrough(clock, options.timeoutMs, timer.signal).then((over) => {
      if (over) kill.abort(new ReasonedError('CommandTimedOut', `${file} did not end within ${options.timeoutMs} ms`));
    });
    await Promise.race([Promise.all([ended.exit, taken]), onceAborted(kill.signal)]);
    timer.abort();
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (kill.signal.aborted && (isRunning || taken !== undefined)) {
      if (isRunning && child.pid !== undefined) await killTreeAndWait(clock, child.pid, KILL_GRACE_MS);
      await waitFor(clock, ended.exit, OUTPUT_GRACE_MS);
      if (taken !== undefined) await waitFor(clock, taken, OUTPUT_GRACE_MS);
      throw withTail(abortReason(kill.signal), file, stderr());
    }
    await waitFor(clock, ended.close, OUTPUT_GRACE_MS);
    return {
      exitCode: child.exitCode,
      signal: child.signalCode,
      stdout: stdout(),
      stderr: stderr(),
      durationMs: clock.monotonic() - startedAt,
    };
  } finally {
    kill.release();
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

/**
 * Never rejects: when the taker fails, the command is killed with its error. Between the pipe and the taker is a stream of
 * ours: when a command ends, Node.js throws away what nobody has begun to read by then.
 */
async function take(
  stdout: Readable | null,
  taker: NonNullable<CommandOptions['output']>,
  kill: { readonly signal: AbortSignal; abort(error: Error): void },
): Promise<void> {
  const content = new PassThrough();
  // What ends it too early, the taker is told by the content.
  if (stdout !== null) pipeline(stdout, content, () => undefined);
  try {
    await taker(content, kill.signal);
  } catch (error) {
    kill.abort(error instanceof Error ? error : new Error(describeError(error)));
  }
}

function started(child: ChildProcess, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'ENOENT'
          ? new ReasonedError('CommandNotFound', `${file} does not exist on this machine, or its working directory`, {
              cause,
            })
          : new ReasonedError('CommandNotStarted', `${file} could not be started`, { cause }),
      );
    });
  });
}

/** When the process ended, and when its output did as well. */
function endOf(child: ChildProcess): { exit: Promise<void>; close: Promise<void> } {
  const once = (event: 'exit' | 'close'): Promise<void> =>
    new Promise((resolve) =>
      child.once(event, () => {
        resolve();
      }),
    );
  return { exit: once('exit'), close: once('close') };
}

/** Keeps the last `maxBytes` of the stream; `onOverflow` is called when there were more. */
function collect(
  stream: Readable | null,
  maxBytes: number,
  encoding: 'utf8' | 'latin1' = 'utf8',
  onOverflow: () => void = () => undefined,
): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) onOverflow();
    for (let first = chunks[0]; first !== undefined && size - first.length >= maxBytes; first = chunks[0]) {
      chunks.shift();
      size -= first.length;
    }
  });
  stream?.on('error', () => undefined);
  return () => Buffer.concat(chunks).subarray(-maxBytes).toString(encoding);
}

async function waitFor(clock: Clock, event: Promise<void>, ms: number): Promise<void> {
  const happened = new AbortController();
  void event.then(() => {
    happened.abort();
  });
  await sleptThrough(clock, ms, happened.signal);
}

function withTail(error: Error, file: string, stderr: string): ReasonedError {
  const tail = stderr.slice(-STDERR_TAIL_CHARACTERS);
  const own = error instanceof ReasonedError;
  const reason = own ? error.reason : 'CommandAborted';
  const message = own ? error.message : `${file} was killed because its work was abandoned`;
  return new ReasonedError(reason, message, {
    ...(own ? {} : { cause: error }),
    ...(tail === '' ? {} : { logTail: tail }),
  });
}
