/**
 * The process that looks at both nodes all the time, past Docker: which containers' processes run, every few
 * milliseconds, from the cgroups. Forked by sampler-client.ts, so that nothing the harness does keeps it from looking.
 */
import { closeSync, existsSync, openSync, readFileSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { CopyRecord, CopyState, SamplerReport, SamplerSettings } from './sampler-client';

/** How often it looks. */
const EVERY_MS = 4;
/** The programs that make and run containers: in a container's cgroup while they do, but not the container. */
const TOOLS = ['/criu', '/runc', '/containerd-shim-runc-v2'];

/** The bit of SIGKILL in a mask of signals, and PF_EXITING in a process's flags (proc(5), linux/sched.h). */
const SIGKILL = 1n << 8n;
/** Its bit in the masks: neither can be blocked, and a process takes each before its next own instruction. */
const SIGSTOP = 1n << 18n;
const EXITING = 0x4;

const settings = JSON.parse(process.argv[2] ?? '{}') as SamplerSettings;
const buffer = Buffer.alloc(64 << 10);

/** One container, as long as the harness does not ask for a fresh record. */
class Copy {
  readonly node: string;
  readonly id: string;
  readonly changes: { atMs: number; state: CopyState }[] = [];
  readonly #cgroup: string;
  #freezer: number | undefined;
  #countFile: number | undefined;

  constructor(node: string, id: string, cgroup: string) {
    this.node = node;
    this.id = id;
    this.#cgroup = cgroup;
  }

  state(): CopyState {
    return this.changes.at(-1)?.state ?? 'gone';
  }

  /** Looks at the cgroup. `busy`: something in it may run. */
  look(atMs: number): void {
    const state = this.#present();
    if (state !== this.state()) this.changes.push({ atMs, state });
    if (state !== 'gone') this.#openCount();
  }

  /** Whether a process of the workload itself can execute an instruction now. */
  runs(): boolean {
    try {
      return this.#present() === 'busy' && this.#pids().some((pid) => canRun(pid) && !isTool(pid));
    } catch {
      // Its control group went just now.
      return false;
    }
  }

  /** What the container wrote, also after it was removed. */
  count(): string {
    this.#openCount();
    return this.#countFile === undefined ? '' : readFileSync(`/proc/self/fd/${this.#countFile}`, 'utf8');
  }

  close(): void {
    for (const file of [this.#freezer, this.#countFile]) if (file !== undefined) closeSync(file);
  }

  #present(): CopyState {
    try {
      this.#freezer ??= openSync(join(this.#cgroup, settings.version === 1 ? 'freezer.state' : 'cgroup.events'), 'r');
      if (this.#pids().length === 0) return 'empty';
      const freezer = readAt(this.#freezer);
      return freezer.startsWith('FROZEN') || freezer.includes('frozen 1') ? 'frozen' : 'busy';
    } catch {
      return 'gone';
    }
  }

  /** Opened anew each time: of a file that stays open, version 1 tells the processes of the first look for ever. */
  #pids(): string[] {
    return readFileSync(join(this.#cgroup, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean);
  }

  /** The file lies in the container's layer: held open, it can be read after the container was removed. */
  #openCount(): void {
    if (this.#countFile !== undefined) return;
    const docker = settings.dockerDirectories[this.node] ?? '';
    const layer = textOf(join(docker, 'image/overlay2/layerdb/mounts', this.id, 'mount-id'));
    const path = join(docker, 'overlay2', layer, 'diff/count');
    if (layer !== '' && existsSync(path)) this.#countFile = openSync(path, 'r');
  }
}

let copies = new Map<string, Copy>();
let report = fresh();

function fresh(): SamplerReport {
  return { copies: [], overlaps: [], samples: 0, durationMs: 0, longestPauseMs: 0, cpuPercent: 0 };
}

const nowMs = (): number => performance.timeOrigin + performance.now();
let lastMs = nowMs();
let startedMs = nowMs();
let startedCpu = process.cpuUsage();

function sample(): void {
  const atMs = nowMs();
  report = { ...report, samples: report.samples + 1, longestPauseMs: Math.max(report.longestPauseMs, atMs - lastMs) };
  lastMs = atMs;
  for (const [node, cgroup] of Object.entries(settings.cgroups)) {
    for (const id of namesIn(cgroup)) {
      if (!copies.has(id) && /^[0-9a-f]{64}$/.test(id)) copies.set(id, new Copy(node, id, join(cgroup, id)));
    }
  }
  for (const copy of copies.values()) copy.look(atMs);
  const busy = [...copies.values()].filter((copy) => copy.state() === 'busy');
  if (busy.length > 1) lookForTwo(busy, atMs);
}

/** Two run only when the first still ran after the second was seen running: one look at both at once there is not. */
function lookForTwo(busy: readonly Copy[], atMs: number): void {
  const running = busy.filter((copy) => copy.runs());
  const [first, second] = running;
  if (first === undefined || second === undefined || !first.runs()) return;
  report = {
    ...report,
    overlaps: [...report.overlaps, { atMs, copies: running.map(({ node, id }) => ({ node, id })) }],
  };
}

function answer(): void {
  const spent = process.cpuUsage(startedCpu);
  process.send?.({
    ...report,
    copies: [...copies.values()].map((copy): CopyRecord => ({
      node: copy.node,
      id: copy.id,
      changes: copy.changes,
      count: copy.count(),
    })),
    durationMs: nowMs() - startedMs,
    cpuPercent: (spent.user + spent.system) / 10 / (nowMs() - startedMs),
  } satisfies SamplerReport);
}

function reset(): void {
  for (const copy of copies.values()) copy.close();
  copies = new Map();
  report = fresh();
  lastMs = startedMs = nowMs();
  startedCpu = process.cpuUsage();
}

function readAt(file: number): string {
  return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0));
}

/**
 * False for one that is stopped, traced, or dying, or is thawed only to become so: killed or stopped while it was frozen,
 * a process runs none of its instructions before it takes the signal.
 */
function canRun(pid: string): boolean {
  const status = textOf(`/proc/${pid}/status`);
  const field = (name: string): string => new RegExp(`^${name}:\\s+(\\w+)`, 'm').exec(status)?.[1] ?? '';
  const pending = BigInt(`0x0${field('SigPnd')}`) | BigInt(`0x0${field('ShdPnd')}`);
  if (status === '' || 'TtZXx'.includes(field('State')) || field('TracerPid') !== '0' || pending & (SIGKILL | SIGSTOP))
    return false;
  // The ninth field, counted behind the name's closing parenthesis.
  const flags = Number(/\) (?:\S+ ){6}(\d+)/.exec(textOf(`/proc/${pid}/stat`))?.[1] ?? EXITING);
  return (flags & EXITING) === 0;
}

function isTool(pid: string): boolean {
  try {
    const program = readlinkSync(`/proc/${pid}/exe`);
    return TOOLS.some((tool) => program.endsWith(tool));
  } catch {
    // It is gone.
    return true;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // No container was started on the node yet.
    return [];
  }
}

try {
  setPriority(-10);
} catch {
  // Without the right to it, it looks less regularly on a busy machine; `longestPauseMs` says how much.
}
process.on('message', (message) => {
  if (message === 'reset') reset();
  else answer();
});
process.once('disconnect', () => process.exit(0));
setInterval(sample, EVERY_MS);
