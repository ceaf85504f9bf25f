import { originLabels } from '../../../src/agent/origin-labels';
import type { Origin } from '../../../src/docker/origin';
import { ORIGIN_LABELS, readOrigin } from '../../../src/docker/origin';
import { CONTAINER_ID, migration, source } from '../../lib/migration';

const CREATED = '2026-01-02T03:04:05.123456789Z';
const where = { nodeName: 'node-b', nowMs: Date.parse('2026-02-03T04:05:06.789Z') };
const object = migration({ source: source('Prepared', { containerID: CONTAINER_ID }) });

test('a container that was never moved', () => {
  expect(readOrigin({ raw: { Created: CREATED, RestartCount: 2 }, labels: {} })).toEqual({
    createdAt: CREATED,
    restarts: 2,
    moves: 0,
  });
});

test('one that was moved remembers, and counts on', () => {
  const first = originLabels(object, { createdAt: CREATED, restarts: 2, moves: 0 }, where);
  expect(first).toEqual({
    'transship.dev/migration': `${object.metadata.namespace}/${object.metadata.name}`,
    'transship.dev/from-node': 'node-a',
    'transship.dev/from-container': CONTAINER_ID,
    'transship.dev/moved-at': '2026-02-03T04:05:06.789Z',
    'transship.dev/moves': '1',
    'transship.dev/restart-count': '2',
    'transship.dev/first-created-at': CREATED,
  });
  const second = readOrigin({ raw: { Created: '2026-02-03T04:05:06.7Z', RestartCount: 5 }, labels: first });
  expect(second).toEqual({ createdAt: CREATED, restarts: 7, moves: 1 });
  expect(originLabels(object, second, where)).toMatchObject({ 'transship.dev/moves': '2' });
});

test('the original’s replacement on its own node has not moved', () => {
  const origin: Origin = { createdAt: CREATED, restarts: 0, moves: 3 };
  expect(originLabels(object, origin, { ...where, nodeName: 'node-a' })).toMatchObject({ 'transship.dev/moves': '3' });
});

test('labels that say nonsense, and what an older agent did not tell, count as absent', () => {
  const labels = {
    [ORIGIN_LABELS.createdAt]: 'yesterday',
    [ORIGIN_LABELS.restarts]: '-1',
    [ORIGIN_LABELS.moves]: '99999999999999',
  };
  expect(readOrigin({ raw: { Created: 5 }, labels })).toEqual({ restarts: 0, moves: 0 });
  expect(originLabels(object, undefined, where)).not.toHaveProperty(ORIGIN_LABELS.createdAt);
  expect(originLabels(object, undefined, where)).toMatchObject({ 'transship.dev/moves': '1' });
});
