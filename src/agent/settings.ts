import { BREAKPOINTS_VARIABLE } from '../runtime/breakpoints';
import { Environment } from '../runtime/environment';
import type { LogLevel } from '../runtime/log';
import type { InstallMode } from './install/decide';
import { INSTALL_MODES } from './install/decide';

/** What the agent is told from outside, by the chart's DaemonSet. */
export interface Settings {
  /** Absent: the credentials of the pod. */
  readonly kubeconfig: string | undefined;
  readonly namespace: string;
  readonly node: string;
  /** Where the shared volume is mounted. */
  readonly volume: string;
  readonly dockerSocket: string;
  /** `--exec-root` of dockerd. */
  readonly execRoot: string;
  /** What is the agent's own and need not outlive a reboot. */
  readonly runDirectory: string;
  readonly wrapperPath: string;
  readonly hooksDirectory: string;
  readonly install: InstallMode;
  /** The node's init as the agent sees it; absent: the agent runs on the node itself. */
  readonly hostPid: string | undefined;
  readonly healthPort: number;
  readonly dumpMs: number;
  readonly wakeMs: number;
  /** 0: as fast as it can. */
  readonly maxBytesPerSecond: number;
  readonly breakpoints: string | undefined;
  readonly logLevel: LogLevel;
}

/**
 * Reads the agent's environment.
 *
 * @throws ReasonedError EnvironmentInvalid with everything that is wrong with it
 */
export function readSettings(variables: NodeJS.ProcessEnv): Settings {
  const env = new Environment(variables);
  const settings: Settings = {
    kubeconfig: env.optional('KUBECONFIG'),
    namespace: env.text('TRANSSHIP_NAMESPACE', 'transship-system'),
    node: env.text('TRANSSHIP_NODE_NAME'),
    volume: env.text('TRANSSHIP_VOLUME', '/mnt/transship'),
    dockerSocket: env.text('TRANSSHIP_DOCKER_SOCKET', '/run/docker.sock'),
    execRoot: env.text('TRANSSHIP_DOCKER_EXEC_ROOT', '/var/run/docker'),
    runDirectory: env.text('TRANSSHIP_RUN_DIR', '/run/transship'),
    wrapperPath: env.text('TRANSSHIP_WRAPPER_PATH', '/opt/transship/oci/transship-runc'),
    hooksDirectory: env.text('TRANSSHIP_HOOKS_DIR', '/etc/transship/hooks'),
    install: env.oneOf('TRANSSHIP_INSTALL', INSTALL_MODES, 'manual'),
    hostPid: env.optional('TRANSSHIP_HOST_PID'),
    healthPort: env.number('TRANSSHIP_HEALTH_PORT', 8080),
    dumpMs: env.number('TRANSSHIP_DUMP_TIMEOUT_SECONDS', 120) * 1000,
    wakeMs: env.number('TRANSSHIP_WAKE_TIMEOUT_SECONDS', 120) * 1000,
    maxBytesPerSecond: env.number('TRANSSHIP_MAX_BYTES_PER_SECOND', 0),
    breakpoints: env.optional(BREAKPOINTS_VARIABLE),
    logLevel: env.oneOf('TRANSSHIP_LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info'),
  };
  env.check();
  return settings;
}
