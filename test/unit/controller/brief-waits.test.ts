import type { ContainerMigration } from '../../../src/api/types';
import { BRIEF_MS, BriefWaits } from '../../../src/controller/brief-waits';
import type { ControllerStatus } from '../../../src/protocol/status';
import { decision, error, migration, source } from '../../lib/migration';

const told = { phase: 'Preparing', reason: 'Preparing', message: 'waiting for node-a', observedGeneration: 1 } as const;
const preparing = (more: object = {}): ContainerMigration =>
  migration({ ...told, decision: decision('Prepare'), source: source('Preflighted', more) });
const saying = (message: string, more: object = {}): ControllerStatus => ({ ...told, message, ...more });

let waits: BriefWaits;
beforeEach(() => {
  waits = new BriefWaits();
});

test('a message is kept back until it has been the same for so long', () => {
  expect(waits.keptBackMs(preparing(), saying('one'), 0)).toBe(BRIEF_MS);
  expect(waits.keptBackMs(preparing(), saying('one'), 4_000)).toBe(BRIEF_MS - 4_000);
  expect(waits.keptBackMs(preparing(), saying('one'), BRIEF_MS)).toBeUndefined();
});

test('another one begins anew, and so does the same after an end', () => {
  waits.keptBackMs(preparing(), saying('one'), 0);
  expect(waits.keptBackMs(preparing(), saying('two'), 4_000)).toBe(BRIEF_MS);
  expect(waits.keptBackMs(preparing(), saying('two'), BRIEF_MS)).toBe(4_000);
  waits.end('default/move');
  expect(waits.keptBackMs(preparing(), saying('two'), 10_000)).toBe(BRIEF_MS);
});

test.each<[string, ContainerMigration, object]>([
  ['another phase', preparing(), { phase: 'Freezing' }],
  ['another reason', preparing(), { reason: 'TargetUnreachable' }],
  ['another generation', { ...preparing(), metadata: { ...preparing().metadata, generation: 2 } }, {}],
  ['what an agent failed of', preparing({ error }), {}],
])('%s is told at once', (_what, object, more) => {
  expect(waits.keptBackMs(object, saying('one', more), 0)).toBeUndefined();
});
