import { createLook } from '../../../../src/agent/capabilities/look';
import { NodePublisher } from '../../../../src/agent/capabilities/publisher';
import type { ProbeResult } from '../../../../src/agent/ports';
import type { MigrationNodeStatus, NodeCondition } from '../../../../src/api/migration-node';
import { ReasonedError } from '../../../../src/runtime/errors';
import { FakeClock } from '../../../lib/fake-clock';
import { FakeDocker } from '../../../lib/fake-docker';
import { nodeFacts } from '../../../lib/node-facts';
import { recordingLogger } from '../../../lib/recording-logger';

const NODE = { name: 'node-a', uid: 'uid-of-node-a' };

class World {
  readonly clock = new FakeClock();
  readonly log = recordingLogger();
  readonly written: { readonly uid: string; readonly status: MigrationNodeStatus }[] = [];
  stored: readonly NodeCondition[] = [];
  criu: ProbeResult = { ok: true };
  probes = 0;
  failure: Error | undefined;
  apiAway = false;
  readonly #stop = new AbortController();
  readonly #docker = new FakeDocker();
  readonly #facts = nodeFacts();
  readonly publisher = new NodePublisher({
    look: createLook({
      node: {
        name: NODE.name,
        survey: () => (this.failure === undefined ? Promise.resolve(this.#facts) : Promise.reject(this.failure)),
        probeCriu: () => {
          this.probes += 1;
          return Promise.resolve(this.criu);
        },
        probeVolume: () => Promise.resolve({ ok: true }),
      },
      engine: {
        info: () => this.#docker.info(),
        componentVersions: () => Promise.resolve({ Engine: '28.5.2', containerd: '2.1.9' }),
      },
      checkWake: () => Promise.resolve([]),
    }),
    wrapper: () => ({ installed: true, reason: 'Registered', message: 'well' }),
    ownNode: () => Promise.resolve(NODE),
    store: {
      conditions: () => Promise.resolve(this.stored),
      write: (node, status) => {
        if (this.apiAway) return Promise.reject(new ReasonedError('ApiServerUnreachable', 'away'));
        this.written.push({ uid: node.uid, status });
        return Promise.resolve();
      },
    },
    clock: this.clock,
    log: this.log,
  });

  async during(act: () => Promise<void>): Promise<void> {
    const running = this.publisher.run(this.#stop.signal);
    await this.clock.advance(0);
    await act();
    this.#stop.abort();
    await running;
    expect(this.clock.pendingSleeps).toBe(0);
  }

  get last(): MigrationNodeStatus {
    return this.written.at(-1)?.status ?? {};
  }

  condition(type: string): NodeCondition | undefined {
    return this.last.conditions?.find((condition) => condition.type === type);
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

test('an agent tells of its node at once and every five minutes, with one real dump', () =>
  world.during(async () => {
    expect(world.written).toHaveLength(1);
    expect(world.last.versions?.containerd).toBe('2.1.9');
    const first = world.last.lastHeartbeatTime;
    await world.clock.advance(3_600_000);
    expect(world.written).toHaveLength(13);
    expect(world.last.lastHeartbeatTime).not.toBe(first);
    expect(world.condition('Ready')).toMatchObject({ status: 'True', lastTransitionTime: first });
    expect(world.probes).toBe(1);
  }));

test('what has failed is tried again, and a condition that changes has a new time', () =>
  world.during(async () => {
    world.criu = { ok: false, reason: 'CriuFailed', message: 'no' };
    world.failure = undefined;
    await world.clock.advance(300_000);
    // It had worked with these versions.
    expect(world.condition('Ready')?.status).toBe('True');
    world.failure = new ReasonedError('EngineUnreachable', 'Docker is away');
    await world.clock.advance(300_000);
    expect(world.condition('Ready')).toMatchObject({
      status: 'False',
      reason: 'EngineUnreachable',
      lastTransitionTime: '2026-01-01T00:10:00.000Z',
    });
    // What was found before stands.
    expect(world.last.summary).toBe('runc');
  }));

test('a failed dump is made again at every look', async () => {
  world.criu = { ok: false, reason: 'CriuFailed', message: 'no' };
  await world.during(async () => {
    await world.clock.advance(600_000);
    expect(world.probes).toBe(3);
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'CriuFailed' });
  });
});

test('a node that changed is told of when somebody says so', () =>
  world.during(async () => {
    world.publisher.soon();
    await world.clock.advance(0);
    expect(world.written).toHaveLength(2);
  }));

test('a restarted agent keeps the times of conditions that hold since', async () => {
  const since = '2025-12-31T00:00:00Z';
  world.stored = [{ type: 'Ready', status: 'True', reason: 'x', message: 'y', lastTransitionTime: since }];
  await world.during(async () => {
    expect(world.condition('Ready')?.lastTransitionTime).toBe(since);
    await Promise.resolve();
  });
});

test('an API server that is away is asked again soon, and nothing else happens', async () => {
  world.apiAway = true;
  await world.during(async () => {
    expect(world.log.lines).toMatchObject([{ level: 'warn' }]);
    world.apiAway = false;
    await world.clock.advance(15_000);
    expect(world.written).toHaveLength(1);
  });
});
