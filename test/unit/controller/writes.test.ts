import { decideSource } from '../../../src/protocol/source';
import { decideTarget } from '../../../src/protocol/target';
import { gateBefore, roughly } from '../../../src/protocol/controller/line';
import { sourceAfter, sourceView, targetAfter, targetView } from '../../bench-scale/actors';
import { targeted } from '../../lib/candidate';
import { migration } from '../../lib/migration';
import { setup } from './setup';

/** What an agent takes for a step: short, so that what is waited for changes often. */
const STEP_MS = 200;

/** A line of so many before it at each gate, of whom one ends whenever it asks. */
function line(length: number): NonNullable<Parameters<typeof setup>[3]> {
  const left = { Admission: length, Freeze: Math.min(length, 6) };
  return {
    placeOf: (object) => {
      const gate = gateBefore(object);
      if (gate === undefined || left[gate] === 0) return undefined;
      const ahead = roughly(--left[gate]);
      return { gate, ahead, nodes: ['node-a', 'node-b'], limit: 1 };
    },
    decided: () => undefined,
    written: () => undefined,
  };
}

test.each([
  ['that never waits', 0],
  ['that waits behind five', 5],
  ['that waits behind two thousand', 2_000],
])('a migration %s takes few writes to the API server, Events included: %#', async (_title, length) => {
  const { store, visit, clock, events } = setup(migration(), {}, {}, line(length));
  const writes = (): number => Number(store.object.metadata.resourceVersion) - 1;
  const report = (part: object): void => {
    const { object } = store;
    const resourceVersion = String(writes() + 2);
    store.object = {
      ...object,
      metadata: { ...object.metadata, resourceVersion },
      status: { ...object.status, ...part },
    };
    store.wrote();
  };
  const isMoving = (): boolean => store.object.status.phase !== 'Succeeded' && clock.monotonic() < 2_000_000;
  for (let written = -1; written !== writes() || isMoving();) {
    written = writes();
    await visit();
    await visit();
    await clock.advance(STEP_MS);
    const seen = { nowMs: clock.now() };
    const at = new Date(seen.nowMs).toISOString();
    const before = targeted(store.object);
    const source = sourceAfter(decideSource(before, { ...seen, view: sourceView(before) }).do, before, at);
    if (source !== undefined) report({ source });
    await visit();
    await clock.advance(STEP_MS);
    const after = targeted(store.object);
    const target = targetAfter(decideTarget(after, { ...seen, view: targetView() }).do, after, at);
    if (target !== undefined) report({ target });
    await visit();
  }
  expect(store.object.status.phase).toBe('Succeeded');
  const { startedAt = '', finishedAt = '' } = store.object.status;
  // One more for each 3 s that it lasts, as in the e2e test of the trace: a line of thousands lasts minutes.
  const lastedMs = Math.min(Date.parse(finishedAt) - Date.parse(startedAt), 30_000);
  expect(writes() + events.length).toBeLessThanOrEqual(20 + Math.floor(lastedMs / 3_000));
  expect(store.object.status.queue?.until === undefined).toBe(length === 0);
});
