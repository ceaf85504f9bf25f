import { specDigest } from '../../src/api/spec-digest';
import type { ContainerMigration, Decision, RestartPolicy } from '../../src/api/types';
import { FakeClock } from './fake-clock';
import { FakeApi, FakeNode } from './fake-node';
import type { FakeVolume } from './fake-volume';
import { CONTAINER_ID, decision, migration, revoked } from './migration';

export const ALWAYS: RestartPolicy = { name: 'always', maximumRetryCount: 0 };
/** What the container knows before it is moved. */
export const MEMORY = 'counted to 41';
/** What it has written before it is moved. */
export const LOG = '1 to 41';

/** A migration of looper from node-a to node-b in a small world of its own. */
export class FakeMove {
  readonly clock = new FakeClock();
  readonly volume: FakeVolume = { dumps: 0, restores: 0 };
  readonly api: FakeApi;
  readonly source: FakeNode;
  readonly target: FakeNode;

  constructor(
    runDirectory: string,
    restartPolicy: RestartPolicy = ALWAYS,
    spec: Partial<ContainerMigration['spec']> = {},
  ) {
    this.api = new FakeApi(migration({}, { spec }));
    this.decide('Preflight');
    const world = { api: this.api, volume: this.volume, clock: this.clock };
    this.source = new FakeNode('node-a', world, runDirectory);
    this.target = new FakeNode('node-b', world, runDirectory);
    this.source.docker.add({ id: CONTAINER_ID, name: 'looper', memory: MEMORY, log: LOG, restartPolicy });
  }

  get status(): ContainerMigration['status'] {
    return this.api.object.status;
  }

  /** The container that is moved, as it is on the source now. */
  get original(): ReturnType<FakeNode['docker']['get']> {
    return this.source.docker.get(CONTAINER_ID);
  }

  /** What the controller writes. */
  decide(step: Decision['step'], more: Partial<Decision> = {}): ContainerMigration {
    return this.api.set({ decision: decision(step, { specDigest: specDigest(this.api.object.spec), ...more }) });
  }

  /** Both nodes have prepared, and the controller has decided to freeze. */
  async toFreeze(): Promise<this> {
    await this.source.visit();
    await this.target.visit();
    this.decide('Prepare');
    await this.source.visit();
    await this.target.visit();
    this.decide('Freeze');
    return this;
  }

  /** The source has published; the target may claim. */
  async toPublished(): Promise<this> {
    await this.toFreeze();
    await this.source.visit();
    return this;
  }

  /** The claim stands in the object, and the agent was killed before it went on. */
  async toClaimed(): Promise<this> {
    await this.toPublished();
    this.target.meanwhile('migrations.writeTarget.after', () => {
      this.target.killAfter(0);
    });
    await this.target.visit().catch(() => undefined);
    this.target.calm();
    return this;
  }

  /** The container runs on the target, which has reported it. */
  async toRestored(): Promise<this> {
    await this.toPublished();
    await this.target.visit();
    return this;
  }

  /** The controller gives up. */
  revoke(more: Partial<NonNullable<Decision['revoked']>> = {}): ContainerMigration {
    return this.decide('Freeze', { revoked: { ...revoked, ...more } });
  }

  /** Visits of one node until they change nothing any more. */
  async untilDone(node: FakeNode): Promise<void> {
    for (let visits = 0; visits < 10; visits++) {
      const before = this.api.object.metadata.resourceVersion;
      await node.visit();
      if (this.api.object.metadata.resourceVersion === before) return;
    }
    throw new Error('it never comes to an end');
  }
}
