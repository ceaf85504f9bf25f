import type { ContainerMigration, Status } from '../../../src/api/types';
import type { ControllerObservation, ControllerStep } from '../../../src/protocol/controller';
import { decideController } from '../../../src/protocol/controller';
import { decision, error, migration, revoked, source, STARTED_AT, target } from '../../lib/migration';

const start = Date.parse(STARTED_AT);
const now = (seconds = 1): ControllerObservation => ({
  nowMs: start + seconds * 1000,
  nodeExists: (name) => name.startsWith('node-'),
  agentAlive: (name) => name !== 'node-dead',
});
const decide = (object: ContainerMigration, seen = now()): ControllerStep => decideController(object, seen);
const blocking = { reason: 'ImageMissing', message: 'no image', blocking: true };
const warning = { reason: 'BindMountNotCarried', message: 'mind the files', blocking: false };

const cases: Record<string, { status: Status; then: Partial<ControllerStep> }> = {
  'accepts a new object': { status: {}, then: { do: 'Admit' } },
  'waits for the source to look': { status: { decision: decision('Preflight') }, then: { do: 'Wait' } },
  'waits for the target to look': {
    status: { decision: decision('Preflight'), source: source('Preflighted') },
    then: { do: 'Wait' },
  },
  'refuses at once what the source cannot give': {
    status: { decision: decision('Preflight'), source: source('Preflighted', { checks: [blocking] }) },
    then: { do: 'Refuse', reason: 'ImageMissing', message: 'node-a: no image' },
  },
  'refuses what the target cannot take': {
    status: {
      decision: decision('Preflight'),
      source: source('Preflighted', { checks: [] }),
      target: target('Preflighted', { checks: [warning, blocking] }),
    },
    then: { do: 'Refuse', reason: 'ImageMissing', message: 'node-b: no image' },
  },
  'goes on to prepare when nothing blocks': {
    status: {
      decision: decision('Preflight'),
      source: source('Preflighted', { checks: [] }),
      target: target('Preflighted', { checks: [warning] }),
    },
    then: { do: 'Advance', to: 'Prepare' },
  },
  'waits for both to prepare': {
    status: { decision: decision('Prepare'), source: source('Prepared'), target: target('Preflighted') },
    then: { do: 'Wait' },
  },
  'goes on to freeze when both are prepared': {
    status: { decision: decision('Prepare'), source: source('Prepared'), target: target('Prepared') },
    then: { do: 'Advance', to: 'Freeze' },
  },
  'revokes when the source failed': {
    status: { decision: decision('Freeze'), source: source('Failed', { error }), target: target('Prepared') },
    then: { do: 'Revoke', reason: 'DumpFailed', message: 'node-a: the dump failed' },
  },
  'revokes when the target gave the claim back': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Failed', { error }) },
    then: { do: 'Revoke', reason: 'DumpFailed' },
  },
  'waits for the target after the claim': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Claimed') },
    then: { do: 'Wait' },
  },
  'waits for the source to end the original': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Restored') },
    then: { do: 'Wait' },
  },
  'is done when the original is gone': {
    status: { decision: decision('Freeze'), source: source('Released'), target: target('Restored') },
    then: { do: 'Finish', phase: 'Succeeded' },
  },
  'waits for the source to roll back': {
    status: { decision: decision('Freeze', { revoked }), source: source('Published'), target: target('Withdrawn') },
    then: { do: 'Wait' },
  },
  'waits for the target to withdraw': {
    status: { decision: decision('Freeze', { revoked }), source: source('RolledBack'), target: target('Prepared') },
    then: { do: 'Wait' },
  },
  'ends rolled back when both are clean': {
    status: { decision: decision('Freeze', { revoked }), source: source('RolledBack'), target: target('Withdrawn') },
    then: { do: 'Finish', phase: 'RolledBack', reason: 'Test' },
  },
  'says when nothing is left to run': {
    status: {
      decision: decision('Freeze', { revoked }),
      source: source('RolledBack', { error: { reason: 'SourceLost', message: 'gone' } }),
      target: target('Withdrawn'),
    },
    then: { do: 'Finish', phase: 'Failed', reason: 'SourceLost' },
  },
  'never runs a finished migration again': {
    status: {
      phase: 'Succeeded',
      observedGeneration: 1,
      decision: decision('Freeze'),
      source: source('Released'),
      target: target('Restored'),
    },
    then: { do: 'Rest' },
  },
  'never runs a finished migration again, even without its decision': {
    status: { phase: 'Failed', observedGeneration: 1 },
    then: { do: 'Rest' },
  },
};

test.each(Object.entries(cases))('the controller %s', (_name, { status, then }) => {
  expect(decide(migration(status))).toMatchObject(then);
});

describe('refusals before anything is touched', () => {
  test.each([
    ['SourceEqualsTarget', { target: { nodeName: 'node-a' } }],
    ['NodeNotFound', { target: { nodeName: 'elsewhere' } }],
    ['NodeNotFound', { source: { nodeName: 'elsewhere', container: 'looper' } }],
    ['NodeWithoutAgent', { target: { nodeName: 'node-dead' } }],
  ])('%s', (reason, spec) => {
    expect(decide(migration({}, { spec }))).toMatchObject({ do: 'Refuse', reason });
  });
});

describe('the deadline', () => {
  test('refuses when nothing was touched yet', () => {
    expect(decide(migration({ decision: decision('Preflight') }), now(600))).toMatchObject({
      do: 'Refuse',
      reason: 'DeadlineExceeded',
    });
  });
  test('revokes when something was', () => {
    const prepared = migration({
      decision: decision('Freeze'),
      source: source('Prepared'),
      target: target('Prepared'),
    });
    expect(decide(prepared, now(600))).toMatchObject({ do: 'Revoke', reason: 'DeadlineExceeded' });
    expect(decide(prepared, now(599))).toMatchObject({ do: 'Wait', untilMs: start + 600_000 });
  });
  test('never overrules a claim', () => {
    const claimed = migration({ decision: decision('Freeze'), source: source('Published'), target: target('Claimed') });
    expect(decide(claimed, now(100_000)).do).toBe('Wait');
  });
});

describe('a changed spec', () => {
  const change = { spec: { retainCheckpoint: 'Always' } } as const;
  test('is refused while nothing was touched', () => {
    expect(decide(migration({ decision: decision('Preflight') }, change))).toMatchObject({
      do: 'Refuse',
      reason: 'SpecChanged',
    });
  });
  test('is rolled back before the claim', () => {
    const published = migration(
      { decision: decision('Freeze'), source: source('Published'), target: target('Prepared') },
      change,
    );
    expect(decide(published)).toMatchObject({ do: 'Revoke', reason: 'SpecChanged' });
  });
  test('changes nothing after the claim', () => {
    const claimed = migration(
      { decision: decision('Freeze'), source: source('Published'), target: target('Claimed') },
      change,
    );
    expect(decide(claimed).do).toBe('Wait');
  });
});

describe('deletion', () => {
  const deleted = { metadata: { deletionTimestamp: STARTED_AT } };
  test('lets go of an object that was never accepted', () => {
    expect(decide(migration({}, deleted)).do).toBe('LetGo');
  });
  test('lets go of a finished one', () => {
    expect(decide(migration({ phase: 'Succeeded', decision: decision('Freeze') }, deleted)).do).toBe('LetGo');
  });
  test('rolls back before the claim', () => {
    const published = migration(
      { decision: decision('Freeze'), source: source('Published'), target: target('Prepared') },
      deleted,
    );
    expect(decide(published)).toMatchObject({ do: 'Revoke', reason: 'Deleted' });
  });
  test('completes after the claim', () => {
    const restored = migration(
      { decision: decision('Freeze'), source: source('Released'), target: target('Restored') },
      deleted,
    );
    expect(decide(restored)).toMatchObject({ do: 'Finish', phase: 'Succeeded' });
  });
});

test('a spec that is changed after the end is seen, and does nothing', () => {
  const finished = migration({ phase: 'Succeeded', observedGeneration: 1 }, { metadata: { generation: 2 } });
  expect(decide(finished).do).toBe('Acknowledge');
});

describe('an agent that stops reporting', () => {
  const gone = { ...now(), agentAlive: (name: string) => name !== 'node-b' };
  const prepared = { source: source('Prepared'), target: target('Prepared') };
  test('is waited for before the freeze, so that nothing is frozen for it', () => {
    expect(decide(migration({ decision: decision('Prepare'), ...prepared }), gone)).toMatchObject({
      do: 'Wait',
      waitsFor: expect.stringContaining('node-b') as string,
    });
  });
  test('is not waited for longer than the deadline', () => {
    const late = { ...gone, nowMs: now(600).nowMs };
    expect(decide(migration({ decision: decision('Prepare'), ...prepared }), late)).toMatchObject({
      do: 'Revoke',
      reason: 'DeadlineExceeded',
    });
  });
  test('loses its claim when it had none yet', () => {
    const published = migration({
      decision: decision('Freeze'),
      source: source('Published'),
      target: target('Prepared'),
    });
    expect(decide(published, gone)).toMatchObject({ do: 'Revoke', reason: 'NodeWithoutAgent' });
  });
  test('keeps its claim', () => {
    const claimed = migration({ decision: decision('Freeze'), source: source('Published'), target: target('Claimed') });
    expect(decide(claimed, gone).do).toBe('Wait');
  });
});

test('a target whose node is gone does not hold up the end of a rollback', () => {
  const object = migration({
    decision: decision('Freeze', { revoked }),
    source: source('RolledBack'),
    target: { ...target('Prepared'), nodeName: 'node-dead' },
  });
  expect(decide(object)).toMatchObject({ do: 'Finish', phase: 'RolledBack' });
});
