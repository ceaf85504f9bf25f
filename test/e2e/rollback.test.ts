/** A freeze or a wake-up that fails leaves the original running as if nothing had happened. */
import { withBrokenCriu } from '../lib/broken-criu';
import { counterScript, expectUnbroken } from '../lib/counter';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import type { NodeName } from '../lib/lab-docker';
import { deleteMigrations, migrate } from '../lib/lab-migration';
import { sleep } from '../lib/waiting';

const NAME = 'e2e-rollback';

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME);
};
beforeEach(clean);
afterAll(clean);

test.each<{ what: string; node: NodeName; milestone: string }>([
  { what: 'a dump that fails', node: 'node-a', milestone: 'Checkpointed' },
  { what: 'a restore that fails, after the claim', node: 'node-b', milestone: 'Restored' },
])('$what', async ({ node, milestone }) => {
  const command = ['transship-lab/busybox:1', 'sh', '-c', counterScript(10_000)];
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', ...command);
  const follower = new LogFollower('node-a', NAME);
  await withBrokenCriu(node, async () => {
    const { status } = await migrate({ name: `rollback-${node}`, container: NAME, from: 'node-a', to: 'node-b' });
    expect(status.phase).toBe('RolledBack');
    expect(status.message).toContain('runs on node-a as before');
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: milestone, status: 'False' }));
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Stalled', status: 'True' }));
  });
  expect(stateOf('node-a', NAME)).toBe('running');
  expect(containerNames('node-b')).not.toContain(NAME);
  expect(docker('node-a', 'inspect', '--format', '{{.HostConfig.RestartPolicy.Name}} {{.RestartCount}}', NAME)).toBe(
    'always 0',
  );
  const counted = follower.lines().length;
  await sleep(500);
  const lines = await follower.finish(500);
  expectUnbroken(lines, counted + 10);
});
