import type { Check, ContainerMigration, SourceStatus, TargetStatus } from '../../api/types';
import { addressesToRestore } from '../networks/kept-addresses';
import { targetNetworkChecks } from '../networks/see-networks';
import type { DriversSeen } from '../driver-checks';
import { targetDrivers } from '../driver-checks';
import { blocking, findings, probeNode, volumeIDOf } from '../node-checks';
import { moveHookChecks } from '../move-hook/checks';
import type { AgentDeps } from '../ports';
import { copied, shared } from '../volumes/plan';
import { volumeChecks } from '../volumes/target';
import type { ImagePlan } from './image-plan';
import { planImage } from './image-plan';
import { surveyTarget } from '../survey/survey-target';

/** The name that the container gets on the target. */
export function targetName({ spec, status }: ContainerMigration): string {
  return spec.target.containerName ?? status.source?.containerName ?? spec.source.container;
}

/** Looks whether the container can be woken up here. Changes nothing; what stands against it is a blocking check. */
export async function preflightTarget(migration: ContainerMigration, deps: AgentDeps): Promise<TargetStatus> {
  const name = targetName(migration);
  const base = { nodeName: deps.node.name, state: 'Preflighted', containerName: name } as const;
  const { source } = migration.status;
  // The source refuses already; there is nothing to look for here.
  if (source?.checks?.some(({ blocking }) => blocking)) return { ...base, checks: [] };
  let drivers: TargetStatus['drivers'];
  const checks = await findings(async () => {
    const seen = await lookAtDrivers(migration, deps);
    drivers = seen.drivers;
    return [...seen.checks, ...(await engineChecks(name, migration, deps))];
  });
  checks.push(...(await findings(() => volumeChecks(migration, source, deps))));
  let image: ImagePlan['image'];
  checks.push(
    ...(await findings(async () => {
      const plan = await planImage(migration, deps);
      image = plan.image;
      return plan.checks;
    })),
  );
  checks.push(...(await findings(() => moveHookChecks(migration, deps))));
  checks.push(...(await findings(() => probeNode(deps.node))));
  checks.push(...(await findings(() => sameVolume(source, checks, deps))));
  const survey = await surveyTarget(migration, checks, deps);
  const status = {
    ...survey.status,
    ...(image === undefined ? {} : { image }),
    ...(drivers === undefined ? {} : { drivers }),
  };
  return { ...base, ...status, checks: [...checks, ...survey.checks] };
}

/** An export that is not mounted leaves an empty directory, which can be written as well as the real one. */
async function sameVolume(
  source: SourceStatus | undefined,
  checks: readonly Check[],
  { node, store }: AgentDeps,
): Promise<Check[]> {
  const volumeID = await volumeIDOf(node, checks);
  if (volumeID === undefined || volumeID === source?.volumeID) return [];
  return [
    blocking(
      'VolumeNotShared',
      `${node.name} sees another volume at ${store.root} than ${source?.nodeName ?? 'the source'} does; ` +
        'is the same NFS export mounted there on both?',
    ),
  ];
}

async function lookAtDrivers({ spec, status: { source } }: ContainerMigration, deps: AgentDeps): Promise<DriversSeen> {
  const networkMode = source?.networks?.includes('host') === true ? 'host' : '';
  const addresses = addressesToRestore(source ?? {}, spec, networkMode) !== undefined;
  return targetDrivers(await deps.engine.info(), source, { addresses }, spec, deps);
}

async function engineChecks(
  name: string,
  { status: { source } }: ContainerMigration,
  deps: AgentDeps,
): Promise<Check[]> {
  return [...(await nameChecks(name, deps)), ...(await placeChecks(source, deps))];
}

async function nameChecks(name: string, { engine, node }: AgentDeps): Promise<Check[]> {
  const taken = (await engine.list()).find(({ names }) => names.includes(name));
  if (taken === undefined) return [];
  return [
    blocking(
      'NameTaken',
      `${node.name} has a container named ${name} already (${taken.id.slice(0, 12)}); remove or rename it, ` +
        'or give another name in spec.target.containerName',
    ),
  ];
}

/** The networks and host directories that the container is attached to. */
async function placeChecks(source: SourceStatus | undefined, deps: AgentDeps): Promise<Check[]> {
  const { node } = deps;
  const checks = await targetNetworkChecks(source, deps);
  for (const path of source?.bindSources ?? []) {
    // Of one that is copied there, all is said elsewhere.
    if (copied(source?.volumes).some(({ name }) => name === path)) continue;
    if (await node.pathExists(path)) {
      // Of one that must be shared, the next step has proof.
      if (shared(source?.volumes).some(({ name }) => name === path)) continue;
      checks.push({
        reason: 'BindMountNotCarried',
        message: `${path} is mounted into the container and is not carried; ${node.name} must show the same files there`,
        blocking: false,
      });
    } else {
      checks.push(
        blocking(
          'BindMountMissing',
          `${path} is mounted into the container and does not exist on ${node.name}; it must be on storage that both nodes share`,
        ),
      );
    }
  }
  return checks;
}
