import { containerLogs } from '../../../src/agent/container-logs';
import { inspectFixture } from '../../lib/inspect-fixtures';

const id = 'a'.repeat(64);
const upperDir = '/var/lib/docker/overlay2/0123abcd/diff';

test('json-file writes into the container’s own directory', () => {
  const containerDirectory = `/var/lib/docker/containers/${id}`;
  const path = `${containerDirectory}/${id}-json.log`;
  expect(containerLogs({ id, logDriver: 'json-file', upperDir })).toEqual({
    driver: 'json-file',
    containerDirectory,
    path,
  });
});

test('local into a directory of its own in there', () => {
  const logs = containerLogs({ id, logDriver: 'local', upperDir: '/data/docker/overlay2/x/diff' });
  expect(logs?.path).toBe(`/data/docker/containers/${id}/local-logs/container.log`);
});

test('is where Docker itself says it is, as far as it says so', () => {
  const container = inspectFixture('docker28', 'bridge');
  expect(containerLogs(container)?.path).toBe((container.raw as { LogPath: string }).LogPath);
});

test.each([
  ['a driver that writes elsewhere', { logDriver: 'journald' }],
  ['a driver that writes nothing', { logDriver: 'none' }],
  ['a driver that Docker does not name', { logDriver: '' }],
  ['a storage driver that shows no layer', { upperDir: undefined }],
  ['a layer that lies otherwise', { upperDir: '/var/lib/containerd/snapshots/7/fs' }],
])('is nowhere with %s', (_what, changes) => {
  expect(containerLogs({ id, logDriver: 'json-file', upperDir, ...changes })).toBeUndefined();
});
