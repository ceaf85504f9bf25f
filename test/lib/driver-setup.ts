import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckpointDirectories, Driver, DriverContainer } from '../../src/driver/driver';
import { createRuncDriver } from '../../src/driver/runc/runc-driver';
import { WRAPPER_PROTOCOL } from '../../src/driver/runc/wrapper-protocol';
import type { Clock } from '../../src/runtime/clock';
import { systemClock } from '../../src/runtime/clock';
import { ReasonedError } from '../../src/runtime/errors';
import type { CommandResult, CommandRunner } from '../../src/runtime/exec';

/** The container of `DriverSetup`. */
export const ID = 'c'.repeat(64);
/** The migration of `DriverSetup`. */
export const UID = '11111111-2222-4333-8444-555555555555';
export const container: DriverContainer = { id: ID, pid: 4711, runtime: 'transship', annotations: {} };

/** A real log or statistics file of CRIU 4.2.1. */
export function criuFixture(name: string): Buffer {
  return readFileSync(join(__dirname, '../fixtures/criu', name));
}

/** Docker's runc, as far as the driver looks: the container's state, and what a checkpoint leaves. */
export class FakeRunc implements CommandRunner {
  status = 'paused';
  /** A program that is not installed. */
  missing = '';
  /** What the wrapper says when it is asked for its version; undefined for one that does not know the question. */
  protocol: number | undefined = WRAPPER_PROTOCOL;
  /** What `runc checkpoint --help` says. */
  help = '  --tcp-established  allow open TCP connections\n  --tcp-skip-in-flight  skip in-flight ones\n';
  checkpoint: () => Partial<CommandResult> | Promise<never> = () => ({});
  readonly commands: (readonly string[])[] = [];

  async run(file: string, args: readonly string[]): Promise<CommandResult> {
    if (file === this.missing) throw new ReasonedError('CommandNotFound', `${file} does not exist`);
    const result = { exitCode: 0, signal: null, stdout: '', stderr: '', durationMs: 5 };
    this.commands.push([file, ...args]);
    if (args.includes('--transship-version')) {
      if (this.protocol === undefined) return { ...result, exitCode: 1, stderr: 'flag provided but not defined' };
      return { ...result, stdout: `transship-runc protocol ${this.protocol}\nrunc version 1.3.6\n` };
    }
    if (args.includes('--help')) return { ...result, stdout: this.help };
    if (args.includes('state')) return { ...result, stdout: JSON.stringify({ status: this.status }) };
    if (args.includes('pause')) this.status = 'paused';
    if (args.includes('checkpoint') && !args.includes('--help')) return { ...result, ...(await this.checkpoint()) };
    return result;
  }
}

/** Directories of a node on which Docker has one container, and a driver on them. */
export class DriverSetup {
  readonly directory = mkdtempSync(join(tmpdir(), 'driver-'));
  readonly runDir = join(this.directory, 'run');
  readonly execRoot = join(this.directory, 'docker');
  readonly marker = join(this.runDir, 'restore', ID);
  checkpoint: CheckpointDirectories = {
    images: join(this.directory, 'images'),
    work: join(this.directory, 'work'),
  };
  readonly runc = new FakeRunc();
  /** Signals that all processes of the container were sent. */
  readonly signals: NodeJS.Signals[] = [];

  constructor() {
    mkdirSync(join(this.execRoot, 'runtime-runc/moby', ID), { recursive: true });
    writeFileSync(join(this.execRoot, 'runtime-runc/moby', ID, 'state.json'), '{}');
  }

  /** `start` is what Docker does when it is told to start a container. */
  driver(start: () => Promise<void> = () => Promise.resolve(), clock: Clock = systemClock): Driver {
    return createRuncDriver({
      run: this.runc,
      clock,
      dumpGraceMs: 100,
      signalAll: (_pid, signal) => {
        this.signals.push(signal);
        return Promise.resolve();
      },
      engine: { start },
      execRoot: this.execRoot,
      runDir: this.runDir,
      nodePid: 'self',
      wrapperPath: '/opt/transship/oci/transship-runc',
    });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
