import type { ContainerMigration } from '../../../src/api/types';
import type { Behaviour } from './behaviour';

export type ActorName = 'controller' | 'rival' | 'source' | 'target';
export type Role = 'source' | 'target';

/** A container as Docker and the kernel have it. `running` is a thawed process; it counts on while it runs. */
export interface SimContainer {
  readonly id: string;
  /** UID of the migration that made it; undefined for the original. */
  readonly madeBy: string | undefined;
  state: 'created' | 'running' | 'paused' | 'dead';
  policy: 'no' | 'always';
  /** Which start from nothing its memory descends from; 0 for a container that never had any. */
  life: number;
  /** How far it has counted in that life. */
  value: number;
  /** It died with its daemon or its node, as any container may. */
  killedByNode: boolean;
}

/** The marker of docs/wrapper.md; the wrapper may be at work on it without any agent. */
export interface SimMarker {
  readonly containerID: string;
  readonly uid: string;
  state: 'armed' | 'restoring' | 'restored' | 'resumed' | 'failed';
  /** Docker has called the wrapper, which goes on by itself. */
  busy: boolean;
  /** Of a restore that ran on before its memory was there: where that is. */
  memory: 'arriving' | 'complete' | 'lost' | undefined;
}

export interface SimJournal {
  readonly uid: string;
  stage: 'reserved' | 'frozen' | 'dumped' | 'woken';
}

export interface SimNode {
  readonly name: string;
  readonly role: Role;
  readonly liveRestore: boolean;
  powered: boolean;
  partitioned: boolean;
  /** `node.kubernetes.io/out-of-service`: only set while it is really off. */
  tainted: boolean;
  daemonUp: boolean;
  /** What the Lease seems to say; undefined: the truth. */
  leaseSeems: boolean | undefined;
  containers: SimContainer[];
  markers: SimMarker[];
  journal: SimJournal | undefined;
  /** ID of the container that a CRIU dumps whose agent may be dead. */
  dumping: string | undefined;
  /** It was put out of service once: what was left on it is its owner's to look at. */
  wasFenced: boolean;
}

/** The directory of one migration on the shared volume. */
export interface SimDirectory {
  description: boolean;
  images: 'none' | 'partial' | 'complete';
  saved: boolean;
  /** Digest in the manifest; undefined without one. */
  manifest: string | undefined;
  life: number;
  value: number;
}

export type Visit = Generator<undefined, void, undefined>;

export interface Fault {
  /** How many operations that may fail succeed before. */
  after: number;
  /** `stuck`: fails of something that may pass, and what is said of it arrives late. */
  readonly kind: 'passing' | 'stuck' | 'lasting' | 'answerLost' | 'late';
}

export interface Actor {
  readonly name: ActorName;
  /** Undefined: it runs somewhere else than on the two nodes. */
  readonly node: SimNode | undefined;
  readonly skewMs: number;
  /** Which version of the object it was told of last. */
  cached: number;
  visit: Visit | undefined;
  /** How many versions of the object there were when the visit began. */
  begun: number;
  fault: Fault | undefined;
}

/** What really happened, which no actor can see: the invariants are judged by it. */
export interface Truth {
  lives: number;
  /** By life: how far any copy has counted. */
  readonly frontier: number[];
  /** Lives of which a copy died with its node's power, so that nobody can know how far it had counted. */
  readonly unknowable: boolean[];
  /** UID of the object that was admitted first. */
  readonly uid: string;
  ended: boolean;
  /** How many versions of the object there were when it ended. */
  endedAt: number;
  made: number;
  /** Restart policy that the owner gave the original. */
  readonly policy: 'no' | 'always';
  /** A copy has run on from the checkpoint. */
  resumed: boolean;
  /** The owner has removed the original meanwhile. */
  removedByOwner: boolean;
  /** Names of branches that were taken, when somebody counts them. */
  readonly branches: Set<string> | undefined;
}

export interface World {
  nowMs: number;
  readonly behaviour: Behaviour;
  readonly nodes: Readonly<Record<Role, SimNode>>;
  readonly volume: { up: boolean; full: boolean; readonly directories: Map<string, SimDirectory> };
  readonly api: { up: boolean; version: number; readonly history: (ContainerMigration | undefined)[] };
  readonly actors: Readonly<Record<ActorName, Actor>>;
  readonly truth: Truth;
  /** Requests of which nobody knows whether they will arrive: their senders gave up, or are dead. */
  onTheWay: (() => void)[];
  backup: ContainerMigration | undefined;
  /** What happened, for people; kept only when a counterexample is told. */
  readonly trace: string[] | undefined;
}

export const ORIGINAL = 'original';

/** What the world is made of before anything happens, from one small number each, so that it shrinks. */
export interface Setting {
  readonly policyAlways: boolean;
  readonly liveRestoreSource: boolean;
  readonly liveRestoreTarget: boolean;
  readonly keep: boolean;
  readonly retain: 0 | 1 | 2;
  readonly backoffLimit: number;
  readonly impatient: boolean;
  /** `spec.mode: Preflight`. */
  readonly preflightOnly: boolean;
  /** `spec.memory: Lazy`. */
  readonly lazy: boolean;
  /** Clock skew of source and target, minutes. */
  readonly skewMinutes: readonly [number, number];
}

const START_MS = Date.UTC(2026, 0, 1);

function makeNode(role: Role, liveRestore: boolean, containers: SimContainer[]): SimNode {
  return {
    name: role === 'source' ? 'node-a' : 'node-b',
    role,
    liveRestore,
    powered: true,
    partitioned: false,
    tainted: false,
    daemonUp: true,
    leaseSeems: undefined,
    containers,
    markers: [],
    journal: undefined,
    dumping: undefined,
    wasFenced: false,
  };
}

function makeActor(name: ActorName, node: SimNode | undefined, skewMs: number): Actor {
  return { name, node, skewMs, cached: 0, visit: undefined, begun: 0, fault: undefined };
}

/** A world in which a migration was just created. */
export function createWorld(
  setting: Setting,
  behaviour: Behaviour,
  watch: { trace?: string[] | undefined; branches?: Set<string> | undefined } = {},
): World {
  const policy = setting.policyAlways ? 'always' : 'no';
  const original: SimContainer = {
    id: ORIGINAL,
    madeBy: undefined,
    state: 'running',
    policy,
    life: 1,
    value: 1,
    killedByNode: false,
  };
  const source = makeNode('source', setting.liveRestoreSource, [original]);
  const target = makeNode('target', setting.liveRestoreTarget, []);
  const uid = 'uid-1';
  return {
    nowMs: START_MS,
    behaviour,
    nodes: { source, target },
    volume: { up: true, full: false, directories: new Map() },
    api: { up: true, version: 1, history: [firstVersion(setting, uid)] },
    actors: {
      controller: makeActor('controller', undefined, 0),
      rival: makeActor('rival', undefined, 2000),
      source: makeActor('source', source, setting.skewMinutes[0] * 60_000),
      target: makeActor('target', target, setting.skewMinutes[1] * 60_000),
    },
    truth: {
      lives: 1,
      frontier: [0, 1],
      unknowable: [],
      uid,
      ended: false,
      endedAt: 0,
      made: 0,
      policy,
      resumed: false,
      removedByOwner: false,
      branches: watch.branches,
    },
    onTheWay: [],
    backup: undefined,
    trace: watch.trace,
  };
}

/** Specs are shared between runs: their digests are remembered by identity (memoized-digest.ts). */
const specs = new Map<string, ContainerMigration['spec']>();

function specOf({ keep, retain, backoffLimit, impatient, preflightOnly, lazy }: Setting): ContainerMigration['spec'] {
  const key = `${String(keep)} ${retain} ${backoffLimit} ${String(impatient)} ${String(preflightOnly)} ${String(lazy)}`;
  const known = specs.get(key);
  if (known !== undefined) return known;
  const spec: ContainerMigration['spec'] = {
    source: { nodeName: 'node-a', container: 'counter' },
    target: { nodeName: 'node-b' },
    afterSuccess: keep ? 'Keep' : 'Remove',
    retainCheckpoint: retain === 0 ? 'Never' : retain === 1 ? 'OnFailure' : 'Always',
    activeDeadlineSeconds: impatient ? 50 : 300,
    backoffLimit,
    connections: 'Refuse',
    driver: 'Auto',
    volumes: 'Copy',
    volumeOverrides: [],
    image: 'Transfer',
    logs: 'Carry',
    memory: lazy ? 'Lazy' : 'Eager',
    cancel: false,
    mode: preflightOnly ? 'Preflight' : 'Migrate',
  };
  specs.set(key, spec);
  return spec;
}

function firstVersion(setting: Setting, uid: string): ContainerMigration {
  return {
    apiVersion: 'transship.dev/v1alpha1',
    kind: 'ContainerMigration',
    metadata: {
      name: 'm',
      namespace: 'default',
      uid,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: new Date(START_MS).toISOString(),
    },
    spec: specOf(setting),
    status: {},
  };
}
