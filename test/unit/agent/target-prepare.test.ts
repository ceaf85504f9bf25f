import { FakeMove } from '../../lib/fake-move';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let move: FakeMove;

/** The source has prepared; the target is about to. */
beforeEach(async () => {
  move = new FakeMove(directory());
  await move.source.visit();
  await move.target.visit();
  move.decide('Prepare');
  await move.source.visit();
});

const image = (): unknown => {
  const [{ raw } = { raw: undefined }] = move.target.docker.containers;
  return (raw as { Config: { Image: string } } | undefined)?.Config.Image;
};

test('a setting that the Docker of the target left out fails the migration by its name, before the freeze', async () => {
  move.target.docker.ignoredSettings.add('PortBindings');
  await move.target.visit();
  expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'SettingsNotCarried' } });
  expect(move.status.target?.error?.message).toContain('HostConfig.PortBindings');
  expect(move.original.state).toBe('running');
});

test('Docker shows the name of the image where it means the very same one', async () => {
  const { imageID, imageName } = move.original;
  move.target.docker.names.set(imageName, imageID);
  await move.target.visit();
  expect(move.status.target?.state).toBe('Prepared');
  expect(image()).toBe(imageName);
  expect(move.target.docker.containers).toMatchObject([{ imageID }]);
});

test('and the ID where the name means another', async () => {
  move.target.docker.names.set(move.original.imageName, `sha256:${'0'.repeat(64)}`);
  await move.target.visit();
  expect(move.status.target?.state).toBe('Prepared');
  expect(image()).toBe(move.original.imageID);
});

test('a name that comes to mean another image in that moment is found out', async () => {
  const { imageID, imageName } = move.original;
  move.target.docker.names.set(imageName, imageID);
  move.target.meanwhile('engine.create', () => {
    move.target.docker.names.set(imageName, `sha256:${'0'.repeat(64)}`);
  });
  await move.target.visit();
  expect(move.status.target).toMatchObject({ state: 'Failed', error: { reason: 'ImageDiffers' } });
  await move.target.visit();
});

test('what is prepared a second time is looked at again', async () => {
  move.target.docker.ignoredSettings.add('PortBindings');
  move.target.meanwhile('engine.create.after', () => {
    move.target.killAfter(0);
  });
  await expect(move.target.visit()).rejects.toThrow();
  move.target.calm();
  expect(move.target.docker.containers).toHaveLength(1);
  await move.target.visit();
  expect(move.status.target?.error?.reason).toBe('SettingsNotCarried');
});
