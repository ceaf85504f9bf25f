import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileJournal } from '../../../../src/agent/journal';
import type { JournalEntry } from '../../../../src/agent/ports';
import type { SweepWorld } from '../../../../src/agent/sweep/look';
import type { Identity } from '../../../../src/agent/sweep/owners';
import { Sweep } from '../../../../src/agent/sweep/sweep';
import type { ContainerState, RestartPolicy } from '../../../../src/docker/engine';
import { createRuncLeftovers } from '../../../../src/driver/runc/leftovers';
import { ReasonedError } from '../../../../src/runtime/errors';
import { FakeAddresses } from '../../../lib/fake-addresses';
import { FakeClock } from '../../../lib/fake-clock';
import { CONTAINER_ID, UID } from '../../../lib/migration';
import { recordingLogger } from '../../../lib/recording-logger';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';
import { attempt, entry, FROZEN, POLICY, REPORTED } from './examples';

const CREATED_ID = 'a'.repeat(64);
const MOVE: Identity = { namespace: 'default', name: 'move', uid: UID };
const OFF: RestartPolicy = { name: 'no', maximumRetryCount: 0 };

interface SimContainer {
  state: ContainerState;
  policy: RestartPolicy;
  labels: Record<string, string>;
}

/** A node with a real run directory, and Docker and the volume as far as a sweep sees them. */
class Node {
  readonly containers = new Map<string, SimContainer>();
  readonly journal: FileJournal;
  readonly clock = new FakeClock(Date.now());
  readonly log = recordingLogger();
  readonly reminded: string[] = [];
  objects: () => Identity[] = () => [];
  busy: string[] = [];
  dockerIsAway = false;
  /** How often a container's network was let out. */
  opened = 0;
  attempts = [attempt().attempt];
  /** Happens between the looking and the doing. */
  meanwhile = (): Promise<void> => Promise.resolve();

  readonly #sweeper: Sweep;

  constructor(readonly runDirectory: string) {
    this.journal = new FileJournal(runDirectory);
    this.#sweeper = this.#createSweep();
  }

  /** A container that a migration has created, with the label. */
  create(state: ContainerState): void {
    this.containers.set(CREATED_ID, { state, policy: OFF, labels: { 'transship.dev/migration-uid': UID } });
  }

  /** A container that is being moved away. */
  async original(state: ContainerState, noted: JournalEntry): Promise<void> {
    this.containers.set(CONTAINER_ID, { state, policy: OFF, labels: {} });
    await this.journal.reserve(CONTAINER_ID, noted);
  }

  async marker(id: string, ...names: string[]): Promise<void> {
    const directory = join(this.runDirectory, 'restore', id);
    await mkdir(directory, { recursive: true });
    for (const name of names) await writeFile(join(directory, name), '');
  }

  async files(): Promise<string[]> {
    return (await readdir(this.runDirectory, { recursive: true, withFileTypes: true }))
      .filter((file) => file.isFile() || file.parentPath.endsWith('restore'))
      .map((file) => file.name)
      .sort();
  }

  sweep(): Promise<boolean> {
    return this.#sweeper.run();
  }

  #createSweep(): Sweep {
    return new Sweep({
      world: this.#world(),
      node: 'node-a',
      limits: { wakeMs: 180_000, scrapMs: 60_000, configMs: 180_000, attemptMs: 900_000 },
      objects: async () => {
        await this.meanwhile();
        return this.objects();
      },
      busy: () => this.busy,
      remind: (key) => this.reminded.push(key),
      clock: this.clock,
      log: this.log,
    });
  }

  #docker<T>(answer: () => T): Promise<T> {
    if (this.dockerIsAway) return Promise.reject(new ReasonedError('EngineUnreachable', 'nobody listens'));
    return Promise.resolve(answer());
  }

  #world(): SweepWorld {
    const inspect = (id: string): unknown => {
      const found = this.containers.get(id);
      return (
        found && { id, name: 'looper', runtime: 'transship', restartPolicy: found.policy, state: found.state, pid: 1 }
      );
    };
    const set = (id: string, change: Partial<SimContainer>): Promise<void> => {
      Object.assign(this.containers.get(id) ?? {}, change);
      return Promise.resolve();
    };
    return {
      clock: this.clock,
      journal: this.journal,
      files: createRuncLeftovers(this.runDirectory, this.clock),
      engine: {
        inspect: (id: string) => this.#docker(() => inspect(id)),
        list: () => this.#docker(() => [...this.containers].map(([id, { labels }]) => ({ id, names: [], labels }))),
        unpause: (id: string) => set(id, { state: 'running' }),
        setRestartPolicy: (id: string, policy: RestartPolicy) => set(id, { policy }),
        remove: (id: string) => Promise.resolve(void this.containers.delete(id)),
      },
      volumeLedger: { list: () => Promise.resolve([]) },
      directoryNotes: { list: () => Promise.resolve([]) },
      dockerDriver: { createOptions: () => ({ runtime: 'runc', annotations: { is: 'another' } }) },
      moveHooks: new FakeAddresses().hooks(),
      driver: {
        name: 'runc',
        createOptions: () => ({ runtime: 'transship', annotations: {} }),
        abandonDump: () => Promise.resolve(),
        letRun: () => Promise.resolve(),
        openNetwork: () => {
          this.opened++;
          return Promise.resolve();
        },
        disarm: () => Promise.resolve(),
        forget: (id: string) => createRuncLeftovers(this.runDirectory, this.clock).removeMarker(id),
      },
      shelf: {
        root: '/nowhere',
        find: () => Promise.resolve(this.attempts),
        sizeBytes: () => Promise.resolve(1_000),
        remove: (gone: { name: string }) => {
          this.attempts = this.attempts.filter(({ name }) => name !== gone.name);
          return Promise.resolve();
        },
      },
    } as unknown as SweepWorld;
  }
}

let node: Node;
const directory = useTemporaryDirectory();
beforeEach(() => {
  node = new Node(directory());
});

/** Everything that a migration can leave, on one node. */
async function leaveEverything(): Promise<void> {
  await node.original('paused', FROZEN);
  node.create('created');
  await node.marker(CREATED_ID);
  await node.marker('b'.repeat(64), 'armed');
  await node.marker(`${'b'.repeat(64)}.removed`, 'armed');
  await mkdir(join(directory(), 'criu'));
  const old = new Date(node.clock.now() - 3_600_000);
  for (const path of [`criu/${UID}.conf`, `source/${CONTAINER_ID}.json.new`]) {
    await writeFile(join(directory(), path), '');
    await utimes(join(directory(), path), old, old);
  }
  await utimes(join(directory(), 'restore', `${'b'.repeat(64)}.removed`), old, old);
}

test('whatever an object that is gone has left is settled, and each deed is logged', async () => {
  await leaveEverything();
  await expect(node.sweep()).resolves.toBe(true);
  expect([...node.containers]).toEqual([[CONTAINER_ID, { state: 'running', policy: POLICY, labels: {} }]]);
  expect(await node.files()).toEqual([]);
  expect(node.attempts).toEqual([]);
  const settled = node.log.lines.filter(({ message }) => message === 'leftover settled');
  expect(settled.map(({ fields }) => (fields['find'] as { kind: string }).kind).sort()).toEqual([
    'attempt',
    'config',
    'container',
    'marker',
    'reservation',
    'scrap',
    'scrap',
  ]);
});

test('nothing is touched for an object that exists; its reconcilers are woken up', async () => {
  await node.original('paused', FROZEN);
  node.create('created');
  node.objects = () => [MOVE];
  await expect(node.sweep()).resolves.toBe(true);
  expect([...node.containers.values()].map(({ state }) => state)).toEqual(['paused', 'created']);
  expect(await node.journal.read(CONTAINER_ID)).toEqual(FROZEN);
  expect(node.attempts).toHaveLength(1);
  expect(new Set(node.reminded)).toEqual(new Set(['default/move']));
});

test('nothing is touched when the API server cannot be asked', async () => {
  await leaveEverything();
  const before = await node.files();
  node.objects = () => {
    throw new Error('connection refused');
  };
  await expect(node.sweep()).rejects.toThrow('connection refused');
  expect(await node.files()).toEqual(before);
  expect([...node.containers.values()].map(({ state }) => state)).toEqual(['paused', 'created']);
});

test('a checkpoint that was reported while the sweep looked is not taken for one that was not', async () => {
  await node.original('paused', FROZEN);
  node.meanwhile = async () => {
    await node.journal.note(CONTAINER_ID, UID, { reportedAt: '2026-01-01T00:00:00.000Z' });
  };
  await node.sweep();
  expect(node.containers.get(CONTAINER_ID)?.state).toBe('paused');
  expect(await node.journal.read(CONTAINER_ID)).toBeDefined();
});

test('what a step that goes on works on is left until it has ended', async () => {
  await node.original('paused', FROZEN);
  node.busy = [UID];
  await expect(node.sweep()).resolves.toBe(false);
  expect(node.containers.get(CONTAINER_ID)?.state).toBe('paused');
  expect(node.opened).toBe(0);
  node.busy = [];
  await expect(node.sweep()).resolves.toBe(true);
  expect(node.containers.get(CONTAINER_ID)?.state).toBe('running');
  expect(node.opened).toBe(1);
});

test('a frozen container that the target may run is left, and somebody is told once an hour', async () => {
  await node.original('paused', REPORTED);
  const told = (): number => node.log.lines.filter(({ level }) => level === 'error').length;
  await node.sweep();
  await node.sweep();
  expect(node.containers.get(CONTAINER_ID)).toMatchObject({ state: 'paused', policy: OFF });
  expect(told()).toBe(1);
  await node.clock.advance(3_600_000);
  await node.sweep();
  expect(told()).toBe(2);
});

test('a restart policy that its owner has set since is left', async () => {
  await node.original('running', FROZEN);
  const owners: RestartPolicy = { name: 'on-failure', maximumRetryCount: 3 };
  Object.assign(node.containers.get(CONTAINER_ID) ?? {}, { policy: owners });
  await node.sweep();
  expect(node.containers.get(CONTAINER_ID)?.policy).toEqual(owners);
  expect(await node.journal.read(CONTAINER_ID)).toBeUndefined();
});

test('a container that merely carries the label is not ours to remove', async () => {
  node.containers.set(CREATED_ID, { state: 'created', policy: OFF, labels: { 'transship.dev/migration-uid': '../x' } });
  await node.sweep();
  expect(node.containers.has(CREATED_ID)).toBe(true);
});

test('a Docker that is away does not keep the volume from being swept, and is asked again soon', async () => {
  await node.original('paused', FROZEN);
  node.dockerIsAway = true;
  await expect(node.sweep()).resolves.toBe(false);
  expect(node.attempts).toEqual([]);
  expect(await node.journal.read(CONTAINER_ID)).toEqual(FROZEN);
});

test('checkpoints whose migration is gone are kept, and counted', async () => {
  node.attempts = [attempt({ hasManifest: true }).attempt, attempt({ hasManifest: true, attempt: 2 }).attempt];
  await node.sweep();
  expect(node.attempts).toHaveLength(2);
  expect(node.log.lines.at(-1)).toMatchObject({ level: 'info', fields: { checkpoints: 2, bytes: 2_000 } });
});

test('an entry of the journal that cannot be read does not hide the others', async () => {
  await node.original('paused', FROZEN);
  await writeFile(join(directory(), 'source', `${'d'.repeat(64)}.json`), 'not JSON');
  await node.sweep();
  expect(node.containers.get(CONTAINER_ID)?.state).toBe('running');
});

test('a journal of before has no policy: the container is woken up all the same', async () => {
  const { migrationUID, migration, freezeStartedAt = '' } = entry('freezeStartedAt');
  await node.original('paused', { migrationUID, migration, freezeStartedAt });
  await node.sweep();
  expect(node.containers.get(CONTAINER_ID)).toMatchObject({ state: 'running', policy: OFF });
});
