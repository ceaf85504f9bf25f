import { execFile } from 'node:child_process';
import { release } from 'node:os';
import { promisify } from 'node:util';
import { probeCriu } from '../../src/criu/probe';
import type { DriverContainer } from '../../src/driver/driver';
import { containerPids, establishedConnections, stoppedProcesses } from '../../src/driver/processes';
import { signalAll } from '../../src/driver/processes';
import { createRuncDriver } from '../../src/driver/runc/runc-driver';
import { systemClock } from '../../src/runtime/clock';
import { describeError, ReasonedError } from '../../src/runtime/errors';
import { createCommandRunner } from '../../src/runtime/exec';

// Runs inside a lab node: one call of the driver, its answer (or the error) as JSON. See node-program.ts.

const run = createCommandRunner(systemClock);
const driver = createRuncDriver({
  run,
  clock: systemClock,
  execRoot: '/var/run/docker',
  runDir: '/run/transship',
  wrapperPath: '/opt/transship/oci/transship-runc',
  signalAll,
  nodePid: 'self',
  engine: {
    start: async (id, { timeoutMs }) => {
      await promisify(execFile)('docker', ['start', id], { timeout: timeoutMs });
    },
  },
});

const calls = {
  ...driver,
  probeCriu: (kernelRelease: string = release()) =>
    probeCriu({ run, clock: systemClock, runDir: '/run/transship', kernelRelease, enterNode: [] }),
  connections: async (container: DriverContainer) => establishedConnections(await containerPids(container.pid)),
  stopped: async (container: DriverContainer) => stoppedProcesses(await containerPids(container.pid)),
};

async function main(): Promise<void> {
  const [name, ...args] = JSON.parse(process.argv[2] ?? '[]') as [string, ...unknown[]];
  const call: unknown = Reflect.get(calls, name);
  if (typeof call !== 'function') throw new Error(`the driver has no ${name}`);
  try {
    console.log(JSON.stringify({ value: (await (call as (...args: unknown[]) => Promise<unknown>)(...args)) ?? null }));
  } catch (error) {
    const { reason, logTail } = error instanceof ReasonedError ? error : { reason: 'Error', logTail: undefined };
    console.log(JSON.stringify({ error: { reason, message: describeError(error), logTail } }));
  }
}

void main();
