/** That a container was woken up is proved and told; one that was begun anew is never taken for it. */
import { WRAPPER_PROTOCOL } from '../../src/driver/runc/wrapper-protocol';
import { counterScript, expectUnbroken } from '../lib/counter';
import type { NodeName } from '../lib/lab-docker';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations, migrate, migrateWell } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { mustRun } from '../lib/lab-tools';
import { sleep } from '../lib/waiting';

const NAME = 'e2e-proof';
const WRAPPER = '/opt/transship/oci/transship-runc';

const clean = (): void => {
  deleteMigrations();
  removeContainers(NAME);
};
beforeEach(clean);
afterAll(clean);

/** The processes of the container as it sees them itself, but for the one that looks. */
function processesIn(node: NodeName): { pid: number; ppid: number; command: string; threads: number }[] {
  const look = `
import glob, json, os, re
seen = []
for path in glob.glob("/proc/[0-9]*/status"):
    with open(path) as file: one = dict(re.findall(r"^(Name|Pid|PPid|Threads):\\s+(.*)$", file.read(), re.M))
    if int(one["Pid"]) != os.getpid():
        seen.append(dict(pid=int(one["Pid"]), ppid=int(one["PPid"]), command=one["Name"], threads=int(one["Threads"])))
print(json.dumps(sorted(seen, key=lambda process: process["pid"])))
`;
  return JSON.parse(docker(node, 'exec', NAME, 'python3', '-c', look)) as ReturnType<typeof processesIn>;
}

test('processes with threads: all of them are found on the target as they were dumped', async () => {
  const program = `
import os, threading, time
if os.fork() == 0:
    os.fork()
    time.sleep(100000)
for _ in range(3): threading.Thread(target=time.sleep, args=(100000,)).start()
time.sleep(100000)
`;
  docker('node-a', 'run', '-d', '--name', NAME, 'transship-lab/python:1', 'python3', '-c', program);
  await sleep(500);
  const before = processesIn('node-a');
  expect(before.map(({ threads }) => threads)).toEqual([4, 1, 1]);

  const name = 'proof-tree';
  const { source, target, conditions } = (await migrateWell({ name, container: NAME, from: 'node-a', to: 'node-b' }))
    .status;
  const { restore, wakeStartedAt = '', resumedAt = '' } = target ?? {};
  expect(restore).toMatchObject({ processes: 3, threads: 6, found: 3 });
  expect(restore?.criu?.restore).toMatch(/^\d+(ms|\.\d+s)$/);
  expect(restore?.criu?.pagesRestored).toBeGreaterThan(100);
  expect(restore?.tree.map(({ pid, ppid, command, threads }) => ({ pid, ppid, command, threads }))).toEqual(before);
  expect(processesIn('node-b')).toEqual(before);
  for (const { startedAt = '' } of restore?.tree ?? []) {
    expect(Date.parse(startedAt)).toBeGreaterThan(Date.parse(wakeStartedAt) - 50);
    expect(Date.parse(startedAt)).toBeLessThan(Date.parse(resumedAt) + 50);
  }
  expect(Date.parse(source?.startedAt ?? '')).toBeLessThan(Date.parse(target?.startedAt ?? ''));
  const message = conditions?.find(({ type }) => type === 'Restored')?.message ?? '';
  expect(message).toContain('CRIU woke up 3 processes with 6 threads in ');
  expect(message).toContain('3 of them found as they were dumped');
  expect(mustRun('kubectl', ['describe', 'cmig', name])).toContain(message.slice(0, 60));
});

/** It passes for the agent's own. */
const ANSWERS = `case $* in
--transship-version) echo "transship-runc protocol ${WRAPPER_PROTOCOL}" && exec runc --version ;;
esac`;

test.each([
  {
    what: 'that is runc and nothing else',
    reason: 'NotARestore',
    script: 'exec runc "$@"',
  },
  {
    what: 'that says it has restored, and has not',
    reason: 'RestoreNotProven',
    script: `
for id; do :; done
marker=/run/transship/restore/$id
case " $* " in
*" create "*) mv "$marker/armed" "$marker/restored" ;;
*" start "*) mv "$marker/restored" "$marker/resumed" && : >"$marker/resumed" ;;
esac
exec runc "$@"`,
  },
])('a runtime $what is found out: nothing stays on the target, and the original goes on', async (liar) => {
  const command = ['transship-lab/busybox:1', 'sh', '-c', counterScript(10_000)];
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', ...command);
  const follower = new LogFollower('node-a', NAME);
  await sleep(300);
  onNode(
    'node-b',
    'printf "%s" "$1" >/tmp/liar; chmod 755 /tmp/liar; mount --bind /tmp/liar "$2"',
    ...[`#!/bin/sh\n${ANSWERS}\n${liar.script}\n`, WRAPPER],
  );
  try {
    const { status } = await migrate({ name: 'proof-liar', container: NAME, from: 'node-a', to: 'node-b' });
    expect(status).toMatchObject({ phase: 'RolledBack', reason: liar.reason, target: { state: 'Withdrawn' } });
    expect(status.target?.restore).toBeUndefined();
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Restored', status: 'False' }));
  } finally {
    onNode('node-b', 'umount "$1"; rm /tmp/liar', WRAPPER);
  }
  expect(containerNames('node-b')).not.toContain(NAME);
  expect(onNode('node-b', 'ls /run/transship/restore')).toBe('');
  expect(stateOf('node-a', NAME)).toBe('running');
  const counted = follower.lines().length;
  await sleep(300);
  const lines = await follower.finish(500);
  expect(lines.length).toBeGreaterThan(counted);
  expectUnbroken(lines, 20);
});
