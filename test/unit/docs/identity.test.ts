import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { originLabels } from '../../../src/agent/origin-labels';
import { IMAGE_NAME_LABEL } from '../../../src/docker/answers';
import { CHOSEN_BY_DOCKER, OF_EVERY_CONTAINER, OF_THE_MAPPING, OF_THE_MOVE } from '../../lib/inspect-differences';
import { migration } from '../../lib/migration';

const page = readFileSync(join(__dirname, '../../../docs/identity.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| '));
/** The words in backticks of the first column. */
const told = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word]) => word));

test('every field that may differ after a move has its row in docs/identity.md', () => {
  const paths = [...OF_EVERY_CONTAINER, ...OF_THE_MAPPING, ...OF_THE_MOVE, ...CHOSEN_BY_DOCKER];
  expect(paths.filter((path) => !told.includes(path))).toEqual([]);
});

test('every label has its row', () => {
  const origin = { createdAt: '2026-01-02T03:04:05Z', restarts: 0, moves: 0 };
  const labels = Object.keys(originLabels(migration({}), origin, { nodeName: 'node-b', nowMs: 0 }));
  const all = [...labels, IMAGE_NAME_LABEL, 'transship.dev/migration-uid'];
  expect(all.map((label) => label.replace('transship.dev/', '')).filter((label) => !told.includes(label))).toEqual([]);
});
