import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileJournal } from '../../../src/agent/journal';
import { otherHolder, reserveContainer } from '../../../src/agent/journal-holder';
import type { AgentDeps } from '../../../src/agent/ports';
import type { ContainerMigration } from '../../../src/api/types';
import { CONTAINER_ID, decision, migration } from '../../lib/migration';

let directory: string;
let journal: FileJournal;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'journal-'));
  journal = new FileJournal(directory);
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const mine = { migrationUID: 'uid-1', migration: 'default/one' };
const others = { migrationUID: 'uid-2', migration: 'default/two' };

test('a container is reserved for one migration at a time', async () => {
  await journal.reserve(CONTAINER_ID, mine);
  await expect(journal.reserve(CONTAINER_ID, others)).rejects.toMatchObject({
    reason: 'MigrationInProgress',
    message: expect.stringContaining('default/one') as string,
  });
  await journal.reserve(CONTAINER_ID, mine);
  await journal.release(CONTAINER_ID);
  await journal.reserve(CONTAINER_ID, others);
});

test('of many that want a container at once, one gets it', async () => {
  const tries = Array.from({ length: 20 }, (_, index) =>
    journal.reserve(CONTAINER_ID, { migrationUID: `uid-${index}`, migration: `default/${index}` }).then(
      () => 'got it',
      () => 'refused',
    ),
  );
  expect((await Promise.all(tries)).filter((outcome) => outcome === 'got it')).toHaveLength(1);
});

test('what is noted is there for the next life of the agent', async () => {
  await journal.reserve(CONTAINER_ID, mine);
  await journal.note(CONTAINER_ID, 'uid-1', { freezeStartedAt: 'then' });
  await journal.note(CONTAINER_ID, 'uid-1', { frozenAt: 'later' });
  expect(await new FileJournal(directory).read(CONTAINER_ID)).toEqual({
    ...mine,
    freezeStartedAt: 'then',
    frozenAt: 'later',
  });
});

test('only the migration that has the container can note anything', async () => {
  await journal.reserve(CONTAINER_ID, mine);
  await expect(journal.note(CONTAINER_ID, 'uid-2', { frozenAt: 'x' })).rejects.toMatchObject({
    reason: 'MigrationInProgress',
  });
});

test('nobody else can read it', async () => {
  await journal.reserve(CONTAINER_ID, mine);
  expect((await stat(join(directory, 'source', `${CONTAINER_ID}.json`))).mode & 0o077).toBe(0);
  expect((await stat(join(directory, 'source'))).mode & 0o077).toBe(0);
});

test('an ID that would lead out of the directory is refused', async () => {
  await expect(journal.read('../../etc/passwd')).rejects.toMatchObject({ reason: 'ContainerIDInvalid' });
});

test('an entry that cannot be read is said so, not taken for none', async () => {
  await journal.reserve(CONTAINER_ID, mine);
  await writeFile(join(directory, 'source', `${CONTAINER_ID}.json`), '{"half');
  await expect(journal.read(CONTAINER_ID)).rejects.toMatchObject({ reason: 'JournalCorrupt' });
});

describe('a reservation of another migration', () => {
  const container = { id: CONTAINER_ID, restartPolicy: { name: 'always', maximumRetryCount: 0 } } as const;
  const depsWith = (...known: ContainerMigration[]): AgentDeps =>
    ({ migrations: { list: () => known }, journal }) as unknown as AgentDeps;
  const moving = migration({ decision: decision('Freeze') }, { metadata: { name: 'other', uid: 'uid-2' } });

  beforeEach(() => journal.reserve(CONTAINER_ID, others));

  test('counts while that migration goes on', async () => {
    expect(await otherHolder(CONTAINER_ID, migration(), depsWith(moving))).toBe('default/two');
    await expect(reserveContainer(container, migration(), depsWith(moving))).rejects.toMatchObject({
      reason: 'MigrationInProgress',
    });
  });

  test.each([
    ['has ended', [{ ...moving, status: { phase: 'Failed' as const } }]],
    ['is gone from the API server', []],
  ])('is a leftover when that migration %s', async (_what, known) => {
    await reserveContainer(container, migration(), depsWith(...known));
    expect(await journal.read(CONTAINER_ID)).toMatchObject({
      migrationUID: migration().metadata.uid,
      restartPolicy: container.restartPolicy,
    });
  });
});

describe('the times of a freeze', () => {
  const times = { freezeStartedAt: '1', frozenAt: '2', dumpedAt: '3' };

  beforeEach(() => journal.reserve(CONTAINER_ID, mine));

  test('of an earlier one are forgotten when another begins', async () => {
    await journal.note(CONTAINER_ID, mine.migrationUID, times);
    await journal.begin(CONTAINER_ID, mine.migrationUID, { freezeStartedAt: '5' });
    expect(await journal.read(CONTAINER_ID)).toEqual({ ...mine, freezeStartedAt: '5' });
  });

  test.each([
    ['note', 'uid-2', CONTAINER_ID, 'MigrationInProgress'],
    ['begin', 'uid-2', CONTAINER_ID, 'MigrationInProgress'],
    ['note', mine.migrationUID, 'd'.repeat(64), 'JournalLost'],
    ['begin', mine.migrationUID, 'd'.repeat(64), 'JournalLost'],
  ] as const)('%s by %s for %s is refused: %s', async (change, uid, id, reason) => {
    await expect(journal[change](id, uid, times)).rejects.toMatchObject({ reason });
    expect(await journal.read(CONTAINER_ID)).toEqual(mine);
  });
});
