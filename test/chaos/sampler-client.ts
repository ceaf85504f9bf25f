import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupOf, inLab, NODES } from '../lib/chaos-lab';

/** `busy`: it has processes, and they are not frozen; `empty`: a cgroup without processes. */
export type CopyState = 'gone' | 'empty' | 'frozen' | 'busy';

/** What was seen of one container. */
export interface CopyRecord {
  readonly node: string;
  readonly id: string;
  /** Its states, each with the moment at which it was first seen: milliseconds since the epoch. */
  readonly changes: readonly { readonly atMs: number; readonly state: CopyState }[];
  /** What it wrote to /count; empty when it never had that file. */
  readonly count: string;
}

/** What was seen since the last reset. */
export interface SamplerReport {
  readonly copies: readonly CopyRecord[];
  /** Each look that found processes of two containers running. */
  readonly overlaps: readonly {
    readonly atMs: number;
    readonly copies: readonly { readonly node: string; readonly id: string }[];
  }[];
  readonly samples: number;
  /** Since the reset. */
  readonly durationMs: number;
  /** The longest time between two looks. */
  readonly longestPauseMs: number;
  /** Of one core. */
  readonly cpuPercent: number;
}

export interface SamplerSettings {
  /** Of the control groups: 1 has the freezer in a hierarchy of its own. */
  readonly version: 1 | 2;
  /** For each node the directory of the cgroups of its containers. */
  readonly cgroups: Readonly<Record<string, string>>;
  /** For each node Docker's data directory, as the host finds it. */
  readonly dockerDirectories: Readonly<Record<string, string>>;
}

/** Where the containers of the lab are found. */
export function labSettings(): SamplerSettings {
  const version = existsSync('/sys/fs/cgroup/freezer') ? 1 : 2;
  const parent = version === 1 ? '/sys/fs/cgroup/freezer' : '/sys/fs/cgroup';
  return {
    version,
    cgroups: Object.fromEntries(NODES.map((node) => [node, join(parent, cgroupOf(node))])),
    dockerDirectories: Object.fromEntries(NODES.map((node) => [node, inLab('nodes', node, 'docker')])),
  };
}

/** The sampler's process. */
export class Sampler {
  readonly #child: ChildProcess;

  constructor(settings: SamplerSettings) {
    // Whoever runs this program may not run TypeScript by the same means.
    const execArgv = ['--require', 'ts-node/register'];
    this.#child = fork(join(__dirname, 'sampler.ts'), [JSON.stringify(settings)], { execArgv });
  }

  /** Forgets what it saw. */
  reset(): void {
    this.#child.send('reset');
  }

  /** What it saw. Throws when it has ended. */
  async report(): Promise<SamplerReport> {
    if (this.#child.exitCode !== null) throw new Error('the sampler has ended; see above');
    const answered = once(this.#child, 'message');
    this.#child.send('report');
    const [report] = (await answered) as [SamplerReport];
    return report;
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
