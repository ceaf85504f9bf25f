import { ALWAYS, FakeMove, LOG } from '../../lib/fake-move';
import { CONTAINER_ID } from '../../lib/migration';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();

test('a log is copied while the container runs, and completed when it stands still', async () => {
  const move = new FakeMove(directory());
  await move.source.visit();
  await move.target.visit();
  move.decide('Prepare');
  await move.source.visit();
  expect(move.volume.logAhead).toBe(LOG);
  await move.target.visit();
  move.decide('Freeze');
  move.source.docker.change(CONTAINER_ID, { log: `${LOG} 42` });
  move.source.meanwhile('engine.pause', () => {
    expect(move.volume.logAhead).toBe(`${LOG} 42`);
    move.source.docker.change(CONTAINER_ID, { log: `${LOG} 42 43` });
  });
  await move.source.visit();
  expect(move.volume.log).toBe(`${LOG} 42 43`);
});

test('it stays behind with spec.logs: Skip', async () => {
  const move = new FakeMove(directory(), ALWAYS, { logs: 'Skip' });
  await move.toRestored();
  expect(move.volume).toMatchObject({ log: undefined });
  expect(move.volume.logAhead).toBeUndefined();
  expect(move.target.docker.containers).toEqual([expect.objectContaining({ state: 'running', log: '' })]);
});
