/** Every branch of decideTarget. */
export const TARGET_BRANCHES = {
  NotAdmitted: { when: 'the controller has decided nothing, or decided it for another object', then: 'nothing' },
  Finished: { when: '`Settled` or `Withdrawn`', then: 'nothing' },
  LookAtMemory: {
    when: '`Restored`, and its memory is being brought in',
    then: 'looks at the marker and at its own Docker',
  },
  AwaitMemory: {
    when: '`Restored`, and the page server is at work',
    then: 'waits; the container does not restart by itself yet',
  },
  LoseMemory: {
    when: '`Restored`, and the page server is gone before its end, or the node was restarted',
    then: 'ends the container, keeps it and says so → `Settled`, `lazyPages: Lost`',
  },
  CompleteMemory: {
    when: '`Restored`, and the last page is in',
    then: 'compares the memory with the manifest → `lazyPages: Done`; a difference is a loss',
  },
  Settle: {
    when: '`Restored`, with all of its memory',
    then: 'sets the restart policy, removes the markers → `Settled`',
  },
  ObeyFence: {
    when: '`Claimed` or later, and the claim was taken away by fencing this node',
    then: 'removes the container, whatever it does → `Withdrawn`',
  },
  LookBeforeWake: { when: '`Claimed`', then: 'looks at its own Docker and at the marker' },
  ReportWoken: {
    when: '`Claimed`, and the container has run on here',
    then: 'proves the restore → `Restored`, whatever became of the container since',
  },
  HoldFenced: {
    when: '`Claimed`, and this node carries the taint `node.kubernetes.io/out-of-service`',
    then: 'nothing: somebody vouches that nothing runs here, so nothing is started',
  },
  GiveBackRetries: {
    when: '`Claimed`, and the wake-up has failed more than `spec.backoffLimit` times again',
    then: 'makes sure that nothing runs here and nothing will → `Failed`',
  },
  GiveBackUnwanted: {
    when: '`Claimed`, the wake-up has failed, and the migration is deleted or cancelled',
    then: 'makes sure that nothing runs here and nothing will → `Failed`',
  },
  BackOffWake: { when: '`Claimed`, the wake-up has failed and is not due again', then: 'waits until it is' },
  Wake: { when: '`Claimed`', then: 'wakes the container up, never a second time → `Restored`' },
  WithdrawRevoked: {
    when: 'revoked',
    then: 'makes sure that nothing runs here and nothing will → `Withdrawn`',
  },
  FailedBefore: { when: '`Failed`', then: 'nothing: the controller decides' },
  Ended: { when: 'the migration has ended', then: 'nothing' },
  SpecNotAccepted: { when: 'the spec is not the one that was admitted', then: 'nothing: the controller decides' },
  GivingUp: { when: 'deleted or cancelled', then: 'nothing new is begun: the controller decides' },
  BackOff: { when: 'the step failed and is not due again', then: 'waits until it is' },
  PreflightDone: { when: 'step Preflight, done', then: 'nothing' },
  AwaitSourcePreflight: { when: 'step Preflight, the source has not looked yet', then: 'nothing' },
  Preflight: { when: 'step Preflight', then: 'looks whether the container can be woken up → `Preflighted`' },
  PrepareDone: { when: 'step Prepare, done', then: 'nothing' },
  AwaitSourcePrepare: { when: 'step Prepare, the source has not described the container yet', then: 'nothing' },
  Prepare: { when: 'step Prepare', then: 'creates the container, not started → `Prepared`' },
  NothingPrepared: { when: 'step Freeze, nothing is prepared here', then: 'nothing' },
  AwaitPublished: { when: 'step Freeze, the checkpoint is not published yet', then: 'nothing' },
  Claim: {
    when: 'step Freeze, the checkpoint is published and not revoked',
    then: 'verifies every file, claims with the `resourceVersion` it saw → `Claimed`',
  },
} as const satisfies Record<string, { readonly when: string; readonly then: string }>;
