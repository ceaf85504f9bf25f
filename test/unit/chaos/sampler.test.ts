import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SamplerReport } from '../../chaos/sampler-client';
import { Sampler } from '../../chaos/sampler-client';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { sleep } from '../../lib/waiting';

const directory = useTemporaryDirectory();
// A program of its own is started for each.
jest.setTimeout(30_000);

const ORIGINAL = 'a'.repeat(64);
const COPY = 'b'.repeat(64);
const children: ChildProcess[] = [];
let sampler: Sampler;

beforeEach(async () => {
  const nodes = ['node-a', 'node-b'];
  const below = (part: string): Record<string, string> =>
    Object.fromEntries(nodes.map((node) => [node, join(directory(), part, node)]));
  for (const place of Object.values(below('cgroup'))) mkdirSync(place, { recursive: true });
  sampler = new Sampler({ version: 1, cgroups: below('cgroup'), dockerDirectories: below('docker') });
  // Answers once it looks.
  await sampler.report();
});

afterEach(() => {
  sampler.stop();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** At once, as the kernel does it: a file that is just being written must not be seen. */
function put(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** A control group as the kernel would show it, with a process that sleeps in it. */
function container(node: string, id: string, freezer: string): number {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  children.push(child);
  const group = join(directory(), 'cgroup', node, id);
  mkdirSync(group);
  put(join(group, 'freezer.state'), `${freezer}\n`);
  put(join(group, 'cgroup.procs'), `${child.pid ?? ''}\n`);
  return child.pid ?? 0;
}

/** What it has seen after some looks. */
async function seen(): Promise<SamplerReport> {
  await sleep(100);
  return sampler.report();
}

it('sees two that can run at the same time, and where', async () => {
  container('node-a', ORIGINAL, 'THAWED');
  container('node-b', COPY, 'THAWED');
  const { overlaps, samples } = await seen();
  expect(samples).toBeGreaterThan(5);
  expect(overlaps[0]?.copies).toEqual([
    { node: 'node-a', id: ORIGINAL },
    { node: 'node-b', id: COPY },
  ]);
});

it('takes one that is frozen, or stopped, or dead, for one that does not run', async () => {
  container('node-a', ORIGINAL, 'FROZEN');
  process.kill(container('node-b', COPY, 'THAWED'), 'SIGCONT');
  expect((await seen()).overlaps).toEqual([]);

  const stopped = container('node-a', 'c'.repeat(64), 'THAWED');
  // Of the time in which it was not yet stopped nothing shall be remembered.
  process.kill(stopped, 'SIGSTOP');
  await sleep(50);
  sampler.reset();
  expect((await seen()).overlaps).toEqual([]);

  process.kill(stopped, 'SIGKILL');
  await sleep(50);
  sampler.reset();
  expect((await seen()).overlaps).toEqual([]);
});

it('notes when a container came, stood still, and went', async () => {
  container('node-a', ORIGINAL, 'THAWED');
  await seen();
  const group = join(directory(), 'cgroup/node-a', ORIGINAL);
  writeFileSync(join(group, 'freezer.state'), 'FROZEN\n');
  await seen();
  writeFileSync(join(group, 'cgroup.procs'), '');
  const { copies } = await seen();
  expect(copies.map(({ changes }) => changes.map(({ state }) => state))).toEqual([['busy', 'frozen', 'empty']]);
  const moments = copies[0]?.changes.map(({ atMs }) => atMs) ?? [];
  expect(moments).toEqual(moments.toSorted((one, other) => one - other));
});

it('keeps what a container wrote after its files are gone', async () => {
  const docker = join(directory(), 'docker/node-a');
  mkdirSync(join(docker, 'image/overlay2/layerdb/mounts', ORIGINAL), { recursive: true });
  writeFileSync(join(docker, 'image/overlay2/layerdb/mounts', ORIGINAL, 'mount-id'), 'layer');
  mkdirSync(join(docker, 'overlay2/layer/diff'), { recursive: true });
  writeFileSync(join(docker, 'overlay2/layer/diff/count'), '0 1.00\n1 1.01\n');
  container('node-a', ORIGINAL, 'THAWED');
  await seen();
  rmSync(docker, { recursive: true });
  expect((await seen()).copies).toMatchObject([{ id: ORIGINAL, count: '0 1.00\n1 1.01\n' }]);
});

it('forgets everything when it is told to', async () => {
  container('node-a', ORIGINAL, 'THAWED');
  await seen();
  rmSync(join(directory(), 'cgroup/node-a', ORIGINAL), { recursive: true });
  sampler.reset();
  expect(await seen()).toMatchObject({ copies: [], overlaps: [] });
});
