import type { Status } from '../../../src/api/types';
import type { TargetStep } from '../../../src/protocol/target';
import { decideTarget } from '../../../src/protocol/target';
import { decision, error, migration, revoked, source, target } from '../../lib/migration';

const cases: Record<string, { status: Status; then: TargetStep['do'] }> = {
  'does nothing before the controller accepted the spec': { status: {}, then: 'Wait' },
  'lets the source look first': { status: { decision: decision('Preflight') }, then: 'Wait' },
  'looks when the source has looked': {
    status: { decision: decision('Preflight'), source: source('Preflighted') },
    then: 'Preflight',
  },
  'waits for the description': {
    status: { decision: decision('Prepare'), source: source('Preflighted'), target: target('Preflighted') },
    then: 'Wait',
  },
  'creates the container from the description': {
    status: { decision: decision('Prepare'), source: source('Prepared'), target: target('Preflighted') },
    then: 'Prepare',
  },
  'waits for the checkpoint': {
    status: { decision: decision('Freeze'), source: source('Prepared'), target: target('Prepared') },
    then: 'Wait',
  },
  'claims what is published': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Prepared') },
    then: 'Claim',
  },
  'does not claim what was revoked': {
    status: { decision: decision('Freeze', { revoked }), source: source('Published'), target: target('Prepared') },
    then: 'Withdraw',
  },
  'does not claim what the source failed to publish': {
    status: { decision: decision('Freeze'), source: source('Failed', { error }), target: target('Prepared') },
    then: 'Wait',
  },
  'wakes up what it has claimed': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Claimed') },
    then: 'Wake',
  },
  'goes on after the claim whatever the controller says': {
    status: { decision: decision('Freeze', { revoked }), source: source('Published'), target: target('Claimed') },
    then: 'Wake',
  },
  'cleans up when the container runs': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Restored') },
    then: 'CleanUp',
  },
  'never tries again after giving the claim back': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Failed', { error }) },
    then: 'Wait',
  },
  'removes what it had created when it failed before the claim': {
    status: { decision: decision('Freeze', { revoked }), target: target('Failed', { error }) },
    then: 'Withdraw',
  },
  'withdraws once': {
    status: { decision: decision('Freeze', { revoked }), target: target('Withdrawn') },
    then: 'Wait',
  },
  'removes its leftovers even when the migration has ended without it': {
    status: { phase: 'RolledBack', decision: decision('Freeze', { revoked }), target: target('Prepared') },
    then: 'Withdraw',
  },
  'cleans up after the end too, for a life that died before it could': {
    status: {
      phase: 'Succeeded',
      decision: decision('Freeze'),
      source: source('Released'),
      target: target('Restored'),
    },
    then: 'CleanUp',
  },
};

test.each(Object.entries(cases))('the target %s', (_name, { status, then }) => {
  expect(decideTarget(migration(status)).do).toBe(then);
});

test('the target does not claim for a spec that is not the accepted one', () => {
  const changed = migration(
    { decision: decision('Freeze'), source: source('Published'), target: target('Prepared') },
    { spec: { retainCheckpoint: 'Always' } },
  );
  expect(decideTarget(changed).do).toBe('Wait');
});
