import type { DriverContainer, DriverEngineInfo, Finding, FreezeWishes } from '../driver';
import { findFreezeProblems as findRuncProblems } from '../runc/checks';
import { CRIU_CONFIG_ANNOTATION, isOurCriuConfig, WRAPPER_RUNTIME } from '../runc/paths';
import type { DockerDriverOptions } from './options';

/** The last Engine that restores a container which has a network of its own; 28.5.2 does not, 26.1.5 does (measured). */
const PRIVATE_NETWORKS_UNTIL = 26;

/** Why this container cannot be frozen through Docker's API on this node. */
export async function findFreezeProblems(
  container: DriverContainer,
  wishes: FreezeWishes | undefined,
  options: DockerDriverOptions,
): Promise<Finding[]> {
  const found = (await findRuncProblems(container, options)).filter(({ reason }) => reason !== 'CriuConfigNotCarried');
  found.push(...experimental(await options.engine.info()));
  if (container.runtime === WRAPPER_RUNTIME) {
    found.push(
      blocking(
        'RuntimeNeedsWrapper',
        `the container has the runtime "${WRAPPER_RUNTIME}", as an earlier move by driver runc has left it: move it by that driver`,
      ),
    );
  }
  const config = container.annotations[CRIU_CONFIG_ANNOTATION];
  if (config === undefined) {
    const problem = await options.swap.problem();
    if (problem !== undefined) found.push(blocking('CriuConfigUnusable', `${problem}: driver docker has to change it`));
  } else if (!isOurCriuConfig(options.runDir, config)) {
    found.push(
      blocking(
        'CriuConfigForeign',
        `the container has a CRIU configuration of its own (${config}), so that driver docker cannot tell CRIU where to write; move it by driver runc`,
      ),
    );
  }
  if (wishes?.connections === 'Keep') {
    found.push(
      blocking(
        'ConnectionsNotKept',
        'driver docker does not carry connections along (spec.connections: Keep): Docker lets the restored processes run before anybody can look; use driver runc',
      ),
    );
  }
  return found;
}

/** Why Docker on this node cannot restore such a container. */
export function findWakeProblems(
  engine: DriverEngineInfo,
  container?: { readonly hasNodeNetwork: boolean },
): Finding[] {
  const found = experimental(engine);
  const major = Number(/^v?(\d+)/.exec(engine.version)?.[1] ?? NaN);
  if (major > PRIVATE_NETWORKS_UNTIL && container?.hasNodeNetwork !== true) {
    found.push(
      blocking(
        'PrivateNetworkUnsupported',
        `Docker ${engine.version} cannot restore a container that has a network of its own (containerd issue 12141), only one with --network host; ` +
          'install the OCI runtime wrapper for driver runc, or use Docker 26',
      ),
    );
  }
  return found;
}

function experimental(engine: Pick<DriverEngineInfo, 'experimental'>): Finding[] {
  if (engine.experimental) return [];
  return [
    blocking(
      'EngineNotExperimental',
      'Docker on this node was started without its experimental features, which checkpoints are: add {"experimental":true} to ' +
        '/etc/docker/daemon.json and restart dockerd (a reload is not enough)',
    ),
  ];
}

const blocking = (reason: string, message: string): Finding => ({ reason, message, blocking: true });

/** It is the wrapper that starts the page server, and without one CRIU would wait for it. */
export const NOT_LAZY: Finding = blocking(
  'LazyPagesNotByDriver',
  'driver docker brings all of the memory before the container runs: nothing starts a page server there; set spec.memory to Eager, ' +
    'or use driver runc',
);
