import type { ControllerBranch } from '../branches';
import type { DriverChoice } from '../driver-choice';
import type { TargetPool } from './choose-target';
import type { Place } from './line';

/** What the controller knows of a node. */
export interface NodeView {
  readonly exists: boolean;
  /** Whether the node's agent renewed its Lease lately. */
  readonly agentAlive: boolean;
  /** Whether it carries the taint `node.kubernetes.io/out-of-service`: somebody vouches that nothing runs there. */
  readonly outOfService: boolean;
}

/** How long each phase may take, in ms. What cannot be given up any more is only said to be overdue. */
export interface PhaseDeadlines {
  /** Until the agents of both nodes report. */
  readonly admitMs: number;
  readonly preflightMs: number;
  readonly prepareMs: number;
  /** From the grant to freeze until the claim: the container stands still for most of it. */
  readonly freezeMs: number;
  readonly restoreMs: number;
  readonly rollBackMs: number;
}

/** What the controller sees besides the object. */
export interface ControllerObservation {
  /** Milliseconds since the epoch, the controller's clock. */
  readonly nowMs: number;
  readonly source: NodeView;
  /** Of a migration that has no target yet: as of a node that does not exist. */
  readonly target: NodeView;
  readonly deadlines: PhaseDeadlines;
  /** For a migration that has no target yet: what it is picked from. */
  readonly pool?: TargetPool;
  /** Why the gate that the migration stands before is not open to it now; absent when it is. */
  readonly place?: Place;
}

/** The one next step of the controller. `because` names the branch that chose it (branches.ts). */
export type ControllerStep = { readonly because: ControllerBranch } & (
  | {
      /** Nothing to decide now; look again at `untilMs` at the latest. */
      readonly do: 'Wait';
      /** Shown to people: what is waited for, and what to do when it does not come. */
      readonly waitsFor: string;
      readonly untilMs: number;
      /** When the wait is not an ordinary one: why, as one CamelCase word. */
      readonly reason?: string;
      /** The target was fenced before the memory of the container, which has run there, was complete: the source is told. */
      readonly memoryLost?: true;
      /** When it is its turn that is waited for: where it stands. */
      readonly place?: Place;
    }
  /** The migration has ended and nothing is left to do. */
  | { readonly do: 'Rest' }
  /** The spec was changed after the end. That has no effect; the status says that it was seen (kstatus waits for it). */
  | { readonly do: 'Acknowledge' }
  /** Write the name of the target node into the spec, with the resourceVersion of the object seen. */
  | { readonly do: 'PickTarget'; readonly nodeName: string; readonly why: string }
  /** Hold the object by a finalizer, accept its spec and let the agents look. */
  | { readonly do: 'Admit' }
  /** End it; nothing was touched. */
  | { readonly do: 'Refuse'; readonly reason: string; readonly message: string }
  /** Let the agents go one step further. The first time with the driver that both go by from then on. */
  | { readonly do: 'Advance'; readonly to: 'Prepare'; readonly driver: DriverChoice }
  | { readonly do: 'Advance'; readonly to: 'Freeze' }
  /**
   * Forbid the claim, so that the source may wake its container up. Written with the resourceVersion of the object seen.
   * `fenced` names the target node when even its claim is taken away.
   */
  | { readonly do: 'Revoke'; readonly reason: string; readonly message: string; readonly fenced?: string }
  | {
      readonly do: 'Finish';
      readonly phase: 'Succeeded' | 'Checked' | 'RolledBack' | 'Failed';
      readonly reason: string;
      readonly message: string;
    }
  /** The object is being deleted and no container depends on it any more. */
  | { readonly do: 'LetGo' }
);
