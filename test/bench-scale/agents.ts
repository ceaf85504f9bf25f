import type { ContainerMigration } from '../../src/api/types';
import { createMigrationAccess } from '../../src/agent/kube-access';
import { isConflict } from '../../src/kube/errors';
import type { ResourceClient } from '../../src/kube/resource-client';
import { decideSource } from '../../src/protocol/source';
import { decideTarget } from '../../src/protocol/target';
import { systemClock } from '../../src/runtime/clock';
import type { Informer } from '../../src/runtime/informer';
import { sourceAfter, sourceView, targetAfter, targetView } from './actors';

type Role = 'source' | 'target';

/**
 * All agents of the cluster in one: the protocol's real decisions and writes, guarded as those of real agents, without
 * Docker and volume. Each step takes a fixed time.
 */
export class SimulatedAgents {
  readonly #informer: Informer<ContainerMigration>;
  readonly #access: ReturnType<typeof createMigrationAccess>;
  readonly #nodes: ReadonlySet<string>;
  readonly #stepMs: number;
  readonly #busy = new Set<string>();
  /** The version of its own last write: a cache that does not have it yet is no base for the next step. */
  readonly #written = new Map<string, number>();
  /** Requests that write, failed ones too. */
  writes = 0;
  conflicts = 0;

  constructor(
    client: ResourceClient<ContainerMigration>,
    informer: Informer<ContainerMigration>,
    options: { readonly nodes: readonly string[]; readonly stepMs: number },
  ) {
    this.#informer = informer;
    this.#access = createMigrationAccess(client, informer);
    this.#nodes = new Set(options.nodes);
    this.#stepMs = options.stepMs;
  }

  /** To be called for every change of an object. */
  hear(key: string): void {
    this.#look('source', key);
    this.#look('target', key);
  }

  #look(role: Role, key: string): void {
    const id = `${role} ${key}`;
    const seen = this.#informer.get(key);
    if (seen === undefined || !this.#nodes.has(seen.spec[role].nodeName)) {
      this.#written.delete(id);
      return;
    }
    if (this.#busy.has(id) || Number(seen.metadata.resourceVersion) < (this.#written.get(id) ?? 0)) return;
    if (nextStatus(role, seen) === undefined) return;
    this.#busy.add(id);
    this.#work(role, key)
      .catch((error: unknown) => {
        console.error(`the simulated ${role} of ${key} failed: ${String(error)}`);
      })
      .finally(() => {
        this.#busy.delete(id);
        this.#look(role, key);
      });
  }

  async #work(role: Role, key: string): Promise<void> {
    await systemClock.sleep(this.#stepMs);
    const seen = this.#informer.get(key);
    const next = seen && nextStatus(role, seen);
    if (seen === undefined || next === undefined) return;
    this.writes++;
    try {
      const written = await next(this.#access);
      this.#written.set(`${role} ${key}`, Number(written.metadata.resourceVersion));
    } catch (error) {
      if (!isConflict(error)) throw error;
      this.conflicts++;
      // The event that was missed is on its way.
      this.#written.set(`${role} ${key}`, Number(seen.metadata.resourceVersion) + 1);
    }
  }
}

type Write = (access: ReturnType<typeof createMigrationAccess>) => Promise<ContainerMigration>;

function nextStatus(role: Role, seen: ContainerMigration): Write | undefined {
  const nowMs = systemClock.now();
  const at = new Date(nowMs).toISOString();
  if (role === 'source') {
    const next = sourceAfter(decideSource(seen, { nowMs, view: sourceView(seen) }).do, seen, at);
    return next && ((access) => access.writeSource(seen, next));
  }
  const next = targetAfter(decideTarget(seen, { nowMs, view: targetView() }).do, seen, at);
  return next && ((access) => access.writeTarget(seen, next));
}
