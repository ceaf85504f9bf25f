import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from '../lib/lab-docker';
import { inLab, textOf } from '../lib/chaos-lab';
import type { Actor } from './matrix';

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
