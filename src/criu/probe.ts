import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../runtime/clock';
import { describeError, ReasonedError, reasonOf } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import { explainCriuLog } from './log';
import { readLogEnd } from './log-file';

export interface ProbeDependencies {
  readonly run: CommandRunner;
  readonly clock: Clock;
  /** A directory of our own, not on the shared volume; the probe removes what it makes there. */
  readonly runDir: string;
  /** `uname -r`, for the message. */
  readonly kernelRelease: string;
  /**
   * Program and arguments that run another program in the node's namespaces without a fork, for an agent in a pod:
   * CRIU dumps only what lives in the mounts that it sees itself. Empty on the node.
   */
  readonly enterNode: readonly string[];
}

export type CriuProbe =
  | { readonly ok: true; readonly version: string; readonly dumpMs: number }
  | {
      readonly ok: false;
      readonly reason: 'CriuMissing' | 'CriuUnusable';
      readonly message: string;
      readonly logTail: string;
    };

const VERSION_TIMEOUT_MS = 10_000;
const DUMP_TIMEOUT_MS = 20_000;
const START_TIMEOUT_MS = 2_000;
const START_POLL_MS = 5;
/** Opens the node's own /dev/null: one of the pod would be a file that CRIU cannot find. A constant, nothing is filled in. */
const SLEEPER = ['sh', '-c', 'cd / && exec sleep 60 </dev/null >/dev/null 2>&1'];
const ADVICE = 'install CRIU 4.2 or newer; kernels from 6.16 on need it';

/**
 * Whether CRIU works on this machine, found by a real dump of a process with a listening TCP socket: `criu check`
 * does not find the fault of CRIU before 4.2 on kernels from 6.16 on. Rejects only when the probe itself cannot be set
 * up, never for a fault of CRIU. Takes about 0.1 s.
 */
export async function probeCriu({
  run,
  clock,
  runDir,
  kernelRelease,
  enterNode,
}: ProbeDependencies): Promise<CriuProbe> {
  let version: string;
  try {
    version = await readVersion(run);
  } catch (error) {
    const message = `CRIU does not run on this node (${describeError(error)}): ${ADVICE}`;
    return { ok: false, reason: 'CriuMissing', message, logTail: '' };
  }
  const fault = (what: string, logTail: string): CriuProbe => ({
    ok: false,
    reason: 'CriuUnusable',
    message: `CRIU ${version} could not dump a process with a listening socket on kernel ${kernelRelease}: ${what}`,
    logTail,
  });

  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(runDir, 'criu-probe-'));
  try {
    const result = await withListener(enterNode, clock, (pid) =>
      run.run(
        'criu',
        ['dump', '--leave-running', '--tree', String(pid), '--images-dir', directory, '--log-file', 'dump.log', '-v1'],
        { timeoutMs: DUMP_TIMEOUT_MS },
      ),
    );
    if (result.exitCode === 0) return { ok: true, version, dumpMs: result.durationMs };
    const { reason, message, tail } = explainCriuLog(await readLogEnd(join(directory, 'dump.log')), 'dump');
    return fault(reason === 'CriuUnusable' ? message : `${message}; ${ADVICE}`, tail === '' ? result.stderr : tail);
  } catch (error) {
    if (!reasonOf(error, '').startsWith('Command')) throw error;
    const { tail } = explainCriuLog(await readLogEnd(join(directory, 'dump.log')), 'dump');
    return fault(`${describeError(error)}; ${ADVICE}`, tail);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readVersion(run: CommandRunner): Promise<string> {
  const { stdout, stderr, exitCode } = await run.run('criu', ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  const version = /^Version:\s*(\S+)/m.exec(stdout)?.[1];
  if (exitCode === 0 && version !== undefined) return version;
  throw new ReasonedError(
    'CriuVersionUnknown',
    `criu --version ended with ${exitCode ?? 'a signal'}: ${stderr.trim()}`,
  );
}

/** Runs `work` with the pid of a small process, in a session of its own, that has a listening TCP socket. */
async function withListener<T>(
  enterNode: readonly string[],
  clock: Clock,
  work: (pid: number) => Promise<T>,
): Promise<T> {
  const server = createServer();
  let sleeper: ChildProcess | undefined;
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [file, ...args] = [...enterNode, ...SLEEPER];
    sleeper = spawn(file ?? 'sh', args, {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', descriptorOf(server)],
    });
    await once(sleeper, 'spawn');
    await becomesSleep(sleeper.pid, clock);
    return await work(sleeper.pid ?? 0);
  } finally {
    sleeper?.kill('SIGKILL');
    server.close();
  }
}

/** The process is a shell, or nsenter, before it is what shall be dumped. */
async function becomesSleep(pid: number | undefined, clock: Clock): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += START_POLL_MS) {
    const command = await readFile(`/proc/${pid ?? 0}/comm`, 'utf8').catch(() => '');
    if (command.trim() === 'sleep') return;
    await clock.sleep(START_POLL_MS);
  }
  throw new ReasonedError('ProbeNotStarted', 'the process to be dumped did not start on the node');
}

/** Node.js has no documented way to a server's descriptor; this one has been there since the beginning. */
function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle');
  const descriptor: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof descriptor === 'number' && descriptor >= 0) return descriptor;
  throw new ReasonedError('ProbeNotStarted', 'this Node.js does not tell the descriptor of a listening socket');
}
