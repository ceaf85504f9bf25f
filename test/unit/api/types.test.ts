import type { Phase } from '../../../src/api/types';
import { ADMITTED_UID, isCopy, isFinal } from '../../../src/api/types';
import { schema } from '../../../src/api/generated/schema';
import { decision, migration, UID } from '../../lib/migration';

const annotated = (uid: string): { metadata: object } => ({ metadata: { annotations: { [ADMITTED_UID]: uid } } });
const decidedFor = (migrationUID: string): { decision: ReturnType<typeof decision> } => ({
  decision: decision('Freeze', { migrationUID }),
});

test.each<[string, ReturnType<typeof migration>, boolean]>([
  ['a new object', migration(), false],
  ['an admitted object', migration(decidedFor(UID), annotated(UID)), false],
  ['an object that was held and not yet admitted', migration({}, annotated(UID)), false],
  ['a restored backup with its status', migration(decidedFor('another'), annotated('another')), true],
  ['a restored backup without its status', migration({}, annotated('another')), true],
  ['a restored backup without its annotation', migration(decidedFor('another')), true],
  ['a copy that somebody gave the annotation of its own UID', migration(decidedFor('another'), annotated(UID)), true],
  ['a copy whose decision was taken out', migration({ phase: 'Freezing' }, annotated('another')), true],
])('%s', (_what, object, copy) => {
  expect(isCopy(object)).toBe(copy);
});

test('four phases are final, and having none is not', () => {
  const phases: readonly Phase[] = schema.properties.status.properties.phase.enum;
  const final = phases.filter((phase) => isFinal(migration({ phase })));
  expect(final).toEqual(['Succeeded', 'Checked', 'RolledBack', 'Failed']);
  expect(isFinal(migration())).toBe(false);
});
