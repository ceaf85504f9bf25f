import { removeAllContainers } from '../lib/chaos-docker';
import { inNodeRoot, NODES, servicePid, startService, textOf, volumeRoot } from '../lib/chaos-lab';
import type { WorkloadKind } from '../lib/chaos-workload';
import { startWorkload } from '../lib/chaos-workload';
import type { NodeName } from '../lib/lab-docker';
import { sleep } from '../lib/waiting';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gatehouses } from './boundaries';
import { askServer, findLeftovers, remainingContainers } from './evidence';
import type { Injected } from './faults';
import { inject, mendAll, setLiveRestore } from './faults';
import type { Evidence, Verdict } from './judge';
import { judge, livesOf } from './judge';
import type { Cell } from './matrix';
import type { Migrations, SeenMigration } from './migrations';
import { isFinal } from './migrations';
import type { Sampler, SamplerReport } from './sampler-client';

/** How long actors may take to clean up after the end. */
const CLEAN_MS = 15_000;
const DELETE_MS = 15_000;
/** How long it takes at most from applying the object to any boundary. */
const REACH_MS = 60_000;
const LOOK_MS = 5;
/** Numbers that are counted before the migration begins. */
const WARM = 10;

export interface CaseResult {
  readonly cell: Cell;
  readonly workload: WorkloadKind;
  readonly from: NodeName;
  /** What was injected; undefined when the boundary was not reached, or there was nothing to inject into. */
  readonly injected: string | undefined;
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  readonly migration: SeenMigration | undefined;
  readonly sampler: SamplerReport;
  readonly tookMs: number;
}

export interface CasePlan {
  /** Of the object and the container. */
  readonly name: string;
  /** From 1, in the order of the run. */
  readonly number: number;
  readonly cell: Cell;
  readonly workload: WorkloadKind;
  readonly from: NodeName;
  readonly to: NodeName;
  readonly random: () => number;
  /** How long the migration may take after the fault was mended. */
  readonly patienceMs: number;
}

/** One case from a fresh container to its verdict. Leaves the lab clean, whatever happened. */
export async function runCase(plan: CasePlan, migrations: Migrations, sampler: Sampler): Promise<CaseResult> {
  const { name, cell, workload, from, to } = plan;
  const startedMs = performance.now();
  const gates = gatehouses(from, to);
  for (const gate of Object.values(gates)) gate.clear();
  for (const node of NODES) setLiveRestore(node, !cell.fault.endsWith('-plain'), textOf);
  sampler.reset();
  await startWorkload(from, name, workload);
  await counts(sampler, WARM);
  const bornAs = workload === 'server' ? await askServer(from, 5_000) : undefined;

  const gate = gates[cell.actor];
  gate.arm(cell.boundary, cell.occurrence);
  await migrations.create(name, name, from, to);
  let injected: Injected | undefined;
  if (
    await reached(
      () => gate.holds(cell.boundary),
      () => migrations.isOver(name),
    )
  ) {
    const release = (): void => {
      gate.clear();
    };
    injected = await inject(cell.fault, { ...plan, release, isOver: () => migrations.isOver(name) });
    release();
    await sleep(injected?.lastsMs ?? 0);
    await injected?.mend();
  }
  gate.clear();
  const migration = await migrations.awaitEnd(name, plan.patienceMs);

  const { leftovers, remaining } = await settled();
  const before = await sampler.report();
  const bornStill =
    bornAs === undefined ? undefined : await askServer(migration?.status?.phase === 'Succeeded' ? to : from, 5_000);
  await sleep(100);
  const seen = await sampler.report();
  const undeletable = await migrations.delete(name, DELETE_MS);
  const evidence: Evidence = {
    fault: cell.fault,
    from,
    to,
    container: name,
    phase: migration?.status?.phase,
    reason: migration?.status?.reason,
    isFinal: isFinal(migration),
    errors: [migration?.status?.source, migration?.status?.target].flatMap((actor) => actor?.error?.reason ?? []),
    remaining,
    leftovers,
    copies: seen.copies,
    overlaps: seen.overlaps.length,
    goesOn: total(seen) > total(before),
    server: bornAs === undefined ? undefined : { before: bornAs, after: bornStill ?? 'nothing' },
    undeletable,
  };
  return {
    cell,
    workload,
    from,
    injected: injected?.what,
    verdict: judge(evidence),
    evidence,
    migration,
    sampler: seen,
    tookMs: performance.now() - startedMs,
  };
}

/** Makes the lab what every case begins with: all services live, no container, no object, nothing left over. */
export async function cleanLab(migrations: Migrations): Promise<void> {
  await mendAll();
  for (const service of ['kube-apiserver', ...NODES.map((node) => `dockerd@${node}`)])
    if (servicePid(service) === undefined) await startService(service);
  for (const service of ['controller', ...NODES.map((node) => `agent@${node}`)])
    if (servicePid(service) === undefined) await startService(service);
  for (const name of await migrations.names())
    if ((await migrations.delete(name, 2_000)) !== undefined) await migrations.forceAway(name);
  for (const node of NODES) {
    await removeAllContainers(node);
    for (const directory of ['restore', 'source', 'criu'])
      rmSync(inNodeRoot(node, `/run/transship/${directory}`), { recursive: true, force: true });
  }
  rmSync(join(volumeRoot(), 'default'), { recursive: true, force: true });
}

/** Waits until the process is held there. False when the migration ended without. */
async function reached(holds: () => boolean, isOver: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + REACH_MS;
  for (let looks = 1; Date.now() < deadline; looks++) {
    if (holds()) return true;
    if (looks % 40 === 0 && (await isOver())) return holds();
    await sleep(LOOK_MS);
  }
  return false;
}

/** What is there once the actors have cleaned up, or have had the time to. */
async function settled(): Promise<Pick<Evidence, 'leftovers' | 'remaining'>> {
  const deadline = Date.now() + CLEAN_MS;
  for (;;) {
    const leftovers = findLeftovers();
    const remaining = await remainingContainers();
    const clean = leftovers.length === 0 && remaining.length === 1 && remaining[0]?.state === 'running';
    if (clean || Date.now() > deadline) return { leftovers, remaining };
    await sleep(100);
  }
}

/** Waits until the container has counted that far. */
async function counts(sampler: Sampler, least: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (total(await sampler.report()) < least) {
    if (Date.now() > deadline) throw new Error('the container does not count');
    await sleep(20);
  }
}

const total = ({ copies }: SamplerReport): number =>
  copies.reduce((sum, { count }) => sum + livesOf(count).flat().length, 0);
