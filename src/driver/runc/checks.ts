import { ReasonedError } from '../../runtime/errors';
import type { DriverContainer, DriverEngineInfo, Finding } from '../driver';
import type { BeneathDocker, RuncDriverOptions } from './options';
import {
  CRIU_CONFIG_ANNOTATION,
  findRuncRoot,
  isOurCriuConfig,
  networkScriptOf,
  pagesScriptOf,
  WRAPPER_RUNTIME,
} from './paths';
import { findWrapperProblem, whyItFails } from './wrapper-protocol';

/** Why this container cannot be frozen with runc on this node. */
export async function findFreezeProblems(container: DriverContainer, options: BeneathDocker): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    await findRuncRoot(options.execRoot, container);
  } catch (error) {
    if (!(error instanceof ReasonedError)) throw error;
    findings.push({ reason: error.reason, message: error.message, blocking: true });
  }
  const broken = await whyItFails('runc', ['--version'], options.run);
  if (broken !== undefined) {
    findings.push({
      reason: 'RuncMissing',
      message: `runc does not run on this node (${broken}): install the one that Docker uses into the PATH of the agent`,
      blocking: true,
    });
  }
  const config = container.annotations[CRIU_CONFIG_ANNOTATION];
  if (config !== undefined && !isOurCriuConfig(options.runDir, config)) {
    findings.push({
      reason: 'CriuConfigNotCarried',
      message: `the container has a CRIU configuration of its own (${config}): the dump uses it, the container on the target will not have it`,
      blocking: false,
    });
  }
  return findings;
}

/** Why this node cannot wake a container up through the wrapper. */
export async function findWakeProblems(
  engine: Pick<DriverEngineInfo, 'runtimes'>,
  options: Pick<RuncDriverOptions, 'run' | 'wrapperPath'>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const registered = engine.runtimes[WRAPPER_RUNTIME];
  if (registered === undefined) {
    const lines = JSON.stringify({ runtimes: { [WRAPPER_RUNTIME]: { path: options.wrapperPath } } });
    findings.push({
      reason: 'RestoreRuntimeMissing',
      message: `Docker on this node does not know the runtime "${WRAPPER_RUNTIME}": add ${lines} to /etc/docker/daemon.json, then kill -HUP "$(pidof dockerd)" (a reload; containers run on)`,
      blocking: true,
    });
  }
  const problem = await findWrapperProblem(registered?.path ?? options.wrapperPath, options.run);
  if (problem !== undefined) findings.push(problem);
  return findings;
}

/** Why this node cannot restore sockets that need their addresses before Docker has made the container's network. */
export async function findAddressProblems(engine: DriverEngineInfo, options: RuncDriverOptions): Promise<Finding[]> {
  const script = networkScriptOf(engine.runtimes[WRAPPER_RUNTIME]?.path ?? options.wrapperPath);
  const broken = await whyItFails(script, ['check'], options.run);
  if (broken === undefined) return [];
  return [
    {
      reason: 'NetworkScriptNotInstalled',
      message: `${script} does not run on this node (${broken}), without which open connections cannot be woken up: install it beside the OCI runtime wrapper, executable, with iproute2 and iptables`,
      blocking: true,
    },
  ];
}

/** Why this node cannot bring memory in while a container runs already. */
export async function findLazyProblems(
  engine: Pick<DriverEngineInfo, 'runtimes'>,
  options: Pick<RuncDriverOptions, 'run' | 'wrapperPath'>,
): Promise<Finding[]> {
  const script = pagesScriptOf(engine.runtimes[WRAPPER_RUNTIME]?.path ?? options.wrapperPath);
  const broken = await whyItFails(script, ['check'], options.run);
  if (broken === undefined) return [];
  return [
    {
      reason: 'LazyPagesUnsupported',
      message: `this node cannot bring memory in while a container runs already (${broken}): that needs ${script}, executable, and a kernel and CRIU that know userfaultfd; or set spec.memory to Eager`,
      blocking: true,
    },
  ];
}
