import { FileJournal } from '../../src/agent/journal';
import { holdable } from '../../src/agent/breakpoints';
import type { AgentDeps, MigrationAccess, NodeAccess } from '../../src/agent/ports';
import { createSourceReconciler } from '../../src/agent/source/reconcile';
import { FileVolumeLedger } from '../../src/agent/volumes/ledger';
import { createTargetReconciler } from '../../src/agent/target/reconcile';
import type { ContainerMigration, Status } from '../../src/api/types';
import { keyOf } from '../../src/api/types';
import type { DriverName, WakeState } from '../../src/driver/driver';
import { KubeError } from '../../src/kube/errors';
import { withBreakpoints } from '../../src/runtime/breakpoints';
import type { Result } from '../../src/runtime/controller-loop';
import type { FakeClock } from './fake-clock';
import { FakeAddresses } from './fake-addresses';
import { FakeDirectories } from './fake-directories';
import { FakeDocker } from './fake-docker';
import { FakeMounts } from './fake-mounts';
import type { FakeRegistry } from './fake-images';
import { fakeImages } from './fake-images';
import type { DriverProblems, FakeVolume } from './fake-volume';
import { fakeDriver, fakeStore } from './fake-volume';
import { NOTHING_OPEN } from './nothing-open';
import { nodeFacts } from './node-facts';
import { recordingLogger } from './recording-logger';

/** One ContainerMigration on an API server: every write makes a new version of it. */
export class FakeApi {
  object: ContainerMigration;
  #version = 1;

  constructor(object: ContainerMigration) {
    this.object = object;
  }

  /** What somebody else writes into the status. */
  set(status: Partial<Status>): ContainerMigration {
    return this.change({ status: { ...this.object.status, ...status } });
  }

  change(changes: Partial<ContainerMigration>): ContainerMigration {
    this.#version++;
    const changed = { ...this.object, ...changes };
    const metadata = { ...changed.metadata, resourceVersion: String(this.#version) };
    this.object = { ...changed, metadata };
    return this.object;
  }

  access(): MigrationAccess {
    const write = (
      { metadata: { resourceVersion } }: ContainerMigration,
      status: Partial<Status>,
    ): Promise<ContainerMigration> =>
      resourceVersion === this.object.metadata.resourceVersion
        ? Promise.resolve(this.set(status))
        : Promise.reject(new KubeError('Conflict', 'the object has been modified', { statusCode: 409 }));
    return {
      cached: () => this.object,
      list: () => [this.object],
      fresh: () => Promise.resolve(this.object),
      writeSource: (read, source) => write(read, { source }),
      writeTarget: (read, target) => write(read, { target }),
      writeProgress: () => Promise.resolve(),
    };
  }
}

/** What ends an agent in the middle of what it does: it does nothing any more. */
export class Killed extends Error {}

/**
 * A node with its Docker, its journal and its side of the volume, and one agent on it. What the agent does can be made to
 * fail, or be ended, before or after any of its calls (`engine.pause.after`); the world stays as it is then.
 */
export class FakeNode {
  readonly docker: FakeDocker;
  readonly markers = new Map<string, WakeState>();
  readonly journal: FileJournal;
  readonly mounts: FakeMounts;
  readonly directories: FakeDirectories;
  readonly ledger: FileVolumeLedger;
  readonly addresses = new FakeAddresses();
  readonly registry: FakeRegistry = new Map();
  outOfService = false;
  /** Open TCP connections of the container. */
  readonly connections: { local: string; remote: string; state: string }[] = [];
  /** What the containers hold that CRIU must be told of. */
  facts = NOTHING_OPEN;
  /** What stands against each driver here. */
  readonly problems: Partial<Record<DriverName, DriverProblems>> = {};
  readonly #name: string;
  readonly #world: { readonly api: FakeApi; readonly volume: FakeVolume; readonly clock: FakeClock };
  readonly #planned = new Map<string, (() => unknown)[]>();
  #callsLeft = Infinity;

  constructor(
    name: string,
    world: { readonly api: FakeApi; readonly volume: FakeVolume; readonly clock: FakeClock },
    runDirectory: string,
  ) {
    this.#name = name;
    this.#world = world;
    this.docker = new FakeDocker(name === 'node-a' ? 'a' : 'b');
    this.journal = new FileJournal(`${runDirectory}/${name}`);
    this.mounts = new FakeMounts(this.docker);
    this.directories = new FakeDirectories(this.mounts);
    this.ledger = new FileVolumeLedger(`${runDirectory}/${name}`);
  }

  /** The next `times` calls fail so: before they do anything, or when it is done (`engine.pause.after`). */
  fail(boundary: string, error: Error, times = 1): void {
    for (let i = 0; i < times; i++)
      this.meanwhile(boundary, () => {
        throw error;
      });
  }

  /** Happens when an agent next comes there. */
  meanwhile(boundary: string, what: () => unknown): void {
    const name = /\.(before|after)$/.test(boundary) ? boundary : `${boundary}.before`;
    this.#planned.set(name, [...(this.#planned.get(name) ?? []), what]);
  }

  /** Nothing is planned any more. */
  calm(): void {
    this.#planned.clear();
    this.#callsLeft = Infinity;
  }

  /** The agent is killed when it has passed so many boundaries from now. */
  killAfter(boundaries: number): void {
    this.#callsLeft = boundaries;
  }

  deps(): AgentDeps {
    const { api, volume, clock } = this.#world;
    const gate = async (boundary: string): Promise<void> => {
      if (this.#callsLeft-- <= 0) throw new Killed(`at ${boundary}`);
      this.#planned.get(boundary)?.shift()?.();
      return Promise.resolve();
    };
    const node = {
      name: this.#name,
      isOutOfService: () => Promise.resolve(this.outOfService),
      probeCriu: () => Promise.resolve({ ok: true }),
      probeVolume: () => Promise.resolve({ ok: true }),
      volumeID: () => Promise.resolve('volume-1'),
      measureClock: () => Promise.resolve({ offsetMicroseconds: 0, errorMicroseconds: 1 }),
      establishedConnections: () => Promise.resolve(this.connections),
      connectionsToKeep: () => Promise.resolve(this.connections),
      probeClosing: () => Promise.resolve({ ok: true }),
      nodeNetwork: () => Promise.resolve({ addresses: [...this.addresses.held], translations: [] }),
      closeConnections: () => Promise.resolve(this.connections.splice(0)),
      stoppedProcesses: () => Promise.resolve([]),
      dumpFacts: () => Promise.resolve(this.facts),
      pathExists: () => Promise.resolve(true),
      logSizeBytes: () => Promise.resolve(0),
      survey: () => Promise.resolve(nodeFacts()),
    } satisfies NodeAccess;
    const deps = {
      migrations: api.access(),
      engine: withBreakpoints('engine', this.docker, gate, {
        add: 'sync',
        get: 'sync',
        change: 'sync',
        die: 'sync',
        resume: 'sync',
      }),
      images: fakeImages(this.docker, this.registry),
      driver: fakeDriver(this.docker, volume, this.markers, clock, 'runc', this.problems.runc),
      dockerDriver: fakeDriver(this.docker, volume, this.markers, clock, 'docker', this.problems.docker),
      store: fakeStore(volume, this.docker, this.mounts),
      dockerVolumes: this.mounts.docker(),
      dockerNetworks: { named: () => Promise.resolve([]) },
      mountFiles: this.mounts.access(),
      volumeLedger: this.ledger,
      hostDirectories: this.directories.access(),
      directoryNotes: this.directories.notes(),
      moveHooks: this.addresses.hooks(),
      addressGate: this.addresses.gate(),
      node,
      journal: this.journal,
      clock,
      deadlines: { dumpMs: 1_000, wakeMs: 1_000 },
    };
    return holdable(deps, gate);
  }

  /** One visit of the agent, in the role that is this node's. */
  visit(): Promise<Result> {
    const { api } = this.#world;
    const create = this.#name === 'node-a' ? createSourceReconciler : createTargetReconciler;
    const context = { signal: new AbortController().signal, log: recordingLogger() };
    return create(this.deps())(keyOf(api.object), context);
  }
}
