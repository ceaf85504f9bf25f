import type { Status } from '../../../src/api/types';
import type { SourceStep } from '../../../src/protocol/source';
import { decideSource } from '../../../src/protocol/source';
import { decision, error, migration, revoked, source, target } from '../../lib/migration';

const cases: Record<string, { status: Status; then: SourceStep['do'] }> = {
  'does nothing before the controller accepted the spec': { status: {}, then: 'Wait' },
  'looks at the container when it may': { status: { decision: decision('Preflight') }, then: 'Preflight' },
  'looks once only': { status: { decision: decision('Preflight'), source: source('Preflighted') }, then: 'Wait' },
  'prepares when both have looked': {
    status: { decision: decision('Prepare'), source: source('Preflighted') },
    then: 'Prepare',
  },
  'waits for the target when prepared': {
    status: { decision: decision('Prepare'), source: source('Prepared') },
    then: 'Wait',
  },
  'freezes when both are prepared': {
    status: { decision: decision('Freeze'), source: source('Prepared'), target: target('Prepared') },
    then: 'Freeze',
  },
  'never dumps again what is published': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Prepared') },
    then: 'Wait',
  },
  'waits while the target has claimed': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Claimed') },
    then: 'Wait',
  },
  'does not wake up after the claim even when told to': {
    status: { decision: decision('Freeze', { revoked }), source: source('Published'), target: target('Claimed') },
    then: 'Wait',
  },
  'ends the original only when the target runs': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Restored') },
    then: 'Release',
  },
  'ends the original once': {
    status: { decision: decision('Freeze'), source: source('Released'), target: target('Restored') },
    then: 'Wait',
  },
  'wakes up when the claim was revoked': {
    status: { decision: decision('Freeze', { revoked }), source: source('Published'), target: target('Prepared') },
    then: 'RollBack',
  },
  'wakes up when the target gave the claim back and the controller revoked': {
    status: {
      decision: decision('Freeze', { revoked }),
      source: source('Published'),
      target: target('Failed', { error }),
    },
    then: 'RollBack',
  },
  'stays frozen when the target gave the claim back, until the controller revokes': {
    status: { decision: decision('Freeze'), source: source('Published'), target: target('Failed', { error }) },
    then: 'Wait',
  },
  'leaves the decision to the controller when it failed itself': {
    status: { decision: decision('Freeze'), source: source('Failed', { error }) },
    then: 'Wait',
  },
  'wakes up after a failure when told to': {
    status: { decision: decision('Freeze', { revoked }), source: source('Failed', { error }) },
    then: 'RollBack',
  },
  'rolls back once': {
    status: { decision: decision('Freeze', { revoked }), source: source('RolledBack') },
    then: 'Wait',
  },
  'does nothing for a migration that was refused': {
    status: { phase: 'Failed', decision: decision('Preflight'), source: source('Preflighted') },
    then: 'Wait',
  },
};

test.each(Object.entries(cases))('the source %s', (_name, { status, then }) => {
  expect(decideSource(migration(status)).do).toBe(then);
});

test('the source does nothing for a spec that is not the accepted one', () => {
  const changed = migration(
    { decision: decision('Freeze'), source: source('Prepared'), target: target('Prepared') },
    { spec: { target: { nodeName: 'node-c' } } },
  );
  expect(decideSource(changed).do).toBe('Wait');
});

test('the source still wakes up when the spec was changed and the controller revoked', () => {
  const changed = migration(
    { decision: decision('Freeze', { revoked }), source: source('Published') },
    { spec: { target: { nodeName: 'node-c' } } },
  );
  expect(decideSource(changed).do).toBe('RollBack');
});
