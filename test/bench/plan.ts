import type { Case } from './cases';

/** One move that is measured, or that warms the lab up. */
export interface Turn<W> {
  readonly one: Case;
  readonly way: W;
  /** From 1; 0 warms up. */
  readonly round: number;
}

/**
 * Every way moves every case in each round, one after the other, so that whatever else the machine does in the meantime
 * falls on all alike; each round begins with another way. A case with fewer rounds has them spread over the whole run.
 */
export function planOf<W>(cases: readonly Case[], ways: readonly W[], rounds: number, warmUps: number): Turn<W>[] {
  const turns: Turn<W>[] = [];
  for (let round = 1 - warmUps; round <= rounds; round++) {
    const rotated = ways.map((_, index) => ways[(index + Math.max(0, round)) % ways.length] as W);
    for (const one of cases) {
      if (round < 1 ? one.fewer !== undefined : !takesPart(one, round, rounds)) continue;
      turns.push(...rotated.map((way) => ({ one, way, round: Math.max(0, round) })));
    }
  }
  return turns;
}

function takesPart({ fewer }: Case, round: number, rounds: number): boolean {
  const own = Math.min(fewer ?? rounds, rounds);
  return Math.floor((round * own) / rounds) > Math.floor(((round - 1) * own) / rounds);
}
