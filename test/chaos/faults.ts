import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from '../lib/lab-docker';
import {
  command,
  inNodeRoot,
  interfaceOf,
  killService,
  NODES,
  processesOf,
  servicePid,
  startService,
  volumeRoot,
} from '../lib/chaos-lab';
import { askDocker, inspectContainer } from '../lib/chaos-docker';
import { sleep } from '../lib/waiting';
import type { Fault } from './matrix';
import { labSettings } from './sampler-client';

/** What a fault is injected into. */
export interface Scene {
  /** Of the container. */
  readonly name: string;
  readonly from: NodeName;
  readonly to: NodeName;
  readonly random: () => number;
  /** Lets the held process run on, for a fault that needs it to. */
  readonly release: () => void;
  /** True once the migration is over: what has not happened by then will not. */
  readonly isOver: () => Promise<boolean>;
}

/** An injected fault. */
export interface Injected {
  /** What exactly was done, for the record. */
  readonly what: string;
  /** How long it lasts. */
  readonly lastsMs: number;
  /** Ends it, and returns once everything is as it was before. */
  readonly mend: () => Promise<void>;
}

const OUTAGE_MS = 20_000;
/** As long as a kubelet or systemd takes to start again what died. */
const BACK_WITHIN_MS = 3_000;
/** A mount cannot be made read-only while a file on it is open for writing: it is tried again and again. */
const READ_ONLY_WITHIN_MS = 8_000;
const LOOK_MS = 5;
/** How long two copies run at least, when it is done on purpose: the least that must be seen. */
export const SABOTAGE_MS = 100;

/** Does it. Undefined when there was nothing to do it to. */
export async function inject(fault: Fault, scene: Scene): Promise<Injected | undefined> {
  const { from, to } = scene;
  switch (fault) {
    case 'controller':
      return killed(scene, 'controller');
    case 'source-agent':
      return killed(scene, `agent@${from}`);
    case 'target-agent':
      return killed(scene, `agent@${to}`);
    case 'source-dockerd':
    case 'source-dockerd-plain':
      return killed(scene, `dockerd@${from}`);
    case 'target-dockerd':
    case 'target-dockerd-plain':
      return killed(scene, `dockerd@${to}`);
    case 'source-containerd':
      return containerdKilled(from);
    case 'target-containerd':
      return containerdKilled(to);
    case 'sabotage':
      return originalWoken(scene);
    case 'criu':
      return criuKilled(scene);
    case 'api-server-killed':
      return killed(scene, 'kube-apiserver', OUTAGE_MS);
    case 'api-server-stopped':
      return apiServerStopped();
    case 'source-network':
      return cut(from);
    case 'target-network':
      return cut(to);
    case 'volume-full':
      return volumeFull(scene);
    case 'volume-read-only':
      return volumeReadOnly(scene);
    case 'volume-hanging':
      return volumeHanging(scene);
  }
}

function killed({ random }: Scene, service: string, lastsMs = random() * BACK_WITHIN_MS): Injected | undefined {
  if (!killService(service)) return undefined;
  return { what: `kill -9 ${service}`, lastsMs, mend: () => startService(service) };
}

/** With the copy still held where it runs already. The stop that the dump left in every process is taken back. */
async function originalWoken({ name, from }: Scene): Promise<Injected> {
  const { Id } = await inspectContainer(from, name);
  await askDocker(from, 'POST', `/containers/${name}/unpause`);
  const processes = readFileSync(join(labSettings().cgroups[from] ?? '', Id, 'cgroup.procs'), 'utf8');
  for (const pid of processes.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGCONT');
  await sleep(SABOTAGE_MS);
  return { what: `docker unpause ${name} on ${from}`, lastsMs: 0, mend: () => Promise.resolve() };
}

/** dockerd, whose child it is, starts it again by itself. */
function containerdKilled(node: NodeName): Injected | undefined {
  const containerd = processesOf(node).find(({ name }) => name === 'containerd');
  if (containerd === undefined) return undefined;
  process.kill(containerd.pid, 'SIGKILL');
  return {
    what: `kill -9 containerd on ${node}`,
    lastsMs: 0,
    mend: () => until(`containerd of ${node}`, () => processesOf(node).some(({ name }) => name === 'containerd')),
  };
}

/** The next criu that works on any node, some time into its work. */
async function criuKilled({ random, release, isOver }: Scene): Promise<Injected | undefined> {
  release();
  const delayMs = random() * 60;
  for (let looks = 1; ; looks++) {
    const found = NODES.flatMap((node) =>
      processesOf(node)
        .filter(isCriu)
        .map(({ pid }) => ({ node, pid })),
    );
    if (found.length > 0) {
      await sleep(delayMs);
      const hit = found.filter(({ pid }) => kill(pid));
      if (hit.length > 0)
        return { what: `kill -9 criu on ${hit[0]?.node ?? ''}`, lastsMs: 0, mend: () => Promise.resolve() };
    }
    if (looks % 20 === 0 && (await isOver())) return undefined;
    await sleep(LOOK_MS);
  }
}

/** By its name: while it restores, its children have that of what they will be. */
const isCriu = ({ name, state }: { name: string; state: string }): boolean => name === 'criu' && state !== 'Z';

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    // It had done its work.
    return false;
  }
}

/** Connections to it stay open and nothing answers: worse than one that is gone. */
function apiServerStopped(): Injected | undefined {
  const pid = servicePid('kube-apiserver');
  if (pid === undefined) return undefined;
  process.kill(pid, 'SIGSTOP');
  return {
    what: 'kill -STOP kube-apiserver',
    lastsMs: OUTAGE_MS,
    mend: () => {
      process.kill(pid, 'SIGCONT');
      return Promise.resolve();
    },
  };
}

async function cut(node: NodeName): Promise<Injected> {
  const cable = interfaceOf(node);
  await command('ip', 'link', 'set', cable, 'down');
  const mend = async (): Promise<void> => {
    await command('ip', 'link', 'set', cable, 'up');
  };
  return { what: `ip link set ${cable} down`, lastsMs: OUTAGE_MS, mend };
}

const outageOf = ({ random }: Scene): number => OUTAGE_MS / 2 + (random() * OUTAGE_MS) / 2;

const fillerPath = (): string => join(volumeRoot(), '.chaos-filler');

async function volumeFull(scene: Scene): Promise<Injected> {
  const filler = fillerPath();
  const { bavail, bsize } = statfsSync(volumeRoot());
  if (bavail > 16) await command('fallocate', '--length', String((bavail - 16) * bsize), filler);
  // What an estimate left: the last blocks are written one by one.
  try {
    for (;;) writeFileSync(filler, Buffer.alloc(bsize), { flag: 'a' });
  } catch {
    // Full.
  }
  const mend = (): Promise<void> => {
    rmSync(filler, { force: true });
    return Promise.resolve();
  };
  return { what: `volume filled, ${statfsSync(volumeRoot()).bavail} blocks free`, lastsMs: outageOf(scene), mend };
}

/** In the nodes' own mounts, as a file server that has changed its export: what is open for writing must be closed first. */
async function volumeReadOnly(scene: Scene): Promise<Injected | undefined> {
  scene.release();
  const mend = async (): Promise<void> => {
    for (const node of NODES) remount(node, 'rw');
    await Promise.resolve();
  };
  const deadline = Date.now() + READ_ONLY_WITHIN_MS;
  for (const node of NODES) {
    while (!remount(node, 'ro')) {
      if (Date.now() > deadline) {
        await mend();
        return undefined;
      }
      await sleep(LOOK_MS);
    }
  }
  return { what: 'volume remounted read-only on both nodes', lastsMs: outageOf(scene), mend };
}

function remount(node: NodeName, mode: 'ro' | 'rw'): boolean {
  const pid = servicePid(`node@${node}`);
  if (pid === undefined) throw new Error(`${node} does not run`);
  try {
    const options = `remount,bind,${mode}`;
    execFileSync('nsenter', [`--target=${pid}`, '--mount', '--', 'mount', '-o', options, '/mnt/transship'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    // Busy: a file is open for writing.
    return false;
  }
}

/** Whoever writes hangs in the kernel and cannot be killed, as with a file server that does not answer. */
async function volumeHanging(scene: Scene): Promise<Injected> {
  await command('fsfreeze', '--freeze', volumeRoot());
  const mend = async (): Promise<void> => {
    await command('fsfreeze', '--unfreeze', volumeRoot());
  };
  return { what: 'volume frozen', lastsMs: outageOf(scene), mend };
}

/** Ends whatever an earlier case, or a run that was killed, has left broken: services apart. */
export async function mendAll(): Promise<void> {
  // It complains when there is nothing to thaw.
  await command('fsfreeze', '--unfreeze', volumeRoot()).catch(() => undefined);
  rmSync(fillerPath(), { force: true });
  for (const node of NODES) {
    remount(node, 'rw');
    await command('ip', 'link', 'set', interfaceOf(node), 'up');
  }
  const apiServer = servicePid('kube-apiserver');
  if (apiServer !== undefined) process.kill(apiServer, 'SIGCONT');
}

/** Whether Docker of the node keeps its containers when it is killed: set by a file that it reads again on SIGHUP. */
export function setLiveRestore(node: NodeName, on: boolean, read: (path: string) => string): void {
  const path = inNodeRoot(node, '/etc/docker/daemon.json');
  const settings = JSON.parse(read(path)) as Record<string, unknown>;
  if (settings['live-restore'] === on) return;
  writeFileSync(path, JSON.stringify({ ...settings, 'live-restore': on }, null, 2));
  const pid = servicePid(`dockerd@${node}`);
  if (pid !== undefined) process.kill(pid, 'SIGHUP');
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`still not after a minute: ${what}`);
    await sleep(50);
  }
}
