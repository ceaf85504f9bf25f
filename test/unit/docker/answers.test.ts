import { readInfo, readInspect, readList } from '../../../src/docker/answers';
import { fixtureProfiles, inspectAnswer, inspectFixture } from '../../lib/inspect-fixtures';

describe.each(fixtureProfiles())('docker inspect of %s', (profile) => {
  test('a running container', () => {
    const info = inspectFixture(profile, 'bridge');
    expect(info).toMatchObject({
      name: 'fixture-bridge',
      imageName: 'transship-lab/busybox:1',
      state: 'running',
      restartPolicy: { name: 'on-failure', maximumRetryCount: 3 },
      runtime: 'runc',
      networkMode: 'bridge',
      networks: ['bridge'],
      execIDs: [],
      init: false,
      annotations: {},
    });
    expect(info.pid).toBeGreaterThan(0);
    expect(info.id).toMatch(/^[0-9a-f]{64}$/);
    expect(info.upperDir).toMatch(/^\/var\/lib\/docker\/overlay2\/[0-9a-f]+\/diff$/);
    expect(info.labels).toMatchObject({ app: 'web' });
  });

  test('volumes and host paths, by whichever option they came', () => {
    const info = inspectFixture(profile, 'volumes');
    expect([...info.bindSources].sort()).toEqual(['/opt', '/tmp']);
    expect(info.volumes).toHaveLength(3);
    expect(info.volumes).toContain('fixture-data');
  });

  test('an annotation, several networks, and a network that is not its own', () => {
    expect(inspectFixture(profile, 'moved').annotations['com.example.owner']).toBe('team-a');
    expect(inspectFixture(profile, 'two-networks').networks).toEqual(['fixture-net', 'fixture-other']);
    expect(inspectFixture(profile, 'joined')).toMatchObject({ networks: [] });
  });
});

test.each([
  ['nothing', undefined],
  ['no object', 'x'],
  ['no state', { ...(inspectAnswer('docker28', 'none') as object), State: undefined }],
  ['a short ID', { ...(inspectAnswer('docker28', 'none') as object), Id: 'abc' }],
])('an inspect answer with %s is an error that names what is wrong', (_what, answer) => {
  expect(() => readInspect(answer)).toThrow(expect.objectContaining({ reason: 'EngineAnswerInvalid' }) as Error);
});

test('a policy that nobody set, and a storage driver that shows no layer', () => {
  const answer = inspectAnswer('docker28', 'none') as { HostConfig: object };
  const info = readInspect({
    ...answer,
    GraphDriver: null,
    HostConfig: { ...answer.HostConfig, RestartPolicy: { Name: '', MaximumRetryCount: 0 } },
  });
  expect(info.restartPolicy.name).toBe('no');
  expect(info.upperDir).toBeUndefined();
});

test('a list of containers', () => {
  const id = 'a'.repeat(64);
  expect(readList([{ Id: id, Names: ['/web', '/other/alias'], Labels: { a: 'b' }, Status: 'Up' }])).toEqual([
    { id, names: ['web', 'other/alias'], labels: { a: 'b' } },
  ]);
  expect(readList([{ Id: id, Names: null, Labels: null }])).toEqual([{ id, names: [], labels: {} }]);
});

test('what the daemon says of itself', () => {
  const answer = {
    ServerVersion: '28.5.2',
    Runtimes: { runc: { path: 'runc', status: {} }, 'io.containerd.runc.v2': {} },
    DefaultRuntime: 'runc',
    DockerRootDir: '/var/lib/docker',
    Driver: 'overlay2',
  };
  const info = readInfo(answer);
  expect(info).toMatchObject({ version: '28.5.2', storageDriver: 'overlay2' });
  expect(info.runtimes['runc']?.path).toBe('runc');
});
