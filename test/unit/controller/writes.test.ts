import { decideSource } from '../../../src/protocol/source';
import { decideTarget } from '../../../src/protocol/target';
import { sourceAfter, sourceView, targetAfter, targetView } from '../../bench-scale/actors';
import { migration } from '../../lib/migration';
import { setup } from './setup';

/** What an agent takes for a step: short, so that what is waited for changes often. */
const STEP_MS = 200;

test('a migration takes at most 20 writes to the API server, Events included', async () => {
  const { store, visit, clock, events } = setup(migration());
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
  for (let before = -1; before !== writes();) {
    before = writes();
    await visit();
    await visit();
    await clock.advance(STEP_MS);
    const seen = { nowMs: clock.now() };
    const at = new Date(seen.nowMs).toISOString();
    const source = sourceAfter(
      decideSource(store.object, { ...seen, view: sourceView(store.object) }).do,
      store.object,
      at,
    );
    if (source !== undefined) report({ source });
    await visit();
    await clock.advance(STEP_MS);
    const target = targetAfter(decideTarget(store.object, { ...seen, view: targetView() }).do, store.object, at);
    if (target !== undefined) report({ target });
    await visit();
  }
  expect(store.object.status.phase).toBe('Succeeded');
  expect(writes() + events.length).toBeLessThanOrEqual(20);
});
