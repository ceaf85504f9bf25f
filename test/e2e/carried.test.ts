/** What a container has besides its processes, and what the fields of the spec do with it. */
import { containerNames, docker, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations, migrateWell } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { sleep } from '../lib/waiting';

const NAME = 'e2e-carried';
const RENAMED = 'e2e-carried-renamed';
const IMAGE = 'transship-lab/busybox:1';

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME, RENAMED);
};
beforeEach(clean);
afterAll(clean);

test('files that were added, changed and deleted are so on the target too', async () => {
  const script =
    'echo new > /added; echo changed >> /etc/passwd; rm /etc/group; mkdir /empty; ln /added /linked; chmod 4755 /added; ' +
    'exec 3>>/open; while :; do echo line >&3; usleep 20000; done';
  docker('node-a', 'run', '-d', '--name', NAME, IMAGE, 'sh', '-c', script);
  const look = (node: 'node-a' | 'node-b'): string =>
    docker(
      node,
      'exec',
      NAME,
      'sh',
      '-c',
      'cat /added; tail -n 1 /etc/passwd; ls /etc; stat -c "%n %a %h" /added /empty',
    );
  await sleep(300);
  const before = look('node-a');
  expect(before).toMatch(/^new\nchanged\n[^]*\/added 4755 2/);
  expect(before).not.toContain('group');
  await migrateWell({ name: 'carry-files', container: NAME, from: 'node-a', to: 'node-b' });
  expect(look('node-b')).toBe(before);
  const lines = (): number => Number(docker('node-b', 'exec', NAME, 'sh', '-c', 'wc -l < /open'));
  const soFar = lines();
  expect(soFar).toBeGreaterThan(10);
  await sleep(300);
  expect(lines()).toBeGreaterThan(soFar);
});

test('what its owner set goes along: environment, labels, limits, name of the host, restart policy', async () => {
  const set = [
    '--env',
    'GREETING=hello',
    '--label',
    'team=blue',
    '--memory',
    '64m',
    '--hostname',
    'ship',
    '--restart',
    'on-failure:3',
  ];
  docker('node-a', 'run', '-d', '--name', NAME, ...set, IMAGE, 'sleep', '100000');
  const format =
    '{{json .Config.Env}} {{index .Config.Labels "team"}} {{.HostConfig.Memory}} {{.Config.Hostname}} {{json .HostConfig.RestartPolicy}}';
  const before = docker('node-a', 'inspect', '--format', format, NAME);
  await migrateWell({ name: 'carry-settings', container: NAME, from: 'node-a', to: 'node-b' });
  expect(docker('node-b', 'inspect', '--format', format, NAME)).toBe(before);
  expect(docker('node-b', 'exec', NAME, 'hostname')).toBe('ship');
  expect(docker('node-b', 'inspect', '--format', '{{index .Config.Labels "transship.dev/from-node"}}', NAME)).toBe(
    'node-a',
  );
});

test('afterSuccess: Keep, retainCheckpoint: Always, and another name', async () => {
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', IMAGE, 'sleep', '100000');
  const { status } = await migrateWell({
    name: 'carry-options',
    container: NAME,
    from: 'node-a',
    to: 'node-b',
    spec: { target: { nodeName: 'node-b', containerName: RENAMED }, afterSuccess: 'Keep', retainCheckpoint: 'Always' },
  });
  expect(stateOf('node-b', RENAMED)).toBe('running');
  expect(containerNames('node-b')).not.toContain(NAME);
  expect(stateOf('node-a', NAME)).toBe('exited');
  expect(docker('node-a', 'inspect', '--format', '{{.HostConfig.RestartPolicy.Name}}', NAME)).toBe('no');
  const directory = `/mnt/transship/${status.checkpoint?.path ?? ''}`;
  expect(onNode('node-b', 'stat --format "%a %U" "$1"', directory)).toBe('700 root');
  expect(onNode('node-b', 'ls "$1"', directory)).toContain('manifest.json');
  onNode('node-b', 'rm -r "$1"', directory);
});

test('docker restart starts it afresh, and it can be moved again', async () => {
  docker('node-a', 'run', '-d', '--name', NAME, IMAGE, 'sh', '-c', 'echo begun; exec sleep 100000');
  await migrateWell({ name: 'carry-restart', container: NAME, from: 'node-a', to: 'node-b' });
  expect(docker('node-b', 'logs', NAME)).toBe('begun');
  docker('node-b', 'restart', '--time', '0', NAME);
  expect(docker('node-b', 'logs', NAME)).toBe('begun\nbegun');
  await migrateWell({ name: 'carry-restart-back', container: NAME, from: 'node-b', to: 'node-a' });
  expect(stateOf('node-a', NAME)).toBe('running');
});
