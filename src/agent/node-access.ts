import { release } from 'node:os';
import { probeCriu } from '../criu/probe';
import { closeConnections } from '../driver/close-connections';
import { probeClosing } from '../driver/probe-closing';
import { findDumpFacts } from '../driver/dump-facts';
import { createFindPaths } from '../driver/find-paths';
import { connectionsToKeep, containerPids, establishedConnections, stoppedProcesses } from '../driver/processes';
import { readTranslations } from '../driver/translations';
import type { Clock } from '../runtime/clock';
import { withDeadline } from '../runtime/deadline';
import type { CommandRunner } from '../runtime/exec';
import { measureClockOffset } from '../store/clock-offset';
import { listLogFiles } from '../store/log-files';
import { createVolumeProbe } from '../store/volume';
import { createVolumeSpeed } from '../store/volume-speed';
import type { NodeAccess } from './ports';
import { ownAddresses } from './survey/look-at-sockets';
import { lookAtNode } from './survey/look-at-node';

const PATH_TIMEOUT_MS = 10_000;
/** A deleted file may lie on a file server that does not answer. */
const FACTS_TIMEOUT_MS = 20_000;

/**
 * Runs programs in the namespaces of another process: an agent in a pod must use the node's own criu, runc and tar.
 * @param hostPid a process of the node, `1` with hostPID; undefined when the agent runs on the node itself
 */
export function onNode(commands: CommandRunner, hostPid: string | undefined): CommandRunner {
  if (hostPid === undefined) return commands;
  const enter = [...namespacesOf(hostPid), '-p', '--'];
  return { run: (file, args, options) => commands.run('nsenter', [...enter, file, ...args], options) };
}

const namespacesOf = (hostPid: string): string[] => ['-t', hostPid, '-m', '-u', '-n', '-i'];

/** A process in the network of the node itself, for an agent that may live in a pod. */
export function nodePidOf(hostPid: string | undefined): number | 'self' {
  return hostPid === undefined ? 'self' : Number(hostPid);
}

/** The node as it really is. */
export function createNodeAccess(options: {
  readonly name: string;
  readonly volume: string;
  readonly runDirectory: string;
  readonly commands: CommandRunner;
  readonly hostPid: string | undefined;
  readonly clock: Clock;
  readonly isOutOfService: () => Promise<boolean>;
}): NodeAccess {
  const { name, volume, runDirectory, commands, hostPid, clock, isOutOfService } = options;
  // Without -p: with it nsenter forks, and the process that CRIU shall dump would have another pid.
  const enterNode = hostPid === undefined ? [] : ['nsenter', ...namespacesOf(hostPid), '--'];
  const nodePid = nodePidOf(hostPid);
  const findPaths = createFindPaths(commands);
  const volumeProbe = createVolumeProbe({ node: name, clock });
  const measureVolume = createVolumeSpeed({ root: volume, node: name, clock, commands });
  return {
    name,
    isOutOfService,
    probeCriu: () => probeCriu({ run: commands, clock, runDir: runDirectory, kernelRelease: release(), enterNode }),
    probeVolume: () => volumeProbe.checkVolume(volume),
    volumeID: () => volumeProbe.volumeID(volume),
    measureClock: () => measureClockOffset(volume, name),
    establishedConnections: async (pid) => establishedConnections(await containerPids(pid)),
    connectionsToKeep: async (pid) => connectionsToKeep(await containerPids(pid), nodePid),
    nodeNetwork: async () => {
      const [addresses, translations] = await Promise.all([ownAddresses(String(nodePid)), readTranslations(nodePid)]);
      return { addresses, translations };
    },
    probeClosing: () => probeClosing({ run: commands, clock }),
    closeConnections: (pid) => closeConnections(pid, { run: commands, clock, nodePid }),
    stoppedProcesses: async (pid) => stoppedProcesses(await containerPids(pid)),
    dumpFacts: async (pid) =>
      withDeadline({ clock, ms: FACTS_TIMEOUT_MS, what: `what process ${pid} has open` }, async () =>
        findDumpFacts(pid, await containerPids(pid), findPaths),
      ),
    pathExists: async (path) => {
      const { exitCode } = await commands.run('test', ['-e', path], { timeoutMs: PATH_TIMEOUT_MS });
      return exitCode === 0;
    },
    logSizeBytes: async (logs) => (await listLogFiles(logs)).reduce((total, { sizeBytes }) => total + sizeBytes, 0),
    survey: (what) => lookAtNode(what, { commands, hostPid, measureVolume }),
  };
}
