import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isKnownFrozen } from '../../../src/driver/freezer';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
const ID = 'c'.repeat(64);

function write(path: string, text: string): void {
  mkdirSync(join(root(), path, '..'), { recursive: true });
  writeFileSync(join(root(), path), text);
}

const isFrozen = (): Promise<boolean> =>
  isKnownFrozen({ id: ID, pid: 7 }, { proc: join(root(), 'proc'), cgroups: join(root(), 'cgroup') });

describe.each([
  [1, `4:freezer:/docker/${ID}\n0::/system.slice\n`, `freezer/docker/${ID}/freezer.state`, 'FROZEN\n', 'THAWED\n'],
  [
    2,
    `0::/system.slice/docker-${ID}.scope\n`,
    `system.slice/docker-${ID}.scope/cgroup.events`,
    'populated 1\nfrozen 1\n',
    'populated 1\nfrozen 0\n',
  ],
])('with cgroup v%i', (_version, cgroup, file, frozen, thawed) => {
  test('the kernel is believed', async () => {
    write('proc/7/cgroup', cgroup);
    write(`cgroup/${file}`, frozen);
    expect(await isFrozen()).toBe(true);
    write(`cgroup/${file}`, thawed);
    expect(await isFrozen()).toBe(false);
  });

  test('nothing is known of a cgroup that is not seen here', async () => {
    write('proc/7/cgroup', cgroup);
    expect(await isFrozen()).toBe(false);
  });
});

test.each([
  ['another cgroup than the container’s', '4:freezer:/docker/other\n0::/\n'],
  ['one outside of what is seen', `4:freezer:/../docker/${ID}\n`],
  ['no process', undefined],
])('nothing is known of %s', async (_what, cgroup) => {
  if (cgroup !== undefined) write('proc/7/cgroup', cgroup);
  for (const name of ['other', ID]) write(`cgroup/freezer/docker/${name}/freezer.state`, 'FROZEN\n');
  write('cgroup/freezer/freezer.state', 'FROZEN\n');
  expect(await isFrozen()).toBe(false);
});

test('a freezer that has not come to its end is not frozen', async () => {
  write('proc/7/cgroup', `4:freezer:/docker/${ID}\n`);
  write(`cgroup/freezer/docker/${ID}/freezer.state`, 'FREEZING\n');
  expect(await isFrozen()).toBe(false);
});
