import { ALWAYS, FakeMove, MEMORY } from '../../lib/fake-move';
import { CONTAINER_ID } from '../../lib/migration';
import { NOTHING_OPEN } from '../../lib/nothing-open';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;
beforeEach(() => {
  move = new FakeMove(directory(), ALWAYS, { criu: ['ext-unix-sk'] });
});

const shown = (): string[] => (move.status.source?.criuOptions ?? []).map(({ option }) => option);
const locked = { ...NOTHING_OPEN, lockedFiles: ['/lock'] };
const huge = { ...NOTHING_OPEN, deletedFiles: [{ path: '/huge', sizeBytes: 2 ** 30 }] };

test('what CRIU is told is in the object before the freeze, and the dump and the restore are told the same', async () => {
  move.source.facts = locked;
  move.source.docker.change(CONTAINER_ID, { init: true });
  await move.toFreeze();
  expect(shown()).toEqual(['ext-unix-sk', 'file-locks', 'mntns-compat-mode']);
  await move.source.visit();
  await move.target.visit();
  expect(move.status.target?.state).toBe('Restored');
  expect(move.volume.toldAtDump?.map(({ name }) => name)).toEqual(shown());
  expect(move.volume.toldAtRestore?.map(({ name }) => name)).toEqual(shown());
});

test('what the container opened since the preparation counts, too', async () => {
  await move.toFreeze();
  expect(shown()).toEqual(['ext-unix-sk']);
  move.source.facts = locked;
  await move.source.visit();
  expect(move.volume.toldAtDump?.map(({ name }) => name)).toEqual(['ext-unix-sk', 'file-locks']);
  expect(shown()).toEqual(['ext-unix-sk', 'file-locks']);
});

test('what has become too large since then is refused before the container is paused', async () => {
  await move.toFreeze();
  move.source.facts = huge;
  await move.source.visit();
  expect(move.status.source).toMatchObject({ state: 'Failed', error: { reason: 'GhostFileTooLarge' } });
  expect(move.volume.dumps).toBe(0);
  expect(move.original).toMatchObject({ state: 'running', restartPolicy: ALWAYS, memory: MEMORY });
});

test('an original that died frozen is woken up with them on its own node', async () => {
  move.source.docker.change(CONTAINER_ID, { init: true });
  await move.toPublished();
  move.revoke();
  move.source.docker.die(CONTAINER_ID);
  await move.untilDone(move.source);
  expect(move.status.source?.restoredContainerID).toBeDefined();
  expect(move.volume.toldAtRestore?.map(({ name }) => name)).toEqual(['ext-unix-sk', 'mntns-compat-mode']);
});

test('an option beyond the closed set is refused by the target before the freeze', async () => {
  await move.source.visit();
  await move.target.visit();
  move.decide('Prepare');
  await move.source.visit();
  const { source } = move.status;
  const criuOptions = [{ option: 'action-script=/bin/sh', because: 'an attack' }];
  if (source !== undefined) move.api.set({ source: { ...source, criuOptions } });
  await move.target.visit();
  expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'CriuOptionInvalid' } });
  expect(move.target.docker.containers).toEqual([]);
});
