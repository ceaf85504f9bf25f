import type { MigrationRequest } from '../../api/types';
import { hasTarget } from '../../api/types';
import { ruleBroken } from '../../api/validate';
import type { ControllerBranch } from '../branches';
import { pickTarget } from './pick-target';
import { RECHECK_MS, startOf, waitForTurn } from './waiting';
import type { ControllerObservation, ControllerStep } from './step';

/** Whether the agents may look at the container at all. Nothing was touched yet, so every end is a plain refusal. */
export function admit(migration: MigrationRequest, seen: ControllerObservation): ControllerStep {
  const { spec } = migration;
  if (spec.cancel) return refuse('RefuseCancelled', 'Cancelled', 'spec.cancel was true before anything had begun');
  const broken = ruleBroken(spec);
  if (broken !== undefined) return refuse('RefuseSpec', broken.reason, broken.message);
  for (const role of ['source', 'target'] as const) {
    const node = spec[role].nodeName;
    if (node === undefined) continue;
    if (!seen[role].exists) {
      return refuse(
        'RefuseNode',
        'NodeNotFound',
        `there is no node ${node} (spec.${role}.nodeName); \`kubectl get nodes\` lists those that exist`,
      );
    }
    if (seen[role].outOfService) {
      return refuse(
        'RefuseFencedNode',
        'NodeOutOfService',
        `node ${node} (spec.${role}.nodeName) has the taint node.kubernetes.io/out-of-service; take it off once the node is well`,
      );
    }
  }
  for (const role of ['source', 'target'] as const) {
    const node = spec[role].nodeName;
    if (node !== undefined && !seen[role].agentAlive) return withoutAgent(migration, role, node, seen);
  }
  if (!hasTarget(migration)) return pickTarget(migration, seen);
  return seen.place === undefined ? { do: 'Admit', because: 'Admit' } : waitForTurn('AwaitTurn', seen.place, seen);
}

/** An agent may be away for a moment: its image is updated, or the API server itself was away. */
function withoutAgent(
  migration: MigrationRequest,
  role: 'source' | 'target',
  node: string,
  seen: ControllerObservation,
): ControllerStep {
  const message =
    `no Transship agent reports from node ${node} (spec.${role}.nodeName); see that the DaemonSet ` +
    `transship-agent runs there, and look at its logs`;
  const givesUpAtMs = awaitedSince(migration, seen) + seen.deadlines.admitMs;
  if (seen.nowMs >= givesUpAtMs) return refuse('RefuseNodeWithoutAgent', 'NodeWithoutAgent', message);
  return {
    do: 'Wait',
    because: 'AwaitAgent',
    reason: 'NodeWithoutAgent',
    waitsFor: `the agent of ${node}: ${message}`,
    untilMs: Math.min(givesUpAtMs, seen.nowMs + RECHECK_MS),
  };
}

/** Since when the agents are waited for, ms since the epoch: not while others came first. */
function awaitedSince(migration: MigrationRequest, seen: ControllerObservation): number {
  const { queue } = migration.status;
  if (queue === undefined) return startOf(migration, seen);
  return queue.until === undefined ? seen.nowMs : Date.parse(queue.until);
}

function refuse(because: ControllerBranch, reason: string, message: string): ControllerStep {
  return { do: 'Refuse', because, reason, message };
}
