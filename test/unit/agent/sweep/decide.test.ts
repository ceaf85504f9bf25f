import type { Verdict } from '../../../../src/agent/sweep/decide';
import { judge } from '../../../../src/agent/sweep/decide';
import type { Find } from '../../../../src/agent/sweep/finds';
import type { Identity } from '../../../../src/agent/sweep/owners';
import { ownerOf } from '../../../../src/agent/sweep/owners';
import { CONTAINER_ID, UID } from '../../../lib/migration';
import { attempt, container, entry, FROZEN, REPORTED, reservation } from './examples';

const LIMITS = { wakeMs: 180_000, scrapMs: 60_000, configMs: 180_000, attemptMs: 900_000 };
const HOUR = 3_600_000;
const directory = { namespace: 'default', name: 'move', uidPrefix: UID.slice(0, 8) };
const MOVE: Identity = { namespace: 'default', name: 'move', uid: UID };
/** Of the same name, made after the first one had been deleted. */
const ANOTHER: Identity = { ...MOVE, uid: 'fedcba98-89ab-cdef-0123-456789abcdef' };

const verdict = (find: Find, objects: readonly Identity[] = [], busy: readonly string[] = []): Verdict =>
  judge(find, ownerOf(find, objects, busy), LIMITS, 'node-a');

test.each<[string, Find, Verdict['do']]>([
  ['a container that was never started', container('created'), 'Remove'],
  ['one that was disarmed', container('created', { markerAgeMs: 1 }), 'Remove'],
  ['one whose start failed', container('created', { wake: 'failed', markerAgeMs: 1 }), 'Remove'],
  ['one that may be starting', container('created', { wake: 'armed', markerAgeMs: 1_000 }), 'Leave'],
  ['one that may be waking up', container('created', { wake: 'restoring', markerAgeMs: 179_000 }), 'Leave'],
  ['one that has long stopped waking up', container('created', { wake: 'restoring', markerAgeMs: HOUR }), 'Remove'],
  ['one that runs', container('running'), 'Leave'],
  ['one that runs, with its marker', container('running', { wake: 'resumed', markerAgeMs: HOUR }), 'Remove'],
  ['one that has run', container('exited'), 'Leave'],
  ['a reservation of a container that is gone', reservation(REPORTED, 'gone'), 'Remove'],
  ['of one that runs', reservation(FROZEN, 'running'), 'GivePolicyBack'],
  ['of one that runs after all', reservation(REPORTED, 'running'), 'GivePolicyBack'],
  ['of one that somebody else has paused', reservation(entry(), 'paused'), 'Remove'],
  ['of one that is frozen, not dumped', reservation(FROZEN, 'paused'), 'Thaw'],
  ['of one that is dumped, not reported', reservation(entry('freezeStartedAt', 'dumpedAt'), 'paused'), 'Thaw'],
  ['of one whose checkpoint was reported', reservation(REPORTED, 'paused'), 'Tell'],
  ['of one that died frozen', reservation(FROZEN, 'exited'), 'GivePolicyBack'],
  ['of one that died after its checkpoint was reported', reservation(REPORTED, 'exited'), 'Remove'],
  ['a marker without a container', { kind: 'marker', containerID: CONTAINER_ID }, 'Remove'],
  ['an old configuration', { kind: 'config', migrationUID: UID, ageMs: HOUR }, 'Remove'],
  ['a new one, perhaps of a dump', { kind: 'config', migrationUID: UID, ageMs: 1_000 }, 'Leave'],
  ['an old temporary file', { kind: 'scrap', path: '/run/x.new', ageMs: HOUR }, 'Remove'],
  ['a new one', { kind: 'scrap', path: '/run/x.new', ageMs: 1_000 }, 'Leave'],
  ['a dump that goes on', { kind: 'process', pid: 7, program: 'runc', directory }, 'Remove'],
  ['an unfinished checkpoint', attempt(), 'Remove'],
  ['one that was only described', attempt({ usedByNodes: [] }), 'Remove'],
  ['one that was touched lately', attempt({ ageMs: 1_000 }), 'Leave'],
  ['one that another node worked on', attempt({ usedByNodes: ['node-a', 'node-b'] }), 'Leave'],
  ['a finished checkpoint', attempt({ hasManifest: true }), 'Tell'],
])('%s, of an object that is gone', (_what, find, expected) => {
  expect(verdict(find).do).toBe(expected);
  // An object that only has the same name is another one.
  expect(verdict(find, [ANOTHER]).do).toBe(expected);
});

const OWNED: Find[] = [
  container('created'),
  container('running', { wake: 'resumed', markerAgeMs: HOUR }),
  reservation(FROZEN, 'paused'),
  reservation(REPORTED, 'gone'),
  { kind: 'config', migrationUID: UID, ageMs: HOUR },
  { kind: 'process', pid: 7, program: 'tar', directory },
  attempt(),
  attempt({ hasManifest: true }),
];

test.each(OWNED)('what belongs to an object that exists is left to the reconcilers: %j', (find) => {
  expect(verdict(find, [ANOTHER, MOVE])).toEqual({ do: 'Remind', key: 'default/move' });
});

test.each(OWNED)('what this agent works on is left for now, though its object is gone: %j', (find) => {
  expect(verdict(find, [], ['another', UID])).toMatchObject({ do: 'Leave', soon: true });
});

test('an object of another namespace does not own a directory', () => {
  expect(verdict(attempt(), [{ ...MOVE, namespace: 'elsewhere' }]).do).toBe('Remove');
});
