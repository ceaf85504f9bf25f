import fc from 'fast-check';
import { cached, contents, startInformer } from './informer-setup';

test('whatever happens in whatever order, the cache ends up as the server is', async () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const event = fc.oneof(
    fc.record({ what: fc.constant('put' as const), key, value: fc.constantFrom('1', '2', '3') }),
    fc.record({ what: fc.constant('remove' as const), key }),
    fc.record({
      what: fc.constantFrom('cut', 'swallow', 'compact', 'bookmark', 'outage', 'swallowAll', 'endAtOnce', 'heal'),
    }),
  );
  const steps = fc.array(fc.tuple(event, fc.integer({ min: 0, max: 20_000 })), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const setup = startInformer();
      const { clock, server, informer } = setup;
      const heal = (): void => {
        server.outage = undefined;
        server.swallowsEverything = false;
        server.endsWatchesAtOnce = false;
      };
      const act: Record<string, () => void> = {
        cut: () => {
          server.cut();
        },
        swallow: () => {
          server.swallow();
        },
        compact: () => {
          server.compact();
        },
        bookmark: () => {
          server.bookmark();
        },
        outage: () => {
          server.outage = new Error('ECONNREFUSED');
          server.cut();
        },
        swallowAll: () => {
          server.swallowsEverything = true;
          server.swallow();
        },
        endAtOnce: () => {
          server.endsWatchesAtOnce = true;
        },
        heal,
      };
      for (const [happening, thenMs] of history) {
        if (happening.what === 'put') server.put(happening.key, happening.value);
        else if (happening.what === 'remove') server.remove(happening.key);
        else act[happening.what]?.();
        await clock.advance(thenMs);
      }
      heal();
      await clock.advance(60_000);
      expect(cached(informer, ['a', 'b', 'c', 'd'])).toEqual(contents(server));
      expect([server.openWatches, informer.list().length]).toEqual([1, server.objects.size]);
      setup.stop.abort();
      await setup.stopped;
      expect([server.openWatches, clock.pendingSleeps]).toEqual([0, 0]);
    }),
    { numRuns: 100 },
  );
}, 60_000);
