import { Informer } from '../../../src/runtime/informer';
import { FakeClock } from '../../lib/fake-clock';
import { FakeListerWatcher } from '../../lib/fake-lister-watcher';
import { recordingLogger } from '../../lib/recording-logger';
import type { Setup } from './informer-setup';
import { cached, contents, startInformer } from './informer-setup';

test('the first list fills the cache and announces every object', async () => {
  const { clock, informer, announced } = startInformer((server) => {
    server.put('ns/a', '1');
    server.put('ns/b', '2');
  });
  expect(informer.hasSynced()).toBe(false);
  await clock.advance(1);
  await informer.waitForSync();
  expect(informer.hasSynced()).toBe(true);
  expect([informer.get('ns/a'), informer.list(), announced]).toEqual(['1', ['1', '2'], ['ns/a', 'ns/b']]);
});

test('changes and deletions arrive as they happen, as keys', async () => {
  const { clock, server, informer, announced } = startInformer();
  await clock.advance(1);
  server.put('a', '1');
  await clock.advance(1);
  server.put('a', '2');
  await clock.advance(1);
  expect(informer.get('a')).toBe('2');
  server.remove('a');
  await clock.advance(1);
  expect([informer.get('a'), informer.list()]).toEqual([undefined, []]);
  expect(announced).toEqual(['a', 'a', 'a']);
});

test('a watch that the server ends after its time is continued at once, without a list', async () => {
  const { clock, server, log } = startInformer();
  await clock.advance(95_000);
  expect([server.lists, server.watches, server.openWatches]).toEqual([1, 4, 1]);
  expect(log.lines).toEqual([]);
});

test('what happens while the connection is broken is not missed, and needs no list', async () => {
  const { clock, server, informer, announced } = startInformer((fresh) => {
    fresh.put('gone', '1');
    fresh.put('same', '1');
  });
  await clock.advance(5_000);
  server.put('told', '1');
  await clock.advance(5_000);
  announced.length = 0;
  server.outage = new Error('ECONNREFUSED');
  server.cut();
  server.put('new', '1');
  server.remove('gone');
  await clock.advance(60_000);
  server.outage = undefined;
  await clock.advance(10_000);
  expect(cached(informer, ['gone', 'same', 'told', 'new'])).toEqual(contents(server));
  // What was told before the break is not told again.
  expect([announced, server.lists]).toEqual([['new', 'gone'], 1]);
});

test('attempts during an outage wait 0.2 s at first, then longer, at most 10 s', async () => {
  const { clock, server } = startInformer((fresh) => {
    fresh.outage = new Error('ECONNREFUSED');
  });
  await clock.advance(700);
  // After 0, 0.2 and 0.6 s.
  expect(server.lists).toBe(3);
  await clock.advance(60_000);
  const before = server.lists;
  await clock.advance(100_000);
  expect(server.lists - before).toBe(10);
});

test('an expired version leads to a new list, whose difference is announced, deletions too', async () => {
  const { clock, server, informer, announced } = startInformer((fresh) => {
    fresh.put('gone', '1');
    fresh.put('same', '1');
    fresh.put('changed', '1');
  });
  await clock.advance(10_000);
  announced.length = 0;
  server.outage = new Error('ECONNREFUSED');
  server.cut();
  server.remove('gone');
  server.put('changed', '2');
  server.put('new', '1');
  server.compact();
  server.outage = undefined;
  await clock.advance(10_000);
  expect([server.lists, new Set(announced)]).toEqual([2, new Set(['gone', 'changed', 'new'])]);
  expect(cached(informer, ['gone', 'same', 'changed', 'new'])).toEqual(contents(server));
});

test('a version that expires while the watch is open leads to a new list', async () => {
  const { clock, server, informer } = startInformer();
  await clock.advance(10_000);
  server.put('a', '1');
  server.compact();
  await clock.advance(1_000);
  server.put('b', '1');
  await clock.advance(1);
  expect([server.lists, informer.list()]).toEqual([2, ['1', '1']]);
});

test('a half-open watch is given up when it was silent for longer than it should last', async () => {
  const { clock, server, informer, log } = startInformer();
  await clock.advance(10_000);
  server.swallow();
  server.put('a', '1');
  await clock.advance(24_000);
  expect(informer.get('a')).toBeUndefined();
  await clock.advance(2_000);
  expect([informer.get('a'), server.openWatches]).toEqual(['1', 1]);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { error: { reason: 'WatchSilent' } } }]);
});

test('a connection on which nothing ever comes is given up too', async () => {
  const { clock, server, informer } = startInformer((fresh) => {
    fresh.swallowsEverything = true;
  });
  await clock.advance(1_000);
  server.put('a', '1');
  server.swallowsEverything = false;
  await clock.advance(36_000);
  expect(informer.get('a')).toBe('1');
});

test('after a bookmark a watch continues behind the compaction of what came before', async () => {
  const { clock, server } = startInformer();
  await clock.advance(1);
  server.changeElsewhere();
  server.bookmark();
  await clock.advance(1_000);
  server.outage = new Error('ECONNRESET');
  server.cut();
  server.compact();
  server.outage = undefined;
  await clock.advance(1_000);
  expect([server.lists, server.openWatches]).toEqual([1, 1]);
});

test('bookmarks show that a watch is alive that lasts longer than the watchdog waits', async () => {
  const clock = new FakeClock();
  const server = new FakeListerWatcher(clock);
  const log = recordingLogger();
  const times = { watchTimeoutMs: 300_000, inactivityMs: 90_000 };
  const informer = new Informer({ name: 'things', source: server, clock, log, ...times });
  const stop = new AbortController();
  const stopped = informer.start(stop.signal);
  for (let i = 0; i < 4; i++) {
    await clock.advance(60_000);
    server.bookmark();
  }
  expect([server.watches, log.lines]).toEqual([1, []]);
  stop.abort();
  await stopped;
});

test('a server that ends every watch cleanly at once is not asked in a hot loop, and nothing is missed', async () => {
  const { clock, server, informer } = startInformer((fresh) => {
    fresh.endsWatchesAtOnce = true;
  });
  await clock.advance(60_000);
  expect(server.watches).toBeLessThan(15);
  server.put('a', '1');
  await clock.advance(10_000);
  expect(informer.get('a')).toBe('1');
});

test('a handler that throws is logged, and the others still learn of the change', async () => {
  const { clock, server, informer, log } = startInformer();
  const heard: string[] = [];
  informer.onChange(() => {
    throw new Error('handler bug');
  });
  informer.onChange((key) => heard.push(key));
  await clock.advance(1);
  server.put('a', '1');
  server.put('b', '1');
  await clock.advance(1);
  expect(heard).toEqual(['a', 'b']);
  expect(log.lines.map(({ level, fields }) => [level, fields['key']])).toEqual([
    ['error', 'a'],
    ['error', 'b'],
  ]);
});

test('an object that cannot be read hides no other, and is not taken for deleted', async () => {
  const { clock, server, informer, log } = startInformer((fresh) => {
    fresh.put('turned', 'readable');
    fresh.putUnreadable('never');
    fresh.put('fine', '1');
  });
  await clock.advance(1);
  server.putUnreadable('turned');
  await clock.advance(1);
  expect([informer.get('never'), informer.get('turned'), informer.get('fine')]).toEqual([undefined, 'readable', '1']);
  expect(log.lines.map(({ fields }) => fields['key'])).toEqual(['never', 'turned']);
  server.remove('turned');
  await clock.advance(1);
  expect(informer.get('turned')).toBeUndefined();
});

test('a resync announces every key again', async () => {
  const { clock, announced } = startInformer((server) => {
    server.put('a', '1');
    server.put('b', '1');
  });
  await clock.advance(1);
  announced.length = 0;
  await clock.advance(3_600_000);
  expect(announced).toEqual(['a', 'b']);
});

test('an old list is made anew, and finds what no event told', async () => {
  const { clock, server, informer, announced } = startInformer((fresh) => {
    fresh.put('lost', '1');
  });
  await clock.advance(1_000);
  server.objects.delete('lost');
  announced.length = 0;
  await clock.advance(3_500_000);
  expect(informer.get('lost')).toBe('1');
  await clock.advance(3_800_000);
  expect([server.lists, informer.get('lost')]).toEqual([2, undefined]);
});

test.each<[string, (setup: Setup) => Promise<void>]>([
  ['before the first list came', () => Promise.resolve()],
  ['during a quiet watch', ({ clock }) => clock.advance(10_000)],
  [
    'during a half-open watch',
    async ({ clock, server }) => {
      await clock.advance(10);
      server.swallow();
    },
  ],
  [
    'while waiting to try again',
    async ({ clock, server }) => {
      server.outage = new Error('ECONNREFUSED');
      server.cut();
      await clock.advance(5_000);
    },
  ],
])('a stop %s leaves no watch and no timer', async (_name, reach) => {
  const setup = startInformer();
  await reach(setup);
  setup.stop.abort();
  await setup.stopped;
  expect([setup.server.openWatches, setup.clock.pendingSleeps]).toEqual([0, 0]);
});
