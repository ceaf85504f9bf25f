import { checkpoint, decision, migration, source, target } from '../../lib/migration';
import { setup } from './setup';

describe('a look at the nodes', () => {
  const claimed = migration({
    phase: 'Restoring',
    decision: decision('Freeze'),
    source: source('Published', { checkpoint }),
    target: target('Claimed'),
  });
  const fenced = { 'node-b': { outOfService: true } };

  test('is not needed for what has ended', async () => {
    const { visit, looks } = setup(
      migration({ phase: 'Succeeded', decision: decision('Freeze'), observedGeneration: 1 }),
    );
    expect(await visit()).toEqual({});
    expect(looks).toEqual([]);
  });

  test('may be some seconds old when they were well', async () => {
    const { visit, looks } = setup(migration());
    await visit();
    expect(looks).toEqual(['recent node-a', 'recent node-b']);
  });

  test('may be some seconds old for a wait', async () => {
    const { visit, looks } = setup(claimed, { 'node-b': { agentAlive: false } });
    await visit();
    expect(looks).toEqual(['recent node-a', 'recent node-b']);
  });

  test('is repeated before anything is done because a node is not well', async () => {
    const { visit, looks, store } = setup(claimed, fenced);
    await visit();
    expect(looks).toEqual(['recent node-a', 'recent node-b', 'now node-a', 'now node-b']);
    expect(store.object.status.decision?.revoked?.fenced).toBe('node-b');
  });

  test('that finds the taint gone takes no claim away', async () => {
    const { visit, store } = setup(claimed, {}, fenced);
    await visit();
    expect(store.object.status.decision?.revoked).toBeUndefined();
    expect(store.object.status.phase).toBe('Restoring');
  });
});
