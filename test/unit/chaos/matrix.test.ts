import type { Boundary } from '../../chaos/matrix';
import { ACTORS, FAULTS, nameOf, orderCells, parseCell, seededRandom } from '../../chaos/matrix';

const boundaries: Boundary[] = ACTORS.flatMap((actor) =>
  Array.from({ length: 20 }, (_, index) => ({ actor, boundary: `engine.step${index}.before`, occurrence: 1 })),
);
const OWN: readonly string[] = ['controller', 'source-agent', 'target-agent'];
const isOwnDeath = ({ actor, fault }: { actor: string; fault: string }): boolean =>
  fault === OWN[['controller', 'source', 'target'].indexOf(actor)];

describe('the choice of cells', () => {
  it('has every boundary with every fault exactly once, whatever is wanted', () => {
    for (const wanted of [1, 35, 100, Infinity]) {
      const names = orderCells(boundaries, wanted, 1).map(nameOf);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toHaveLength(boundaries.length * FAULTS.length);
    }
  });

  it('has in a whole run the death of each actor at each of its own boundaries', () => {
    const own = orderCells(boundaries, 100, 1).slice(0, 100).filter(isOwnDeath);
    expect(new Set(own.map(({ actor, boundary }) => `${actor} ${boundary}`)).size).toBe(boundaries.length);
  });

  it('fills the rest of it with every kind of fault as often as the next, early and late', () => {
    const wanted = boundaries.length + 2 * FAULTS.length;
    const rest = orderCells(boundaries, wanted, 1)
      .slice(0, wanted)
      .filter((cell) => !isOwnDeath(cell));
    for (const half of [rest.slice(0, FAULTS.length), rest.slice(FAULTS.length)])
      expect(new Set(half.map(({ fault }) => fault))).toEqual(new Set(FAULTS));
    expect(
      orderCells(boundaries, wanted, 1)
        .slice(0, wanted / 2)
        .filter(isOwnDeath).length,
    ).toBeCloseTo(boundaries.length / 2, -1);
  });

  it('leaves no kind of fault and no actor out of a small run, and gives half of it to own deaths', () => {
    const some = orderCells(boundaries, 35, 1).slice(0, 35);
    expect(new Set(some.map(({ fault }) => fault))).toEqual(new Set(FAULTS));
    expect(new Set(some.map(({ actor }) => actor))).toEqual(new Set(ACTORS));
    expect(some.filter(isOwnDeath).length).toBeGreaterThanOrEqual(17);
  });

  it('is the same for the same seed, and another one for another', () => {
    expect(orderCells(boundaries, 35, 7)).toEqual(orderCells(boundaries, 35, 7));
    expect(orderCells(boundaries, 35, 7)).not.toEqual(orderCells(boundaries, 35, 8));
  });
});

describe('the name of a cell', () => {
  it('leads back to the cell', () => {
    const cell = { actor: 'source', boundary: 'engine.pause.after', occurrence: 2, fault: 'criu' } as const;
    expect(parseCell(nameOf(cell))).toEqual(cell);
  });

  it('may leave the first time out, and be typed without a sign that no keyboard has', () => {
    const cell = { actor: 'target', boundary: 'driver.wake.before', occurrence: 1, fault: 'volume-full' };
    expect(parseCell('target:driver.wake.beforexvolume-full')).toEqual(cell);
  });

  it.each(['', 'engine.pause.before×criu', 'nobody:engine.pause.before×criu', 'source:engine.pause.before×flood'])(
    'is refused when it is %j',
    (text) => {
      expect(() => parseCell(text)).toThrow('not a cell');
    },
  );
});

describe('seeded numbers', () => {
  it('lie from 0 to below 1, spread over all of it, and repeat with the seed', () => {
    const [random, again] = [seededRandom(42), seededRandom(42)];
    const numbers = Array.from({ length: 1_000 }, random);
    expect(numbers).toEqual(Array.from({ length: 1_000 }, again));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    for (let tenth = 0; tenth < 10; tenth++)
      expect(numbers.filter((number) => Math.floor(number * 10) === tenth).length).toBeGreaterThan(50);
  });
});
