import type { MigrationRequest } from '../../api/types';
import { chooseTarget } from './choose-target';
import type { ControllerObservation, ControllerStep } from './step';
import { startOf } from './waiting';

/** How soon the nodes are looked at again when none fits. All that wait for one share a look. */
const LOOK_AGAIN_MS = 5_000;

/** Where to, for a migration that does not say it. Nothing else is begun before its object says it. */
export function pickTarget(migration: MigrationRequest, seen: ControllerObservation): ControllerStep {
  const choice = chooseTarget(migration.spec, seen.pool ?? { nodes: [], loads: new Map() });
  if ('nodeName' in choice) {
    return { do: 'PickTarget', because: 'PickTarget', nodeName: choice.nodeName, why: choice.because };
  }
  const message = `no node fits (spec.target.nodeName is absent): ${choice.noneFits}`;
  const givesUpAtMs = startOf(migration, seen) + seen.deadlines.admitMs;
  if (seen.nowMs >= givesUpAtMs) return { do: 'Refuse', because: 'RefuseNoTarget', reason: 'NoTargetNode', message };
  return {
    do: 'Wait',
    because: 'AwaitTargetNode',
    reason: 'NoTargetNode',
    waitsFor: `a node to move to: ${message}`,
    untilMs: Math.min(givesUpAtMs, seen.nowMs + LOOK_AGAIN_MS),
  };
}
