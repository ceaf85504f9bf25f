import type { MigrationRequest } from '../api/types';
import type { Candidate, TargetPool } from '../protocol/controller/choose-target';
import { loadsOf } from '../protocol/controller/choose-target';
import type { ControllerStep } from '../protocol/controller/step';

/**
 * How much goes to each node, in one term of a controller. It follows from the objects; what is remembered besides is what
 * was picked since: the watch tells of that later, and two that are created together shall not meet at one node.
 */
export class TargetLoads {
  readonly #list: () => readonly MigrationRequest[];
  /** By UID. Used only for objects that have no target yet. */
  readonly #picked = new Map<string, string>();

  /** @param list all objects as the watch last told them */
  constructor(list: () => readonly MigrationRequest[]) {
    this.#list = list;
  }

  /** What the target of a migration is picked from. */
  poolFor({ metadata: { uid } }: MigrationRequest, nodes: readonly Candidate[]): TargetPool {
    const migrations = this.#list();
    this.#forget(migrations);
    return { nodes, loads: loadsOf(migrations, this.#picked, uid) };
  }

  /** To be called with what was decided, before anybody else asks. */
  decided({ metadata: { uid } }: MigrationRequest, step: ControllerStep): void {
    if (step.do === 'PickTarget') this.#picked.set(uid, step.nodeName);
    else this.#picked.delete(uid);
  }

  /** What is gone needs no place. */
  #forget(migrations: readonly MigrationRequest[]): void {
    if (this.#picked.size === 0) return;
    const there = new Set(migrations.map(({ metadata }) => metadata.uid));
    for (const uid of this.#picked.keys()) if (!there.has(uid)) this.#picked.delete(uid);
  }
}
