import type { Check, ContainerMigration, SourceStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { blocking, findings, probeNode, refusal, volumeIDOf } from '../node-checks';
import type { AgentDeps } from '../ports';
import { surveySource } from '../survey/survey-source';
import { findContainer } from './find-container';
import { inProgress } from '../journal';
import { otherHolder } from '../journal-holder';

/** Looks whether the container can be frozen here and now. Changes nothing; what stands against it is a blocking check. */
export async function preflightSource(migration: ContainerMigration, deps: AgentDeps): Promise<SourceStatus> {
  const base = { nodeName: deps.node.name, state: 'Preflighted' } as const;
  let container: ContainerInfo;
  try {
    container = await findContainer(deps.engine, migration.spec.source.container, deps.node.name);
  } catch (error) {
    return { ...base, checks: [refusal(error)] };
  }
  const checks = await findings(() => containerChecks(container, deps));
  checks.push(...(await findings(() => probeNode(deps.node))));
  let volumeID: string | undefined;
  checks.push(
    ...(await findings(async () => {
      volumeID = await volumeIDOf(deps.node, checks);
      return [];
    })),
  );
  const survey = await surveySource(container, checks, deps);
  checks.push(...survey.checks);
  const holder = await otherHolder(container.id, migration, deps);
  if (holder !== undefined) checks.unshift(refusal(inProgress(holder)));
  return {
    ...base,
    containerID: container.id,
    containerName: container.name,
    imageID: container.imageID,
    imageName: container.imageName,
    networks: [...container.networks],
    ...(volumeID === undefined ? {} : { volumeID }),
    bindSources: [...container.bindSources],
    ...survey.status,
    checks,
  };
}

async function containerChecks(container: ContainerInfo, deps: AgentDeps): Promise<Check[]> {
  const pod = container.labels['io.kubernetes.pod.name'];
  if (pod !== undefined) {
    const namespace = container.labels['io.kubernetes.pod.namespace'] ?? '?';
    return [
      blocking(
        'ManagedByKubelet',
        `container ${container.name} belongs to pod ${namespace}/${pod}: its kubelet would start it again on this node; ` +
          'only containers that Docker alone runs can be moved',
      ),
    ];
  }
  if (container.state !== 'running') {
    const cure = container.state === 'paused' ? 'unpause it first' : 'start it first';
    return [blocking('ContainerNotRunning', `container ${container.name} is ${container.state}, not running; ${cure}`)];
  }
  return [
    ...carriedChecks(container),
    ...(await processChecks(container, deps)),
    ...(await deps.driver.checkFreeze(container)),
  ];
}

/** What belongs to the container and would not arrive. */
function carriedChecks(container: ContainerInfo): Check[] {
  const checks: Check[] = [];
  if (container.volumes.length > 0) {
    checks.push(
      blocking(
        'VolumesNotCarried',
        `container ${container.name} uses the volumes ${container.volumes.join(', ')}, whose files would stay behind; ` +
          'mount a directory of the shared storage into it instead',
      ),
    );
  }
  if (container.networkMode.startsWith('container:')) {
    checks.push(
      blocking(
        'NetworkModeUnsupported',
        `container ${container.name} lives in the network of another container (${container.networkMode}), which does not move with it`,
      ),
    );
  }
  if (container.init) {
    checks.push(
      blocking(
        'InitNotSupported',
        `container ${container.name} was started with --init, whose program CRIU cannot mount again yet; start it without`,
      ),
    );
  }
  if (container.execIDs.length > 0) {
    checks.push({
      reason: 'ExecSessionsLost',
      message: `${container.execIDs.length} \`docker exec\` sessions run in the container; they end with the move`,
      blocking: false,
    });
  }
  return checks;
}

async function processChecks(container: ContainerInfo, { node }: AgentDeps): Promise<Check[]> {
  const checks: Check[] = [];
  const connections = await node.establishedConnections(container.pid);
  if (connections.length > 0) {
    const shown = connections.slice(0, 5).map(({ local, remote, state }) => `${local} ↔ ${remote} (${state})`);
    const more = connections.length > shown.length ? ` and ${connections.length - shown.length} more` : '';
    checks.push(
      blocking(
        'EstablishedConnections',
        `container ${container.name} has ${connections.length} TCP connections that would break: ${shown.join(', ')}${more}; ` +
          'close them or wait until they are closed (connections cannot be kept yet)',
      ),
    );
  }
  const stopped = await node.stoppedProcesses(container.pid);
  if (stopped.length > 0) {
    checks.push(
      blocking(
        'StoppedProcesses',
        `processes ${stopped.join(', ')} of container ${container.name} are stopped by a signal and would run on after the ` +
          'move; continue them (kill -CONT) or end them first',
      ),
    );
  }
  return checks;
}
