import type { MigrationNodeStatus, NodeCondition, NodeProblem, NodeRole } from '../../api/migration-node';
import type { Finding } from '../../driver/driver';
import type { InstallState } from '../install/settle';
import type { ProbeResult } from '../ports';
import { instructionSets } from '../survey/cpu';
import type { NodeFacts } from '../survey/facts';
import { versionsOf } from '../survey/survey-source';
import { nodeVersionChecks } from '../survey/versions';

/** What an agent finds on its node when no migration asks. */
export interface NodeLook {
  readonly nodeName: string;
  readonly facts: Pick<NodeFacts, 'machine' | 'kernel' | 'criu' | 'runc' | 'cpuFlags' | 'memory'>;
  readonly docker: string;
  /** Undefined when Docker does not tell. */
  readonly containerd: string | undefined;
  readonly criu: ProbeResult;
  readonly volume: ProbeResult;
  /** What the driver runc finds against waking containers up here. */
  readonly wake: readonly Finding[];
  /** The same of the driver docker; what is wrong with Docker itself stands against freezing them, too. */
  readonly wakeByDocker: readonly Finding[];
}

type Condition = Omit<NodeCondition, 'lastTransitionTime'>;
type Status = Omit<MigrationNodeStatus, 'conditions' | 'lastHeartbeatTime'>;

/** What follows from a look: the status of the node's object, and its condition Ready. */
export function assessNode(look: NodeLook): { readonly status: Status; readonly ready: Condition } {
  const { facts, docker, containerd } = look;
  const drivers = driversOf(look);
  return {
    status: {
      summary: summaryOf(drivers),
      versions: { ...versionsOf(facts), docker, ...(containerd === undefined ? {} : { containerd }) },
      machine: facts.machine,
      cpuFeatures: instructionSets(facts.machine, facts.cpuFlags),
      memoryBytes: facts.memory.totalBytes,
      drivers,
    },
    ready: readiness(drivers, look.volume),
  };
}

/** For a look that failed: what was found before stands as it was. */
export function notReady(reason: string, message: string): Condition {
  return { type: 'Ready', status: 'False', reason, message };
}

/** The installation of the wrapper as a condition. */
export function wrapperCondition(state: InstallState | undefined): Condition {
  const type = 'WrapperInstalled';
  if (state === undefined)
    return { type, status: 'Unknown', reason: 'NotLookedYet', message: 'the agent has just begun' };
  const { installed, reason, message } = state;
  return { type, status: installed ? 'True' : 'False', reason, message };
}

type NodeDriver = NonNullable<Status['drivers']>[number];

/** Every driver, the preferred one first. */
function driversOf({ nodeName, facts, docker, criu, wake, wakeByDocker }: NodeLook): NodeDriver[] {
  const both: Pick<Finding, 'reason' | 'message'>[] = [
    ...(criu.ok ? [] : [criu]),
    ...nodeVersionChecks({ ...versionsOf(facts), docker, nodeName }).filter(({ blocking }) => blocking),
  ];
  const source =
    facts.runc === undefined ? [{ reason: 'RuncMissing', message: 'runc does not run on this node: install it' }] : [];
  const [against, againstByDocker] = [wake, wakeByDocker].map((found) => found.filter(({ blocking }) => blocking));
  const notExperimental = againstByDocker?.filter(({ reason }) => reason === 'EngineNotExperimental') ?? [];
  return [
    driverOf('runc', [...both, ...source], [...both, ...(against ?? [])]),
    driverOf('docker', [...both, ...source, ...notExperimental], [...both, ...(againstByDocker ?? [])]),
  ];
}

function driverOf(
  name: string,
  source: readonly Pick<Finding, 'reason' | 'message'>[],
  target: readonly Pick<Finding, 'reason' | 'message'>[],
): NodeDriver {
  const problems = [
    ...source.map((problem) => problemOf('Source', problem)),
    ...target.map((problem) => problemOf('Target', problem)),
  ];
  const roles = (['Source', 'Target'] as const).filter((role) => problems.every((problem) => problem.role !== role));
  return { name, roles, ...(problems.length === 0 ? {} : { problems }) };
}

function problemOf(role: NodeRole, { reason, message }: Pick<Finding, 'reason' | 'message'>): NodeProblem {
  return { role, reason, message };
}

function summaryOf(drivers: readonly NodeDriver[]): string {
  const words = drivers.flatMap(({ name, roles: [role, other] }) => {
    if (role === undefined) return [];
    return other === undefined ? [`${name} (${role} only)`] : [name];
  });
  return words.length === 0 ? 'none' : words.join(', ');
}

/** One driver is enough. What keeps all of them from it is told of the preferred one. */
function readiness(drivers: readonly NodeDriver[], volume: ProbeResult): Condition {
  const isEnough = drivers.some(({ problems = [] }) => problems.length === 0);
  const problems = isEnough ? [] : (drivers[0]?.problems ?? []);
  const [first] = [...(volume.ok ? [] : [volume]), ...problems];
  if (first !== undefined) return notReady(first.reason, first.message);
  return { type: 'Ready', status: 'True', reason: 'NodeReady', message: 'containers can leave this node and enter it' };
}
