import type { Check, ContainerMigration, SourceStatus, VolumeStatus } from '../../api/types';
import type { ContainerInfo } from '../../docker/engine';
import { ReasonedError } from '../../runtime/errors';
import { logsToCarry } from '../container-logs';
import { criuChecks } from '../criu-options';
import { asToBeMade, reachOf } from '../networks/kept-addresses';
import type { ToBeMade } from '../networks/kept-addresses';
import { sourceDrivers } from '../driver-checks';
import { blocking, findings, probeNode, refusal, volumeIDOf } from '../node-checks';
import { moveHookChecks } from '../move-hook/checks';
import type { AgentDeps } from '../ports';
import { connectionChecks } from './connections';
import { seeVolumes } from '../volumes/source-checks';
import { settingsChecks } from '../survey/settings-checks';
import { surveySource } from '../survey/survey-source';
import { findContainer } from './find-container';
import { logChecks } from './log-checks';
import { inProgress } from '../journal';
import { isTransient } from '../transient';
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
  let made: ToBeMade = { container, reach: reachOf({ connections: 'Refuse' }, {}, container) };
  const checks = await findings(async () => {
    made = await asToBeMade(container, migration.spec, deps);
    return containerChecks(made, migration, deps);
  });
  let drivers: SourceStatus['drivers'];
  checks.push(
    ...(await findings(async () => {
      if (!isMovable(container)) return [];
      const seen = await sourceDrivers(container, migration.spec, deps);
      drivers = seen.drivers;
      return seen.checks;
    })),
  );
  checks.push(...(await findings(() => moveHookChecks(migration, deps))));
  checks.push(...(await findings(() => probeNode(deps.node))));
  let volumeID: string | undefined;
  checks.push(
    ...(await findings(async () => {
      volumeID = await volumeIDOf(deps.node, checks);
      return [];
    })),
  );
  let volumes: VolumeStatus[] = [];
  checks.push(
    ...(await findings(async () => {
      const seen = await seeVolumes(container, migration.spec, deps);
      volumes = seen.volumes;
      return seen.checks;
    })),
  );
  const imageDigests = await digestsOf(container, deps);
  const survey = await surveySource(made.container, checks, deps, logsToCarry(migration, container));
  checks.push(...survey.checks);
  const holder = await otherHolder(container.id, migration, deps);
  if (holder !== undefined) checks.unshift(refusal(inProgress(holder)));
  return {
    ...base,
    containerID: container.id,
    containerName: container.name,
    startedAt: container.startedAt,
    imageID: container.imageID,
    imageName: container.imageName,
    ...(imageDigests.length === 0 ? {} : { imageDigests: [...imageDigests] }),
    networks: [...container.networks],
    ...(volumeID === undefined ? {} : { volumeID }),
    bindSources: [...container.bindSources],
    ...(volumes.length === 0 ? {} : { volumes }),
    ...survey.status,
    ...(drivers === undefined ? {} : { drivers }),
    checks,
  };
}

/** One that is none of Docker's own, or does not run, no driver need look at. */
function isMovable({ labels, state }: ContainerInfo): boolean {
  return labels['io.kubernetes.pod.name'] === undefined && state === 'running';
}

/** What cannot be asked for is only missed when the target has to pull the image, and it says so then. */
async function digestsOf({ imageID }: ContainerInfo, { images }: AgentDeps): Promise<readonly string[]> {
  try {
    return await images.digestsOf(imageID);
  } catch (error) {
    if (!(error instanceof ReasonedError) || isTransient(error)) throw error;
    return [];
  }
}

async function containerChecks(made: ToBeMade, migration: ContainerMigration, deps: AgentDeps): Promise<Check[]> {
  const { container } = made;
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
    ...settingsChecks(container, migration.spec),
    ...(await logChecks(container, migration, deps.node)),
    ...(await connectionChecks(made, migration, deps)),
    ...(await processChecks(container, deps)),
    ...(await criuChecks(migration, container, deps)),
  ];
}

/** What belongs to the container and would not arrive. */
function carriedChecks(container: ContainerInfo): Check[] {
  const checks: Check[] = [];
  if (container.networkMode.startsWith('container:')) {
    checks.push(
      blocking(
        'NetworkModeUnsupported',
        `container ${container.name} lives in the network of another container (${container.networkMode}), which does not move with it`,
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
