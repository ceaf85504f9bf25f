import { readFile } from 'node:fs/promises';
import { machine, release } from 'node:os';
import { join } from 'node:path';
import { containerPids } from '../../driver/processes';
import type { CommandRunner } from '../../runtime/exec';
import type { VolumeSpeed } from '../../store/volume-speed';
import type { NodeFacts, Survey } from './facts';
import { lookAtContainer } from './look-at-container';
import { ownAddresses } from './look-at-sockets';
import { bytesOf, parseCpuFlags, parseHasSysResource, parseListeners } from './parse-proc';

const VERSION_TIMEOUT_MS = 10_000;

/**
 * Looks at the node as it is now. Reads /proc and runs `--version` of two programs; nothing is changed but a file that
 * the volume's speed is measured with, and that is removed again.
 *
 * @throws ReasonedError ContainerProcessesUnknown, or a VolumeFault
 */
export async function lookAtNode(
  { container, volume }: Survey,
  how: {
    readonly commands: CommandRunner;
    /** A process of the node whose network is the node's; undefined when the agent's own is. */
    readonly hostPid: string | undefined;
    readonly measureVolume: () => Promise<VolumeSpeed>;
  },
): Promise<NodeFacts> {
  const [cpuinfo, meminfo, status] = await Promise.all(
    ['cpuinfo', 'meminfo', 'self/status'].map((name) => readFile(join('/proc', name), 'utf8')),
  );
  const [criu, runc] = await Promise.all([
    versionOf('criu', /^Version:\s*(\S+)/m, how.commands),
    versionOf('runc', /^runc version\s+(\S+)/m, how.commands),
  ]);
  return {
    machine: machine(),
    kernel: release(),
    criu,
    runc,
    cpuFlags: parseCpuFlags(cpuinfo ?? ''),
    memory: { totalBytes: bytesOf(meminfo ?? '', 'MemTotal'), availableBytes: bytesOf(meminfo ?? '', 'MemAvailable') },
    hasSysResource: parseHasSysResource(status ?? ''),
    listeners: await listenersOf(how.hostPid ?? 'self'),
    addresses: await ownAddresses(how.hostPid ?? 'self'),
    volume: volume ? await how.measureVolume() : undefined,
    container:
      container === undefined
        ? undefined
        : await lookAtContainer(
            { pids: await containerPids(container.pid), upperDir: container.upperDir },
            how.commands,
          ),
  };
}

async function listenersOf(pid: string): Promise<NodeFacts['listeners']> {
  const tables = await Promise.all(
    (['tcp', 'tcp6', 'udp', 'udp6'] as const).map(async (name) => {
      // A kernel without IPv6 has no tcp6.
      const table = await readFile(join('/proc', pid, 'net', name), 'utf8').catch(() => '');
      return parseListeners(table, name.startsWith('tcp') ? 'tcp' : 'udp');
    }),
  );
  return tables.flat();
}

/** Undefined when it does not run: other checks say so, and what to do. */
async function versionOf(program: string, line: RegExp, commands: CommandRunner): Promise<string | undefined> {
  try {
    const { stdout } = await commands.run(program, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
    return line.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
