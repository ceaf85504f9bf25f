import type { ContainerMigration, MigrationRequest } from '../api/types';
import { keyOf } from '../api/types';
import type { Gate, Limits, Line, Place } from '../protocol/controller/line';
import { gateBefore, holdsPlace, lineUp, standsInLine } from '../protocol/controller/line';
import type { ControllerStep } from '../protocol/controller/step';
import type { Clock } from '../runtime/clock';

/** A line that is so old is drawn up anew, whatever is asked: thousands that wait may ask at the same time. */
const FRESH_MS = 1_000;

const GATES: readonly Gate[] = ['Admission', 'Freeze'];

interface Grant {
  /** Whether the API server may have it. */
  readonly isWritten: boolean;
}

function isGrantOf(gate: Gate, step: ControllerStep): boolean {
  return gate === 'Admission' ? step.do === 'Admit' : step.do === 'Advance' && step.to === 'Freeze';
}

export interface LineOptions {
  /** All objects that have a target, as the watch last told them. */
  readonly list: () => Iterable<ContainerMigration>;
  readonly limits: Limits;
  readonly clock: Clock;
}

/**
 * Who may pass a gate now, in one term of a controller. It follows from the objects; what is remembered besides is who was
 * let through since: the watch tells of that later, and two workers must not give one place away twice.
 */
export class TurnKeeper {
  readonly #options: LineOptions;
  /** By UID, those that were let through, as far as their objects do not tell of it. */
  readonly #granted: Record<Gate, Map<string, Grant>> = { Admission: new Map(), Freeze: new Map() };
  readonly #lines = new Map<Gate, Line & { readonly atMs: number }>();
  /** Keys of those that hold a place, by gate. */
  readonly #holders: Record<Gate, Set<string>> = { Admission: new Set(), Freeze: new Set() };

  constructor(options: LineOptions) {
    this.#options = options;
    for (const migration of options.list()) this.#note(keyOf(migration), migration);
  }

  /** Why the gate that the migration stands before is not open to it; undefined when it is, or it stands before none. */
  placeOf(migration: ContainerMigration): Place | undefined {
    const { uid } = migration.metadata;
    const gate = gateBefore(migration);
    if (gate === undefined || this.#isOpen(gate) || this.#granted[gate].has(uid)) return undefined;
    const { waits } = this.#lineAt(gate, uid);
    return waits.get(uid);
  }

  /** To be called with what was decided, before anybody else asks. */
  decided({ metadata: { uid } }: MigrationRequest, step: ControllerStep): void {
    for (const gate of GATES) {
      if (this.#isOpen(gate)) continue;
      const granted = this.#granted[gate];
      if (granted.get(uid)?.isWritten === true) continue;
      if (isGrantOf(gate, step)) granted.set(uid, { isWritten: false });
      else granted.delete(uid);
    }
  }

  /**
   * To be called with what came of it: `isRefused` when it is certain that nothing was written, as the object had changed
   * before. After any other failure it may be written all the same, and the place is kept. So it is when an earlier
   * decision of this kind was written: then it is by that that the object has changed.
   */
  written({ metadata: { uid } }: MigrationRequest, { isRefused }: { readonly isRefused: boolean }): void {
    for (const granted of GATES.map((gate) => this.#granted[gate])) {
      if (granted.get(uid)?.isWritten !== false) continue;
      if (isRefused) granted.delete(uid);
      else granted.set(uid, { isWritten: true });
    }
  }

  /**
   * To be called when an object has changed, or is gone.
   * @returns keys of those whose turn it is because of that
   */
  changed(key: string, migration: ContainerMigration | undefined): string[] {
    const freed = this.#note(key, migration);
    return GATES.flatMap((gate) => {
      if (this.#isOpen(gate) || !(freed.includes(gate) || this.#hasLeft(gate, key, migration))) return [];
      this.#lines.delete(gate);
      return [...this.#lineAt(gate).goes.values()];
    });
  }

  /** How many wait at each gate. */
  waiting(): Record<Gate, number> {
    const at = (gate: Gate): number => (this.#isOpen(gate) ? 0 : this.#lineAt(gate).waits.size);
    return { Admission: at('Admission'), Freeze: at('Freeze') };
  }

  /** Whether a place was kept for one that does not come for it. */
  #hasLeft(gate: Gate, key: string, migration: ContainerMigration | undefined): boolean {
    const line = this.#lines.get(gate);
    if (line === undefined || ![...line.goes.values()].includes(key)) return false;
    if (migration === undefined) return true;
    return !holdsPlace(migration, gate) && !(gateBefore(migration) === gate && standsInLine(migration));
  }

  /** @returns the gates behind which a place has become free */
  #note(key: string, migration: ContainerMigration | undefined): Gate[] {
    return GATES.filter((gate) => {
      if (migration !== undefined && holdsPlace(migration, gate)) {
        this.#holders[gate].add(key);
        return false;
      }
      return this.#holders[gate].delete(key);
    });
  }

  #isOpen(gate: Gate): boolean {
    return this.#options.limits[gate] === Infinity;
  }

  #lineAt(gate: Gate, asking?: string): Line {
    const { clock, list, limits } = this.#options;
    const known = this.#lines.get(gate);
    const isKnown = asking === undefined || known?.goes.has(asking) === true || known?.waits.has(asking) === true;
    const atMs = clock.monotonic();
    // All that go by an earlier line have a place by it together, whoever of them asks first.
    if (known !== undefined && isKnown && atMs - known.atMs < FRESH_MS) return known;
    const migrations = [...list()];
    this.#forget(gate, migrations);
    const now = { nowMs: clock.now(), granted: this.#granted[gate], ...(asking === undefined ? {} : { asking }) };
    const line = { ...lineUp(gate, migrations, limits, now), atMs };
    this.#lines.set(gate, line);
    return line;
  }

  /** The objects tell of these by themselves by now. */
  #forget(gate: Gate, migrations: readonly ContainerMigration[]): void {
    const untold = new Set(migrations.filter((one) => gateBefore(one) === gate).map(({ metadata }) => metadata.uid));
    for (const uid of this.#granted[gate].keys()) if (!untold.has(uid)) this.#granted[gate].delete(uid);
  }
}
