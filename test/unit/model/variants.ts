import type { ContainerMigration, Decision, TargetStatus } from '../../../src/api/types';
import type { SourceStep } from '../../../src/protocol/source';
import type { Behaviour, Defect } from './behaviour';
import type { Focus } from './arbitrary';
import { REAL } from './behaviour';
import type { Trouble } from './moves';

/** A mistake, and the promise of docs/protocol.md that it breaks. */
export interface Variant {
  readonly name: string;
  readonly breaks: RegExp;
  readonly behaviour: Behaviour;
  /** Where it shows; undefined: anywhere. */
  readonly focus?: Focus;
}

const doing = (name: string, breaks: RegExp, defect: Defect, focus?: Focus): Variant => ({
  name,
  breaks,
  behaviour: { ...REAL, defect },
  ...(focus === undefined ? {} : { focus }),
});

/** Between the reading before the claim and the report that the container runs there. */
const handover = (...troubles: readonly Trouble[]): Focus => ({ ahead: [30, 44], troubles });

const deciding = (name: string, breaks: RegExp, change: Partial<Behaviour>): Variant => ({
  name,
  breaks,
  behaviour: { ...REAL, ...change },
});

function withDecision(migration: ContainerMigration, edit: (decision: Decision) => Decision): ContainerMigration {
  const { decision } = migration.status;
  return decision === undefined
    ? migration
    : { ...migration, status: { ...migration.status, decision: edit(decision) } };
}

/** As somebody sees it who does not look at the revocation. */
const unrevoked = (migration: ContainerMigration): ContainerMigration =>
  withDecision(migration, ({ step, attempt, specDigest }) => ({ step, attempt, specDigest }));

/** As somebody sees it who does not look at the fence. */
const unfenced = (migration: ContainerMigration): ContainerMigration =>
  withDecision(migration, (decision) => {
    if (decision.revoked?.fenced === undefined) return decision;
    const { step, attempt, specDigest } = decision;
    return { step, attempt, specDigest };
  });

/** As somebody sees it who takes a copy for the object that was admitted. */
function asIfAdmitted(migration: ContainerMigration): ContainerMigration {
  const metadata = { ...migration.metadata };
  delete metadata.annotations;
  return withDecision({ ...migration, metadata }, (decision) => ({ ...decision, migrationUID: metadata.uid }));
}

/** As somebody sees it who does not respect the claim. */
function unclaimed(migration: ContainerMigration): ContainerMigration {
  const { target } = migration.status;
  if (target?.state !== 'Claimed') return migration;
  const before: TargetStatus = { ...target, state: 'Prepared' };
  return { ...migration, status: { ...migration.status, target: before } };
}

const release: SourceStep = { do: 'Release', because: 'ReleaseOriginal' };

export const VARIANTS: readonly Variant[] = [
  doing('the target claims without a precondition', /I1/, 'claimWithoutPrecondition', handover('user')),
  doing('the controller revokes without a precondition', /I1/, 'revokeWithoutPrecondition', handover('power')),
  deciding('the source kills the original before the claim', /I2/, {
    decideSource: (migration, seen) => {
      const step = REAL.decideSource(migration, seen);
      return step.because === 'PublishDone' ? release : step;
    },
  }),
  deciding('the source kills the original as soon as it is claimed', /I2/, {
    decideSource: (migration, seen) => {
      const step = REAL.decideSource(migration, seen);
      return step.because === 'TargetHasClaim' ? release : step;
    },
  }),
  deciding('the target ignores that it was revoked', /I1/, {
    decideTarget: (migration, seen) => REAL.decideTarget(unrevoked(migration), seen),
  }),
  deciding('the target ignores that it was fenced', /I1: two/, {
    decideTarget: (migration, seen) => REAL.decideTarget(unfenced(migration), seen),
  }),
  deciding('a claim is overruled by a timer', /I1/, {
    decideController: (migration, seen) => {
      const step = REAL.decideController(migration, seen);
      return step.because === 'AwaitOverdueRestore' || step.because === 'AwaitUnreachableTarget'
        ? { do: 'Revoke', because: 'GiveUpPhaseDeadline', reason: 'RestoreTimedOut', message: 'it took too long' }
        : step;
    },
    decideSource: (migration, seen) => REAL.decideSource(unclaimed(migration), seen),
  }),
  deciding('the source rolls back while the target holds the claim', /I1/, {
    decideSource: (migration, seen) => {
      const step = REAL.decideSource(migration, seen);
      return step.because === 'TargetHasClaim' && migration.spec.cancel
        ? { do: 'Wake', because: 'WakeOriginal' }
        : step;
    },
  }),
  deciding('the checkpoint is removed before all memory is there', /I3/, {
    decideSource: (migration, seen) => {
      const step = REAL.decideSource(migration, seen);
      return step.because === 'AwaitMemory' ? release : step;
    },
  }),
  doing('the marker is not consumed before the restore', /I1/, 'markerNotConsumed'),
  doing('the restart policy stays on in the freeze', /I1/, 'policyLeftOnInFreeze'),
  doing('the copy is created with its restart policy', /I1/, 'policySetAtCreation'),
  doing('a good dump is done again', /I4/, 'dumpAlwaysRedone'),
  deciding('a published checkpoint is not adopted', /I4/, {
    decideSource: (migration, seen) => {
      const step = REAL.decideSource(migration, seen);
      return step.do === 'Adopt' ? { do: 'Freeze', because: 'Freeze' } : step;
    },
    defect: 'dumpAlwaysRedone',
  }),
  doing('a container that was woken up counts as dumped still', /I1/, 'wakeNotNoted'),
  doing('an agent acts on an old cache', /I1|I2|I4/, 'staleCache', handover('lateness', 'user')),
  doing(
    'a claim is given back before everything is cleaned up',
    /I1/,
    'claimGivenBackBeforeCleanUp',
    handover('failure', 'wrapper'),
  ),
  doing(
    'a claim is given back although the container has resumed',
    /I1/,
    'giveBackAlthoughResumed',
    handover('failure', 'wrapper'),
  ),
  doing('the target reports without a precondition', /I1/, 'reportsUnguarded', handover('failure')),
  doing('the source reports without a precondition', /I9/, 'sourceReportsUnguarded', {
    ahead: [8, 14],
    troubles: ['failure', 'time'],
  }),
  doing('a target that comes back wakes up without a sign of life', /I1/, 'noSignOfLife', handover('power')),
  doing('an agent works on a node that is out of service', /I1/, 'taintIgnored', handover('power', 'death')),
  doing('the manifest is written before the files', /I3/, 'manifestBeforeFiles'),
  doing('docker kill thaws the original', /I1/, 'killThaws'),
  doing('markers are not forgotten', /I9/, 'nothingForgotten'),
  doing('the restart policy is not given back', /I9/, 'policyForgotten'),
  doing('nothing holds the object', /I2|I7/, 'finalizerForgotten'),
  deciding('it succeeds before the source has released', /I9/, {
    decideController: (migration, seen) => {
      const { source, target } = migration.status;
      if (source === undefined || target?.state !== 'Settled') return REAL.decideController(migration, seen);
      const early = {
        ...migration,
        status: { ...migration.status, source: { ...source, state: 'Released' as const } },
      };
      return REAL.decideController(early, seen);
    },
  }),
  deciding('a copy of the object is taken for the object', /I6/, {
    decideController: (migration, seen) => REAL.decideController(asIfAdmitted(migration), seen),
    decideSource: (migration, seen) => REAL.decideSource(asIfAdmitted(migration), seen),
    decideTarget: (migration, seen) => REAL.decideTarget(asIfAdmitted(migration), seen),
  }),
  deciding('a migration that has ended is run again', /I6/, {
    decideController: (migration, seen) => {
      const step = REAL.decideController(migration, seen);
      return step.do === 'Acknowledge' ? { do: 'Advance', because: 'AdvanceToFreeze', to: 'Freeze' } : step;
    },
  }),
  deciding('a container that could be restored is given up', /I2/, {
    decideSource: (migration, seen) => {
      const step = REAL.decideSource(migration, seen);
      return step.because === 'RestoreOriginal' ? { do: 'ReportLost', because: 'ReportLost' } : step;
    },
  }),
  deciding('the object is let go before it has ended', /I2|I7/, {
    decideController: (migration, seen) =>
      migration.metadata.deletionTimestamp === undefined
        ? REAL.decideController(migration, seen)
        : { do: 'LetGo', because: 'LetGo' },
  }),
  deciding('a wait has no end', /I8/, {
    decideController: (migration, seen) => {
      const step = REAL.decideController(migration, seen);
      return step.do === 'Wait' ? { ...step, untilMs: Infinity } : step;
    },
  }),
  deciding('a target that is gone is not told as such', /I8/, {
    decideController: (migration, seen) =>
      REAL.decideController(migration, { ...seen, target: { ...seen.target, agentAlive: true } }),
  }),
  deciding('a fenced target is waited for', /liveness/, {
    decideController: (migration, seen) =>
      REAL.decideController(migration, { ...seen, target: { ...seen.target, outOfService: false } }),
  }),
];
