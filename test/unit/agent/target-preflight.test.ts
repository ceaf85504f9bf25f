import { preflightTarget } from '../../../src/agent/target/preflight';
import type { Spec, TargetStatus } from '../../../src/api/types';
import type { ImageTransport } from '../../../src/docker/images';
import type { Finding } from '../../../src/driver/driver';
import { ReasonedError } from '../../../src/runtime/errors';
import { decision, migration, source } from '../../lib/migration';
import type { World } from '../../lib/preflight-world';
import { depsFor, elsewhere, looper, passing, summarise, unavailable } from '../../lib/preflight-world';

const described = {
  containerName: 'looper',
  imageID: looper.imageID,
  imageName: 'busybox:1',
  networks: ['bridge', 'backend'],
  bindSources: [] as string[],
  volumeID: 'volume-1',
  checks: [],
};

const onTarget: Record<string, { world?: World; source?: object; found: [string, boolean][] }> = {
  'finds nothing against a plain container': { found: [] },
  'need not look when the source refuses': {
    source: { checks: [{ reason: 'X', message: 'no', blocking: true }] },
    world: { engine: { info: unavailable('EngineUnreachable') } },
    found: [],
  },
  'has a missing image carried': {
    world: { engine: { findImage: () => Promise.resolve(undefined) } },
    found: [['ImageCarried', false]],
  },
  'refuses a missing network, but none that every Docker has': {
    world: { networks: { named: () => Promise.resolve([]) } },
    found: [['NetworkMissing', true]],
  },
  'refuses a taken name': { world: { container: { name: 'looper' } }, found: [['NameTaken', true]] },
  'mentions a bind mount': { source: { bindSources: ['/srv'] }, found: [['BindMountNotCarried', false]] },
  'refuses a bind mount whose path it lacks': {
    source: { bindSources: ['/srv'] },
    world: { node: { pathExists: () => Promise.resolve(false) } },
    found: [['BindMountMissing', true]],
  },
  'refuses another volume than the source sees': {
    world: { node: { volumeID: () => Promise.resolve('volume-2') } },
    found: [['VolumeNotShared', true]],
  },
  'refuses what Docker refuses': {
    world: { engine: { info: unavailable('EngineRefused') } },
    found: [['EngineRefused', true]],
  },
  'passes on what the driver finds': {
    world: {
      driver: {
        checkWake: () => Promise.resolve([{ reason: 'RestoreRuntimeMissing', message: 'no', blocking: true }]),
      },
    },
    found: [['RestoreRuntimeMissing', true]],
  },
};

test.each(Object.entries(onTarget))('the target %s', async (_name, { world = {}, source: changes = {}, found }) => {
  const object = migration({
    decision: decision('Preflight'),
    source: source('Preflighted', { ...described, ...changes }),
  });
  const deps = depsFor({ ...elsewhere, ...world });
  const status = await preflightTarget(object, deps);
  expect(status).toMatchObject({ state: 'Preflighted', containerName: 'looper' });
  expect(summarise(status.checks)).toEqual(found);
});

test.each<[Spec['memory'], [string, boolean][]]>([
  ['Lazy', [['LazyPagesUnsupported', true]]],
  ['Auto', [['LazyPagesUnsupported', false]]],
  ['Eager', []],
])('with spec.memory %s a target that can bring memory only before says so', async (memory, found) => {
  const checkLazy = (): Promise<Finding[]> =>
    Promise.resolve([{ reason: 'LazyPagesUnsupported', message: 'no userfaultfd', blocking: true }]);
  const object = migration({ source: source('Preflighted', described) }, { spec: { memory } });
  const { checks } = await preflightTarget(object, depsFor({ ...elsewhere, driver: { checkLazy } }));
  expect(summarise(checks)).toEqual(found);
});

describe('an image that the target lacks', () => {
  const DIGEST = `registry.example/busybox@sha256:${'a'.repeat(64)}`;
  const lacking = { findImage: () => Promise.resolve(undefined) };
  const look = async (
    image: Spec['image'],
    imageDigests: string[],
    ask: ImageTransport['ask'] = () => Promise.resolve(),
  ): Promise<TargetStatus> => {
    const object = migration(
      { decision: decision('Preflight'), source: source('Preflighted', { ...described, imageDigests }) },
      { spec: { image } },
    );
    return preflightTarget(object, depsFor({ ...elsewhere, engine: lacking, images: { ask } }));
  };

  test.each<[Spec['image'], string[], TargetStatus['image'], [string, boolean][]]>([
    ['Require', [DIGEST], undefined, [['ImageMissing', true]]],
    ['Pull', [DIGEST], 'Pull', [['ImageCarried', false]]],
    ['Pull', [], undefined, [['ImageNotPullable', true]]],
    ['Transfer', [], 'Transfer', [['ImageCarried', false]]],
    ['Transfer', [DIGEST], 'Pull', [['ImageCarried', false]]],
  ])('with spec.image %s and the digests %j', async (mode, digests, image, found) => {
    const status = await look(mode, digests);
    expect(status.image).toBe(image);
    expect(summarise(status.checks)).toEqual(found);
  });

  test('that its registry refuses is refused, or carried over the volume', async () => {
    const ask = unavailable('ImageNotPullable');
    expect(summarise((await look('Pull', [DIGEST], ask)).checks)).toEqual([['ImageNotPullable', true]]);
    expect((await look('Transfer', [DIGEST], ask)).image).toBe('Transfer');
  });

  test('whose registry does not answer is asked for again, or carried over the volume', async () => {
    const ask = unavailable('ImagePullFailed');
    await expect(look('Pull', [DIGEST], ask)).rejects.toMatchObject({ reason: 'ImagePullFailed' });
    expect((await look('Transfer', [DIGEST], ask)).image).toBe('Transfer');
  });

  test('is asked for by each of its digests, as long as none is offered', async () => {
    const other = DIGEST.replace('example', 'test');
    const ask: ImageTransport['ask'] = (digest) =>
      digest === other ? Promise.resolve() : Promise.reject(new ReasonedError('ImageNotPullable', 'for the test'));
    const { checks } = await look('Pull', [DIGEST, other], ask);
    expect(checks).toMatchObject([{ reason: 'ImageCarried', message: expect.stringContaining(other) as string }]);
  });
});

test('an image that is there is neither asked for nor carried', async () => {
  const object = migration({ source: source('Preflighted', described) });
  expect(await preflightTarget(object, depsFor(elsewhere))).toMatchObject({ image: 'Present', checks: [] });
});

test.each(passing)('the target does not refuse for %s, which may pass: the look fails', async (reason, world) => {
  const object = migration({ source: source('Preflighted', described) });
  await expect(preflightTarget(object, depsFor({ ...elsewhere, ...world }))).rejects.toMatchObject({ reason });
});
