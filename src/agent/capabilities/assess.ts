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
  /** What the driver finds against waking containers up here. */
  readonly wake: readonly Finding[];
}

type Condition = Omit<NodeCondition, 'lastTransitionTime'>;
type Status = Omit<MigrationNodeStatus, 'conditions' | 'lastHeartbeatTime'>;

const DRIVER = 'runc';

/** What follows from a look: the status of the node's object, and its condition Ready. */
export function assessNode(look: NodeLook): { readonly status: Status; readonly ready: Condition } {
  const { facts, docker, containerd } = look;
  const problems = problemsOf(look);
  const roles = (['Source', 'Target'] as const).filter((role) => problems.every((problem) => problem.role !== role));
  return {
    status: {
      summary: summaryOf(roles),
      versions: { ...versionsOf(facts), docker, ...(containerd === undefined ? {} : { containerd }) },
      machine: facts.machine,
      cpuFeatures: instructionSets(facts.machine, facts.cpuFlags),
      memoryBytes: facts.memory.totalBytes,
      drivers: [{ name: DRIVER, roles, ...(problems.length === 0 ? {} : { problems }) }],
    },
    ready: readiness(problems, look.volume),
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

function problemsOf({ nodeName, facts, docker, criu, wake }: NodeLook): NodeProblem[] {
  const both: Pick<Finding, 'reason' | 'message'>[] = [
    ...(criu.ok ? [] : [criu]),
    ...nodeVersionChecks({ ...versionsOf(facts), docker, nodeName }).filter(({ blocking }) => blocking),
  ];
  const source =
    facts.runc === undefined ? [{ reason: 'RuncMissing', message: 'runc does not run on this node: install it' }] : [];
  return [
    ...[...both, ...source].map((problem) => problemOf('Source', problem)),
    ...[...both, ...wake.filter(({ blocking }) => blocking)].map((problem) => problemOf('Target', problem)),
  ];
}

function problemOf(role: NodeRole, { reason, message }: Pick<Finding, 'reason' | 'message'>): NodeProblem {
  return { role, reason, message };
}

function summaryOf(roles: readonly NodeRole[]): string {
  const [role, other] = roles;
  if (role === undefined) return 'none';
  if (other !== undefined) return DRIVER;
  return `${DRIVER} (${role} only)`;
}

function readiness(problems: readonly NodeProblem[], volume: ProbeResult): Condition {
  const [first] = [...(volume.ok ? [] : [volume]), ...problems];
  if (first !== undefined) return notReady(first.reason, first.message);
  return { type: 'Ready', status: 'True', reason: 'NodeReady', message: 'containers can leave this node and enter it' };
}
