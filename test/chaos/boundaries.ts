import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from '../lib/lab-docker';
import { inLab, killService, NODES, startService, textOf } from '../lib/chaos-lab';
import { startWorkload } from '../lib/chaos-workload';
import type { Actor, Boundary } from './matrix';
import { ACTORS } from './matrix';
import type { Migrations } from './migrations';

/** The oftener a boundary is reached, the less one time differs from the next: loops that poll. */
const OCCURRENCES = 2;
const END_MS = 60_000;

/** The breakpoints of one process of the operator (src/runtime/breakpoints.ts), from the harness's side. */
export class Gatehouse {
  readonly #directory: string;

  /** @param node the agent's; undefined for the controller */
  constructor(node: NodeName | undefined) {
    this.#directory = node === undefined ? inLab('run/breakpoints') : inLab('nodes', node, 'run/breakpoints');
    mkdirSync(this.#directory, { recursive: true });
  }

  /** Nothing is held, armed or recorded any more. */
  clear(): void {
    for (const name of readdirSync(this.#directory)) rmSync(join(this.#directory, name), { force: true });
  }

  /** From now on the process notes where it comes by. */
  record(): void {
    writeFileSync(join(this.#directory, 'record'), '');
  }

  /** The boundaries in the order in which they were reached, each as often as it was. */
  recorded(): string[] {
    return textOf(join(this.#directory, 'record')).split('\n').filter(Boolean);
  }

  /** The process shall wait the n-th time that it comes there. */
  arm(boundary: string, occurrence: number): void {
    writeFileSync(join(this.#directory, `${boundary}#${occurrence}`), '');
  }

  /** Whether it waits there. */
  holds(boundary: string): boolean {
    return existsSync(join(this.#directory, `${boundary}.reached`));
  }
}

/** The actors' gatehouses, for a migration from one node to the other. */
export function gatehouses(from: NodeName, to: NodeName): Readonly<Record<Actor, Gatehouse>> {
  return { controller: new Gatehouse(undefined), source: new Gatehouse(from), target: new Gatehouse(to) };
}

/** How often each boundary was reached, in the order of the first time. */
export function countBoundaries(recorded: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const boundary of recorded) counts.set(boundary, (counts.get(boundary) ?? 0) + 1);
  return counts;
}

/** The boundaries that an undisturbed migration comes to. Throws when it does not succeed. */
export async function recordBoundaries(migrations: Migrations): Promise<Boundary[]> {
  const name = 'chaos-recorded';
  const gates = gatehouses('node-a', 'node-b');
  for (const gate of Object.values(gates)) {
    gate.clear();
    gate.record();
  }
  await startWorkload('node-a', name, 'counter');
  await migrations.create(name, name, 'node-a', 'node-b');
  const ended = await migrations.awaitEnd(name, END_MS);
  if (ended?.status?.phase !== 'Succeeded')
    throw new Error(`an undisturbed migration did not succeed: ${JSON.stringify(ended?.status, null, 2)}`);
  // What comes after the end, the cleaning up, belongs to it.
  await migrations.delete(name, END_MS);
  return ACTORS.flatMap((actor) =>
    [...countBoundaries(gates[actor].recorded())].flatMap(([boundary, count]) =>
      Array.from({ length: Math.min(count, OCCURRENCES) }, (_, index) => ({ actor, boundary, occurrence: index + 1 })),
    ),
  );
}

/** Kills the operator and starts it again: with breakpoints, or as in production without. */
export async function restartOperator(options: { readonly breakpoints: boolean }): Promise<void> {
  const services = ['controller', ...NODES.map((node) => `agent@${node}`)];
  for (const service of services) killService(service);
  for (const service of services) await startService(service, options);
}
