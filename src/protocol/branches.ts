import { TARGET_BRANCHES } from './target-branches';

/** What a branch of a decision is for: the rows of the tables in docs/protocol.md, which are generated from here. */
export interface Branch {
  /** When it is taken. The branches of a function are tried in the order in which they stand here. */
  readonly when: string;
  /** What follows. */
  readonly then: string;
}

/** Every branch of decideController. */
export const CONTROLLER_BRANCHES = {
  LetCopyGo: { when: 'a copy of another migration is being deleted', then: 'takes the finalizer off' },
  RestCopy: { when: 'a copy of another migration, refused already', then: 'nothing' },
  RefuseCopy: {
    when: 'the object was admitted under another UID: a backup was restored, perhaps in another cluster',
    then: 'ends it as `Failed`, reason `CopyOfMigration`; nothing was touched',
  },
  LetGo: { when: 'it has ended and is being deleted', then: 'takes the finalizer off' },
  Acknowledge: { when: 'it has ended and its spec was changed since', then: 'notes the generation, nothing else' },
  Rest: { when: 'it has ended', then: 'nothing, ever (I6)' },
  LetUnadmittedGo: { when: 'deleted before it was admitted', then: 'takes the finalizer off' },
  RefuseCancelled: {
    when: 'cancelled before it was admitted',
    then: '`Failed`, reason `Cancelled`; nothing was touched',
  },
  RefuseSpec: { when: 'the spec breaks a rule', then: '`Failed`, reason of the rule; nothing was touched' },
  RefuseNode: { when: 'a node does not exist', then: '`Failed`: `NodeNotFound`; nothing was touched' },
  RefuseFencedNode: {
    when: 'a node has the taint `node.kubernetes.io/out-of-service`',
    then: '`Failed`: `NodeOutOfService`; nothing was touched',
  },
  AwaitAgent: {
    when: 'the agent of a node does not report (being updated, for instance)',
    then: 'waits for it in `Pending`, as long as the deadline of admission allows',
  },
  RefuseNodeWithoutAgent: {
    when: 'the agent of a node did not report within the deadline of admission',
    then: '`Failed`: `NodeWithoutAgent`; nothing was touched',
  },
  PickTarget: {
    when: 'it names no target node, and one fits',
    then: 'writes `spec.target.nodeName`, once, guarded by the `resourceVersion` it saw',
  },
  RefuseNoTarget: {
    when: 'it names no target node, and none fitted within the deadline of admission',
    then: '`Failed`: `NoTargetNode`; nothing was touched',
  },
  AwaitTargetNode: {
    when: 'it names no target node, and none fits',
    then: 'waits in `Pending`, reason `NoTargetNode`, and says of each node why not',
  },
  AwaitTurn: {
    when: 'a node of it has as many migrations as may be at once, or others come before it',
    then: 'waits in `Pending`, reason `Queued`; no deadline runs meanwhile',
  },
  Admit: { when: 'both nodes can be asked', then: 'finalizer, annotation, and the step Preflight' },
  FinishMigrated: {
    when: 'the target is `Settled`, the source `Released`',
    then: '`Succeeded`: the container runs on the target',
  },
  FinishWithoutSettling: {
    when: 'the source is `Released`, and the target node was fenced after the container had run there',
    then: '`Succeeded`, and says that the target node is out of service since',
  },
  AbandonMemory: {
    when: 'the container ran on the target without all of its memory, and the target node is fenced',
    then: 'tells the source to end the original, and waits for it, reason `MemoryLost`',
  },
  FinishMemoryFenced: {
    when: 'the same, and the original is ended, or the source node is fenced too',
    then: '`Failed`: `MemoryLost`, with what is left; it is not woken up a second time',
  },
  AwaitUnreachableMemory: {
    when: 'the container runs on the target without all of its memory, and the target does not report',
    then: 'waits, reason `TargetUnreachable`, and says how to fence the node',
  },
  AwaitMemory: {
    when: 'the container runs on the target, and its memory is still being brought in',
    then: 'waits for the target, reason `MemoryArriving`; nothing of the checkpoint is removed',
  },
  FinishMemoryLost: {
    when: 'the container was ended on the target because its memory was lost, and the original is ended too',
    then: '`Failed`, with the reason of the target and what is left',
  },
  AwaitSettling: {
    when: 'the container runs on the target and its restart policy is not set yet',
    then: 'waits for the target',
  },
  AwaitUnreachableSettling: {
    when: 'the container has run on the target, whose restart policy is not set yet and which does not report',
    then: 'waits, reason `TargetUnreachable`, and says how to fence the node',
  },
  FinishWithoutRelease: {
    when: 'the container runs on the target, and the source node is fenced',
    then: '`Succeeded`, and says that the frozen original was not removed; the agent does it should the node come back',
  },
  AwaitUnreachableRelease: {
    when: 'the container runs on the target, and the source does not report',
    then: 'waits, reason `SourceUnreachable`: the frozen original is there still',
  },
  AwaitRelease: {
    when: 'the container runs on the target, the original is not removed yet',
    then: 'waits for the source',
  },
  Fence: {
    when: 'the target has claimed, and its node was given the taint `node.kubernetes.io/out-of-service`',
    then: 'revokes the claim itself: somebody vouches that nothing runs there',
  },
  AwaitUnreachableTarget: {
    when: 'the target has claimed and does not report',
    then: 'waits without a limit, reason `TargetUnreachable`, and says how to fence the node',
  },
  AwaitOverdueRestore: {
    when: 'the target has claimed, reports, and takes longer than the deadline of the phase Restoring',
    then: 'waits, reason `RestoreOverdue`: the claim is the target’s to give back',
  },
  AwaitRestore: {
    when: 'the target has claimed',
    then: 'waits for it; a cancellation or deletion comes too late and is told so',
  },
  AwaitWithdrawal: {
    when: 'revoked, the original runs, the target has not removed what it had prepared',
    then: 'waits for the target, unless it does not report',
  },
  FinishLost: {
    when: 'revoked, and the source reports that nothing is left that could run',
    then: '`Failed`: `SourceLost`, with what is left on the volume',
  },
  FinishRolledBack: {
    when: 'revoked, and the container runs on the source',
    then: '`RolledBack`, with the reason of the revocation',
  },
  FinishSourceFenced: {
    when: 'revoked, and the source node is fenced: it and the container are gone',
    then: '`Failed`: `SourceLost`, with what is left on the volume',
  },
  AwaitUnreachableSource: {
    when: 'revoked, and the source does not report',
    then: 'waits without a limit, reason `SourceUnreachable`, and says how to fence the node',
  },
  AwaitOverdueRollBack: {
    when: 'revoked, and the source takes longer than the deadline of the phase RollingBack',
    then: 'waits, reason `RollBackOverdue`, with the last error of the source',
  },
  AwaitRollBack: { when: 'revoked', then: 'waits for the source to wake the original' },
  GiveUpFailed: {
    when: 'an agent failed of something that will not pass',
    then: 'gives up, with the reason of the agent',
  },
  GiveUpRetries: {
    when: 'an agent has tried a step more than `spec.backoffLimit` times again',
    then: 'gives up, with the reason of the last failure',
  },
  GiveUpDeleted: { when: 'the object is being deleted', then: 'gives up: `Deleted`' },
  GiveUpCancelled: { when: '`spec.cancel` is true', then: 'gives up: `Cancelled`' },
  GiveUpSpecChanged: { when: 'the spec is not the one that was admitted', then: 'gives up: `SpecChanged`' },
  GiveUpSourceFenced: {
    when: 'the source node is fenced, and no checkpoint is published',
    then: 'gives up: `SourceFenced`',
  },
  GiveUpTargetFenced: { when: 'the target node is fenced', then: 'gives up: `TargetFenced`' },
  GiveUpTargetUnreachable: {
    when: 'the container is being frozen, and the target does not report',
    then: 'gives up: `TargetUnreachable`; the container shall not stand still for it',
  },
  GiveUpDeadline: {
    when: '`spec.activeDeadlineSeconds` passed while an agent is awaited',
    then: 'gives up: `DeadlineExceeded`, with what was awaited',
  },
  GiveUpPhaseDeadline: {
    when: 'the deadline of the phase passed while an agent is awaited',
    then: 'gives up: `PreflightTimedOut`, `PrepareTimedOut` or `FreezeTimedOut`, with what was awaited',
  },
  AwaitStep: { when: 'an agent has not finished the step', then: 'waits for it, and shows its last failure' },
  RefuseChecks: {
    when: 'the preflight found something that stands against it',
    then: '`Failed`, reason of the first finding; nothing was touched',
  },
  RefuseNoDriver: {
    when: 'the two agents name no driver that both can use, and no reason against it',
    then: '`Failed`: `NoCommonDriver`; nothing was touched',
  },
  EndAfterPreflight: {
    when: 'the preflight found nothing, and `spec.mode` is `Preflight`',
    then: '`Checked`: the container could be moved; nothing was touched',
  },
  AdvanceToPrepare: { when: 'the preflight found nothing', then: 'grants the step Prepare, and says by which driver' },
  HoldFreeze: {
    when: 'both are prepared, and a node does not report',
    then: 'waits: no container is frozen for a node that does not answer',
  },
  AwaitFreezeTurn: {
    when: 'both agents are ready, and a node has as many frozen containers as may be at once, or others come before it',
    then: 'waits in `Preparing`, reason `Queued`; no deadline runs meanwhile',
  },
  AdvanceToFreeze: { when: 'both are prepared', then: 'grants the step Freeze' },
} as const satisfies Record<string, Branch>;

/** Every branch of decideSource. */
export const SOURCE_BRANCHES = {
  NotAdmitted: { when: 'the controller has decided nothing, or decided it for another object', then: 'nothing' },
  Finished: { when: '`Released` or `RolledBack`', then: 'nothing' },
  AwaitMemory: {
    when: 'the container runs on the target, and needs the checkpoint still',
    then: 'nothing: the original stays frozen',
  },
  LookBeforeRelease: { when: 'the container runs on the target', then: 'looks at its own Docker' },
  EndOriginal: {
    when: 'the container ran on the target and lost its memory there',
    then: 'kills the original while it is frozen; keeps it and the checkpoint → `Released`',
  },
  ReleaseOriginal: {
    when: 'the container runs on the target, the original is there',
    then: 'kills it while it is frozen, removes or keeps it → `Released`',
  },
  ReleaseNothing: { when: 'the container runs on the target, the original is gone', then: '→ `Released`' },
  TargetHasClaim: { when: 'the target has the claim', then: 'nothing: the original stays frozen' },
  Ended: {
    when: 'the migration has ended, perhaps without this node, which was fenced',
    then: 'nothing: a container that stands frozen here is its owner’s to wake',
  },
  HoldFenced: {
    when: 'revoked or step Freeze, and this node carries the taint `node.kubernetes.io/out-of-service`',
    then: 'nothing: the controller may end the migration on that, and what was begun would never be undone',
  },
  LookBeforeRollBack: { when: 'revoked', then: 'looks at its own Docker, journal and volume' },
  UndoNothing: { when: 'revoked, and nothing was touched here', then: '→ `RolledBack`' },
  KeepReplacement: {
    when: 'revoked, and the original was woken up from its own checkpoint',
    then: 'sets its restart policy, removes the dead original → `RolledBack`',
  },
  WakeOriginal: {
    when: 'revoked, the original is frozen',
    then: 'unpauses it, sets its restart policy → `RolledBack`',
  },
  KeepOriginal: { when: 'revoked, the original runs', then: 'sets its restart policy → `RolledBack`' },
  RestoreOriginal: {
    when: 'revoked, the original died frozen (with its Docker daemon or its node), its dump is good',
    then: 'publishes it if need be, wakes a new container up from it in the original’s place → `RolledBack`',
  },
  ReportLost: {
    when: 'revoked, the original died or was removed, and there is no checkpoint of it',
    then: '→ `RolledBack` with the error `SourceLost`; a restart policy that would have started it is honoured',
  },
  FailedBefore: { when: '`Failed`', then: 'nothing: the controller decides' },
  SpecNotAccepted: { when: 'the spec is not the one that was admitted', then: 'nothing: the controller decides' },
  GivingUp: { when: 'deleted or cancelled', then: 'nothing new is begun: the controller decides' },
  BackOff: { when: 'the step failed and is not due again', then: 'waits until it is' },
  Preflight: { when: 'step Preflight', then: 'looks whether the container can be frozen → `Preflighted`' },
  PreflightDone: { when: 'step Preflight, done', then: 'nothing' },
  Prepare: { when: 'step Prepare', then: 'reserves and describes the container → `Prepared`' },
  PrepareDone: { when: 'step Prepare, done', then: 'nothing' },
  LookBeforeFreeze: { when: 'step Freeze', then: 'looks at its own Docker, journal and volume' },
  Freeze: { when: 'step Freeze, the original runs', then: 'pauses, dumps, publishes → `Published`' },
  AdoptCheckpoint: {
    when: 'step Freeze, an earlier life published the checkpoint, and the original has not run since',
    then: 'reports it as it is → `Published` (I4)',
  },
  ContinueFreeze: {
    when: 'step Freeze, an earlier life froze the original, and published nothing',
    then: 'dumps unless that is done (I4), publishes → `Published`',
  },
  PublishDead: {
    when: 'step Freeze, an earlier life dumped the original, which died since with its Docker daemon',
    then: 'publishes the dump: it is the last copy → `Published`',
  },
  ReportNotRunning: {
    when: 'step Freeze, the original does not run, was paused by somebody else, or is gone',
    then: '→ `Failed`: `ContainerNotRunning` or `SourceLost`',
  },
  PublishDone: { when: 'step Freeze, done', then: 'nothing' },
} as const satisfies Record<string, Branch>;

export type ControllerBranch = keyof typeof CONTROLLER_BRANCHES;
export type SourceBranch = keyof typeof SOURCE_BRANCHES;
export type TargetBranch = keyof typeof TARGET_BRANCHES;

export { TARGET_BRANCHES };
