import { Informer } from '../../../src/runtime/informer';
import { FakeClock } from '../../lib/fake-clock';
import { FakeListerWatcher } from '../../lib/fake-lister-watcher';
import { recordingLogger } from '../../lib/recording-logger';

/** An informer that runs against a fake server, and what the test needs of it. */
export interface Setup {
  clock: FakeClock;
  server: FakeListerWatcher;
  informer: Informer<string>;
  log: ReturnType<typeof recordingLogger>;
  /** The keys that were announced, in order; the test may empty it. */
  announced: string[];
  stop: AbortController;
  stopped: Promise<void>;
}

/** Watches of 30 s, a watchdog of 35 s, a resync every hour, a relist every two. */
export function startInformer(prepare: (server: FakeListerWatcher) => void = () => undefined): Setup {
  const clock = new FakeClock();
  const server = new FakeListerWatcher(clock);
  prepare(server);
  const log = recordingLogger();
  const intervals = { resyncMs: 3_600_000, relistMs: 7_200_000 };
  const informer = new Informer({ name: 'things', source: server, clock, log, random: () => 1, ...intervals });
  const announced: string[] = [];
  informer.onChange((key) => announced.push(key));
  const stop = new AbortController();
  return { clock, server, informer, log, announced, stop, stopped: informer.start(stop.signal) };
}

/** What the cache should hold: the readable objects of the server. */
export function contents(server: FakeListerWatcher): Map<string, string> {
  return new Map([...server.objects.values()].flatMap(({ key, parsed }) => (parsed.ok ? [[key, parsed.value]] : [])));
}

export function cached(informer: Informer<string>, keys: Iterable<string>): Map<string, string> {
  return new Map([...keys].flatMap((key) => [[key, informer.get(key)] as const]).filter(isPresent));
}

function isPresent(entry: readonly [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}
