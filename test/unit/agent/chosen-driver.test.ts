import type { Finding } from '../../../src/driver/driver';
import type { ContainerMigration } from '../../../src/api/types';
import { NOT_LAZY } from '../../../src/driver/docker/checks';
import { chooseDriver } from '../../../src/protocol/driver-choice';
import { ALWAYS, FakeMove, MEMORY } from '../../lib/fake-move';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const against = (reason: string, blocking = true): Finding => ({ reason, message: `${reason} it is`, blocking });
const NO_WRAPPER = { wake: [against('RestoreRuntimeMissing')] };

type Spec = ContainerMigration['spec'];

const moveBy = (driver: Spec['driver'], memory: Spec['memory'] = 'Eager'): FakeMove => {
  const move = new FakeMove(directory(), ALWAYS, { driver, memory });
  move.target.problems.docker = { lazy: [NOT_LAZY] };
  return move;
};

async function looked(move: FakeMove): Promise<FakeMove> {
  await move.source.visit();
  await move.target.visit();
  return move;
}

/** What the controller does when nothing stands against it. */
function choose(move: FakeMove): void {
  const driver = chooseDriver(move.api.object);
  if (driver === undefined) throw new Error('there is none');
  move.decide('Prepare', { driver });
}

describe('each agent reports', () => {
  test('what is possible on its node, and what stands against the rest', async () => {
    const move = moveBy('Auto');
    move.source.problems.docker = { freeze: [against('EngineNotExperimental')] };
    const { source, target } = (await looked(move)).status;
    expect(source?.drivers).toEqual([
      { name: 'runc' },
      {
        name: 'docker',
        problems: [{ reason: 'EngineNotExperimental', message: 'EngineNotExperimental it is' }],
      },
    ]);
    expect(target?.drivers).toEqual([{ name: 'runc' }, { name: 'docker' }]);
    expect([source?.checks, target?.checks]).toEqual([[], []]);
  });

  test('nothing of a driver that the owner does not want', async () => {
    const move = moveBy('docker');
    move.source.problems.runc = { freeze: [against('RuncMissing')] };
    const { source } = (await looked(move)).status;
    expect([source?.drivers, source?.checks]).toEqual([[{ name: 'docker' }], []]);
  });

  test('what is worth knowing of the one that will be taken', async () => {
    const move = moveBy('Auto');
    move.source.problems.runc = { freeze: [against('CriuConfigNotCarried', false)] };
    move.source.problems.docker = { freeze: [against('CriuConfigForeign')] };
    expect((await looked(move)).status.source?.checks?.map(({ reason }) => reason)).toEqual(['CriuConfigNotCarried']);
  });
});

describe('it is refused', () => {
  test('by a source that can use none, with what stands against each; the target need not look', async () => {
    const move = moveBy('Auto');
    move.source.problems.runc = { freeze: [against('RuncMissing')] };
    move.source.problems.docker = { freeze: [against('EngineNotExperimental')] };
    const { source, target } = (await looked(move)).status;
    expect(source?.checks).toEqual([
      { reason: 'RuncMissing', message: 'driver runc: RuncMissing it is', blocking: true },
      { reason: 'EngineNotExperimental', message: 'driver docker: EngineNotExperimental it is', blocking: true },
    ]);
    expect(target?.drivers).toBeUndefined();
  });

  test('by a target that can use another one only', async () => {
    const move = moveBy('Auto');
    move.source.problems.docker = { freeze: [against('EngineNotExperimental')] };
    move.target.problems.runc = NO_WRAPPER;
    const { target } = (await looked(move)).status;
    expect(target?.checks?.map(({ reason, blocking }) => [reason, blocking])).toEqual([
      ['RestoreRuntimeMissing', true],
      ['EngineNotExperimental', true],
    ]);
    expect(chooseDriver(move.api.object)).toBeUndefined();
  });

  test('when the one that is named is not possible, though another one is', async () => {
    const move = moveBy('runc');
    move.target.problems.runc = NO_WRAPPER;
    expect((await looked(move)).status.target?.checks).toEqual(NO_WRAPPER.wake);
  });
});

describe('memory that is to come later', () => {
  const seen = async (driver: Spec['driver'], memory: Spec['memory'], runc = {}): Promise<unknown> => {
    const move = moveBy(driver, memory);
    move.target.problems.runc = runc;
    const { target } = (await looked(move)).status;
    return [chooseDriver(move.api.object)?.name, target?.checks?.map(({ reason, blocking }) => [reason, blocking])];
  };

  test('is refused by driver docker, and is a reason to take runc', async () => {
    expect(await seen('docker', 'Lazy')).toEqual([undefined, [['LazyPagesNotByDriver', true]]]);
    expect(await seen('Auto', 'Lazy')).toEqual(['runc', []]);
  });

  test('is refused where only driver docker is possible, and where runc cannot do it either', async () => {
    expect(await seen('Auto', 'Lazy', NO_WRAPPER)).toEqual([
      undefined,
      [
        ['RestoreRuntimeMissing', true],
        ['LazyPagesNotByDriver', true],
      ],
    ]);
    expect(await seen('Auto', 'Lazy', { lazy: [against('LazyPagesUnsupported')] })).toEqual([
      undefined,
      [
        ['LazyPagesUnsupported', true],
        ['LazyPagesNotByDriver', true],
      ],
    ]);
  });

  test('does not come later with Auto and driver docker', async () => {
    expect(await seen('Auto', 'Auto', NO_WRAPPER)).toEqual(['docker', [['LazyPagesNotByDriver', false]]]);
    expect(await seen('docker', 'Eager')).toEqual(['docker', []]);
  });
});

test('both go by the one that was chosen, from the first step to the last', async () => {
  const move = moveBy('Auto');
  move.target.problems.runc = NO_WRAPPER;
  choose(await looked(move));
  await looked(move);
  const { driver } = move.status.decision ?? {};
  expect(driver?.name).toBe('docker');
  // What the nodes can do changes meanwhile: that is nothing to either of them any more.
  move.target.problems.runc = {};
  move.decide('Freeze', driver === undefined ? {} : { driver });
  await move.source.visit();
  await move.target.visit();
  expect([move.status.source?.checkpoint?.driver, move.volume.manifest?.manifest.driver]).toEqual(['docker', 'docker']);
  const copy = move.target.docker.get(move.status.target?.containerID ?? '');
  expect([copy.runtime, copy.memory]).toEqual(['runc', MEMORY]);
  await move.untilDone(move.source);
  await move.untilDone(move.target);
  expect([move.status.source?.state, move.status.target?.state]).toEqual(['Released', 'Settled']);
  expect(move.target.markers.size).toBe(0);
});

test('an object without one is moved by runc', async () => {
  const move = await moveBy('Auto').toRestored();
  const copy = move.target.docker.get(move.status.target?.containerID ?? '');
  expect([copy.runtime, move.status.source?.checkpoint?.driver]).toEqual(['transship', 'runc']);
});
