/** Which faults are injected where: chosen by a seed, with no look at the lab. */

export const ACTORS = ['controller', 'source', 'target'] as const;
export type Actor = (typeof ACTORS)[number];

/** What is done to the lab. `…-plain` is a dockerd without live-restore, which kills its containers when it comes back. */
export const FAULTS = [
  'controller',
  'source-agent',
  'target-agent',
  'criu',
  'source-dockerd',
  'target-dockerd',
  'source-dockerd-plain',
  'target-dockerd-plain',
  'source-containerd',
  'target-containerd',
  'api-server-killed',
  'api-server-stopped',
  'source-network',
  'target-network',
  'volume-full',
  'volume-read-only',
  'volume-hanging',
] as const;
/** `sabotage` is no fault but a crime, two copies on purpose: by it a run proves that it would see one. */
export type Fault = (typeof FAULTS)[number] | 'sabotage';

/** A place at which one process can be held: before or after one call of one of its steps, the n-th time. */
export interface Boundary {
  readonly actor: Actor;
  readonly boundary: string;
  /** From 1. */
  readonly occurrence: number;
}

/** One case: this fault while that process is held there. */
export interface Cell extends Boundary {
  readonly fault: Fault;
}

/** The copy runs, and the original, which nobody needs any more, is still there: here it is woken up as well. */
export const SABOTAGE: Cell = { actor: 'target', boundary: 'driver.wake.after', occurrence: 1, fault: 'sabotage' };

const OWN_KILL: Readonly<Record<Actor, Fault>> = {
  controller: 'controller',
  source: 'source-agent',
  target: 'target-agent',
};

/** `source:engine.pause.before#1×criu`, as ONLY takes it. */
export const nameOf = ({ actor, boundary, occurrence, fault }: Cell): string =>
  `${actor}:${boundary}#${occurrence}×${fault}`;

/** Reads what `nameOf` writes. Throws for anything else. */
export function parseCell(text: string): Cell {
  const [, actor, boundary, occurrence = '1', fault] =
    /^(\w+):([\w-]+\.\w+\.(?:before|after))(?:#(\d+))?[×x]([\w-]+)$/.exec(text) ?? [];
  const known = ACTORS.find((one) => one === actor);
  const kind = FAULTS.find((one) => one === fault);
  if (known === undefined || kind === undefined || boundary === undefined)
    throw new Error(`not a cell: ${text}; one is source:engine.pause.before#1×criu; faults: ${FAULTS.join(', ')}`);
  return { actor: known, boundary, occurrence: Number(occurrence), fault: kind };
}

/**
 * All cells in the order in which they are to be run until enough faults are injected. Chosen first: the death of each
 * actor at each of its own boundaries, for that is what a step boundary is about, and then the others, every kind of
 * fault as often as the next; when there is no room for that, one of every kind, and as many own deaths as there is room
 * for. The chosen are run in an order in which every kind comes early.
 * @param wanted how many faults are to be injected
 */
export function orderCells(boundaries: readonly Boundary[], wanted: number, seed: number): Cell[] {
  const random = seededRandom(seed);
  const own = shuffle(boundaries, random).map((place) => ({ ...place, fault: OWN_KILL[place.actor] }));
  const others = interleave(
    FAULTS.map((fault) =>
      shuffle(boundaries, random)
        .filter(({ actor }) => OWN_KILL[actor] !== fault)
        .map((place) => ({ ...place, fault })),
    ),
  );
  const room = Math.max(wanted - own.length, FAULTS.length);
  const [some, rest] = [others.slice(0, room), others.slice(room)];
  return wanted - own.length < FAULTS.length ? [...interleave([some, own]), ...rest] : [...mix(own, some), ...rest];
}

/** Both in their order, spread evenly over each other. */
function mix<T>(one: readonly T[], other: readonly T[]): T[] {
  const placed = [one, other].flatMap((list) =>
    list.map((item, index) => ({ item, place: (index + 0.5) / list.length })),
  );
  return placed.toSorted((left, right) => left.place - right.place).map(({ item }) => item);
}

/** One of each in turn, until all are used up. */
function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list.slice(index, index + 1))).flat();
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ item }) => item);
}

/** Numbers from 0 to below 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
