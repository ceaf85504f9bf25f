import * as fc from 'fast-check';
import { specDigest } from '../../../src/api/spec-digest';
import { ADMITTED_UID } from '../../../src/api/types';
import type { ContainerMigration, MigrationRequest, Status } from '../../../src/api/types';
import { schema } from '../../../src/api/generated/schema';
import type { Candidate, TargetPool } from '../../../src/protocol/controller/choose-target';
import type { ControllerObservation, NodeView } from '../../../src/protocol/controller/step';
import type { SourceObservation } from '../../../src/protocol/source';
import type { TargetObservation } from '../../../src/protocol/target';
import { candidate } from '../../lib/candidate';
import { checkpoint, CONTAINER_ID, decision, error, migration, revoked, source, target } from '../../lib/migration';
import { at, atMs, deadlines, FENCED, NO_NODE, SILENT, WELL, placeAt } from './controller/observations';

/** An object in any state at all, whether or not the actors could bring it there, and what each of them observes. */
export interface Situation {
  readonly object: ContainerMigration;
  /** The same as the controller sees it: perhaps before a target was picked. */
  readonly request: MigrationRequest;
  readonly controller: ControllerObservation;
  readonly source: SourceObservation;
  readonly target: TargetObservation;
}

const { status } = schema.properties;
// Prepared is where most is decided.
const sourceState = fc.constantFrom(...status.properties.source.properties.state.enum, 'Prepared', 'Prepared');
const targetState = fc.constantFrom(...status.properties.target.properties.state.enum, 'Prepared', 'Prepared');
const seconds = fc.constantFrom(1, 1, 1, 50, 50, 100, 200, 599, 600, 100_000);

/** Mostly left out, so that what is rare does not hide what is common. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, { arbitrary, weight: 1 });

/** Leaves out what is undefined, as an API server does. */
const present = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const agent = fc
  .record({
    error: sometimes(fc.constantFrom(error, { reason: 'SourceLost', message: 'gone' })),
    retry: sometimes(fc.record({ failures: fc.constantFrom(1, 3, 4), notBefore: seconds.map(at) })),
    drivers: sometimes(
      fc.constantFrom(
        [{ name: 'docker' }],
        [{ name: 'runc', problems: [{ reason: 'RuncMissing', message: 'no runc' }] }],
      ),
    ),
    checks: sometimes(fc.boolean().map((blocking) => [{ reason: 'CriuMissing', message: 'no criu', blocking }])),
  })
  .map(present);

const anySource = fc
  .tuple(
    sourceState,
    agent,
    fc.record({
      checkpoint: sometimes(fc.constant(checkpoint)),
      restartPolicy: sometimes(fc.constant({ name: 'always', maximumRetryCount: 0 })),
      restoredContainerID: sometimes(fc.constant(CONTAINER_ID)),
    }),
  )
  .map(([state, more, own]) => source(state, { ...more, ...present(own) }));

const lazyPages = sometimes(fc.constantFrom('Pending', 'Pending', 'Done', 'Lost'));
const anyTarget = fc
  .tuple(targetState, agent, fc.record({ lazyPages }))
  .map(([state, more, own]) => target(state, { ...more, ...present(own) }));

const anyDecision = fc
  .tuple(
    fc.constantFrom('Preflight', 'Prepare', 'Freeze', 'Freeze'),
    fc.constantFrom(undefined, undefined, revoked, { ...revoked, fenced: 'node-b' }),
    sometimes(fc.constantFrom({ migrationUID: 'another' }, { migrationUID: undefined })),
    sometimes(fc.constant({ specDigest: `sha256:${'0'.repeat(64)}` })),
    sometimes(fc.constant({ memoryLost: true })),
  )
  .map(([step, revocation, uid, digest, lost]) =>
    decision(step, { ...(revocation && { revoked: revocation }), ...digest, ...lost, ...(uid as object) }),
  );

const anyPhase = sometimes(fc.constantFrom(...status.properties.phase.enum));

const anyStatus: fc.Arbitrary<Status> = fc
  .record({
    phase: anyPhase,
    observedGeneration: fc.constantFrom(1, 2),
    startedAt: fc.constantFrom(undefined, at(0)),
    phaseTransitions: fc.constantFrom(
      undefined,
      (['Preflight', 'Preparing', 'Freezing', 'Restoring', 'RollingBack'] as const).map((phase, index) => ({
        phase,
        at: at(index * 10),
      })),
    ),
    decision: fc.option(anyDecision, { nil: undefined, freq: 8 }),
    source: fc.option(anySource, { nil: undefined, freq: 8 }),
    target: fc.option(anyTarget, { nil: undefined, freq: 8 }),
  })
  .map(present);

const anyObject = fc
  .record({
    status: anyStatus,
    deletionTimestamp: sometimes(fc.constant(at(0))),
    annotations: sometimes(
      fc.constantFrom('another', migration().metadata.uid).map((uid) => ({ [ADMITTED_UID]: uid })),
    ),
    cancel: sometimes(fc.constant(true)),
    sameNode: sometimes(fc.constant({ nodeName: 'node-a' })),
    looksOnly: sometimes(fc.constant(true)),
  })
  .map(({ status: anything, cancel, sameNode, looksOnly, ...metadata }) => {
    const object = migration(anything, {
      metadata: present(metadata),
      spec: { ...(cancel === true && { cancel }), ...(sameNode && { target: sameNode }) },
    });
    return looksOnly === true ? withMode(object, 'Preflight') : object;
  });

/** The same with another mode, decided for just as much as it was before. */
function withMode(object: ContainerMigration, mode: ContainerMigration['spec']['mode']): ContainerMigration {
  const spec = { ...object.spec, mode };
  const { decision: decided } = object.status;
  if (decided?.specDigest !== specDigest(object.spec)) return { ...object, spec };
  return { ...object, spec, status: { ...object.status, decision: { ...decided, specDigest: specDigest(spec) } } };
}

const anyNode: fc.Arbitrary<NodeView> = fc.constantFrom(WELL, WELL, WELL, SILENT, FENCED, NO_NODE, {
  ...WELL,
  outOfService: true,
});

const pool = (node: Partial<Candidate>): TargetPool => ({
  nodes: [candidate('node-a'), candidate('node-b', node)],
  loads: new Map(),
});

/** As before its target is picked; one whose target has reported always has it (`targetKept` in src/api/validate.ts). */
function open(object: ContainerMigration): MigrationRequest {
  const { decision: decided, target: reported } = object.status;
  const isTouched = reported !== undefined || (decided !== undefined && decided.step !== 'Preflight');
  return isTouched ? object : { ...object, spec: { ...object.spec, target: {} } };
}

const anyMoment = fc.record({
  object: anyObject,
  isOpen: sometimes(fc.constant(true)),
  controller: fc.record(
    {
      nowMs: seconds.map(atMs),
      source: anyNode,
      target: anyNode,
      deadlines: fc.constant(deadlines),
      pool: fc.constantFrom(pool({}), pool({ isCordoned: true })),
      place: fc.constantFrom(placeAt('Admission'), placeAt('Freeze')),
    },
    { requiredKeys: ['nowMs', 'source', 'target', 'deadlines'] },
  ),
  source: fc.record({
    nowMs: seconds.map(atMs),
    view: fc.option(
      fc.record({
        original: fc.constantFrom('running', 'paused', 'stopped', 'gone'),
        journal: fc.constantFrom('untouched', 'reserved', 'frozen', 'dumped'),
        checkpoint: fc.constantFrom('none', 'published'),
        replacement: fc.constantFrom('none', 'created', 'running'),
        outOfService: fc.boolean(),
      }),
      { nil: undefined },
    ),
  }),
  target: fc.record({
    nowMs: seconds.map(atMs),
    view: fc.option(
      fc.record({
        container: fc.constantFrom('none', 'created', 'woken', 'stopped'),
        outOfService: fc.boolean(),
        memory: fc.constantFrom(undefined, 'arriving', 'complete', 'lost'),
      }),
      { nil: undefined },
    ),
  }),
});

export const anySituation: fc.Arbitrary<Situation> = anyMoment.map(({ isOpen, object, ...seen }) => ({
  object,
  request: isOpen === true ? open(object) : object,
  ...seen,
}));
