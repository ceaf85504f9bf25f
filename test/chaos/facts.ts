import { cpus, totalmem, release } from 'node:os';
import { execFileSync } from 'node:child_process';
import { servicePid } from '../lib/chaos-lab';
import { SABOTAGE_MS } from './faults';
import type { RunFacts } from './report';
import type { CaseResult } from './run-case';

/** What is true of the whole run, taken at its end. */
export function takeFacts(
  results: readonly CaseResult[],
  run: { readonly seed: number; readonly boundaries: number; readonly cells: number; readonly startedMs: number },
): RunFacts {
  const samples = results.reduce((sum, { sampler }) => sum + sampler.samples, 0);
  const looked = results.reduce((sum, { sampler }) => sum + sampler.durationMs, 0);
  const busy = results.reduce((sum, { sampler }) => sum + sampler.cpuPercent * sampler.durationMs, 0);
  return {
    date: new Date().toISOString().slice(0, 10),
    seed: run.seed,
    boundaries: run.boundaries,
    cells: run.cells,
    minutes: (Date.now() - run.startedMs) / 60_000,
    versions: versionsOnNode(),
    machine: `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    samplerPercent: looked === 0 ? 0 : busy / looked,
    samplerEveryMs: samples === 0 ? 0 : looked / samples,
    sabotageMs: SABOTAGE_MS,
    samplerLongestPauseMs: Math.max(0, ...results.map(({ sampler }) => sampler.longestPauseMs)),
  };
}

/** The programs of the nodes, by their own word. */
function versionsOnNode(): string[] {
  const pid = servicePid('node@node-a');
  if (pid === undefined) return [];
  const ask = (script: string): string =>
    execFileSync('nsenter', [`--target=${pid}`, '--mount', '--pid', '--', 'sh', '-c', script], {
      encoding: 'utf8',
    }).trim();
  return [
    `Docker ${ask("dockerd --version | sed 's/.*version \\([^,]*\\).*/\\1/'")}`,
    `containerd ${ask("containerd --version | cut -d' ' -f3")}`,
    `runc ${ask("runc --version | sed -n 's/^runc version //p'")}`,
    `CRIU ${ask("criu --version | sed -n 's/^Version: //p'")}`,
  ];
}
