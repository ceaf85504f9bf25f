import { execFile } from 'node:child_process';
import { release } from 'node:os';
import { promisify } from 'node:util';
import { probeCriu } from '../../src/criu/probe';
import { ConfigSwap, NODE_CRIU_CONFIG } from '../../src/driver/docker/config-swap';
import { createDockerDriver } from '../../src/driver/docker/docker-driver';
import type { ContainerInfo, EngineInfo } from '../../src/docker/engine';
import type { DriverContainer } from '../../src/driver/driver';
import { containerPids, establishedConnections, stoppedProcesses } from '../../src/driver/processes';
import { signalAll } from '../../src/driver/processes';
import { createRuncDriver } from '../../src/driver/runc/runc-driver';
import { systemClock } from '../../src/runtime/clock';
import { describeError, ReasonedError } from '../../src/runtime/errors';
import { createCommandRunner } from '../../src/runtime/exec';

// Runs inside a lab node: one call of the driver, its answer (or the error) as JSON. See node-program.ts.

const run = createCommandRunner(systemClock);
const docker = async (timeoutMs: number, ...args: string[]): Promise<string> =>
  (await promisify(execFile)('docker', args, { timeout: timeoutMs })).stdout;
const beneath = {
  run,
  clock: systemClock,
  execRoot: '/var/run/docker',
  runDir: '/run/transship',
  signalAll,
  nodePid: 'self' as const,
};
const driver = createRuncDriver({
  ...beneath,
  wrapperPath: '/opt/transship/oci/transship-runc',
  engine: {
    start: async (id, { timeoutMs }) => {
      await docker(timeoutMs, 'start', id);
    },
  },
});
/** As far as the docker driver looks. */
const format = '{"id":"{{.Id}}","state":"{{.State.Status}}","pid":{{.State.Pid}},"startedAt":"{{.State.StartedAt}}"}';
const dockerDriver = createDockerDriver({
  ...beneath,
  swap: new ConfigSwap(NODE_CRIU_CONFIG),
  engine: {
    info: () => Promise.resolve({ rootDir: '/var/lib/docker' } as EngineInfo),
    inspect: async (id) => JSON.parse(await docker(2_000, 'inspect', '--format', format, id)) as ContainerInfo,
    kill: async (id) => {
      await docker(20_000, 'kill', id);
    },
  },
  checkpoints: {
    create: async (id, { name, directory, timeoutMs }) => {
      await docker(timeoutMs, 'checkpoint', 'create', '--leave-running', '--checkpoint-dir', directory, id, name);
    },
    start: async (id, { name, timeoutMs }) => {
      await docker(timeoutMs, 'start', '--checkpoint', name, id);
    },
  },
});

const calls = {
  ...driver,
  ...Object.fromEntries(Object.entries(dockerDriver).map(([name, call]) => [`docker.${name}`, call as unknown])),
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
